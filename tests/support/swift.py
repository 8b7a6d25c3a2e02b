"""Swift servers that stand for a remote one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.tempauth import TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.core.store import Store
from gateway.frontends.swift.frontend import SwiftFrontend
from gateway.frontends.swift.settings import SwiftSettings
from gateway.stores.swift import SwiftStoreSettings

REMOTE = User(Account("remote", "remote"), "portico", "PORTICO", "remote-secret", Role.ADMIN)

QUICK = {"retries": 2, "retry_base": 0.01, "read_timeout": 20, "connect_timeout": 5}


@asynccontextmanager
async def serving_swift(store: Store, **settings: object) -> AsyncIterator[str]:
    """Our own Swift frontend over `store`, on a free port; the login's URL."""
    frontend = SwiftFrontend(
        SwiftSettings.model_validate({"port": 0, **settings}),
        Registry([REMOTE]),
        Tenancy({"default": store}),
        lambda _: None,
        TokenIssuer(b"0123456789abcdef", 3600),
    )
    await frontend.start()
    try:
        yield f"http://127.0.0.1:{frontend.ports['swift']}/auth/v1.0"
    finally:
        await frontend.aclose()


def pointing_at(auth_url: str, **settings: object) -> SwiftStoreSettings:
    """Settings of a store over our own frontend."""
    credentials = {"user": f"{REMOTE.account.name}:{REMOTE.name}", "key": REMOTE.secret}
    return SwiftStoreSettings.model_validate(
        {"type": "swift", "auth_url": auth_url, **credentials, **QUICK, **settings}
    )
