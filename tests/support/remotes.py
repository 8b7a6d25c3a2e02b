"""S3 servers that stand for a remote one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.tenancy import Tenancy
from gateway.core.store import Store
from gateway.frontends.s3.frontend import S3Frontend
from gateway.frontends.s3.settings import S3Settings
from gateway.stores.s3 import S3StoreSettings

REMOTE = User(Account("remote", "remote"), "portico", "PORTICO", "remote-secret", Role.ADMIN)


@asynccontextmanager
async def serving_s3(store: Store, **settings: object) -> AsyncIterator[str]:
    """Our own S3 frontend over `store`, on a free port; the endpoint's URL. Parts may be as small as they like."""
    chosen = S3Settings.model_validate({"port": 0, "min_part": 0, **settings})
    frontend = S3Frontend(chosen, Registry([REMOTE]), Tenancy({"default": store}), lambda _: None)
    await frontend.start()
    try:
        yield f"http://127.0.0.1:{frontend.ports['s3']}"
    finally:
        await frontend.aclose()


def pointing_at(endpoint: str, **settings: object) -> S3StoreSettings:
    """Settings of a store over such a remote."""
    credentials = {"access_key": REMOTE.access_key, "secret_key": REMOTE.secret}
    return S3StoreSettings.model_validate({"endpoint_url": endpoint, "retries": 1, **credentials, **settings})
