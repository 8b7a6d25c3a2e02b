"""A whole gateway to which Keystone says who its callers are, beside one who is configured."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

from gateway.config.settings import Config
from tests.passthrough.world import Answer, Gateway, gateways
from tests.support.keystone import PASSWORD

PREFIXES = {"SERVICE": {"service_roles": ["service"]}}


def config(auth_url: str, **keystone: object) -> Config:
    stated = {"auth_url": auth_url, "user": "portico", "key": PASSWORD, "namespace": "projects", **keystone}
    return Config.model_validate(
        {
            "stores": {"local": {"type": "memory"}, "main": {"type": "memory"}},
            "namespaces": {"default": {"store": "local"}, "projects": {"store": "main"}},
            "auth": {"keystone": stated, "reseller_prefixes": PREFIXES},
            "frontends": {
                "s3": {"port": 0},
                "swift": {"port": 0},
                "ftp": {"port": 0, "passive_ports": None, "login_delay": 0},
                "admin": {"port": 0, "ready_age": 0},
            },
        }
    )


@asynccontextmanager
async def serving(auth_url: str, **keystone: object) -> AsyncIterator[Gateway]:
    async with gateways(config(auth_url, **keystone)) as (gateway,):
        yield gateway


async def swift(
    gateway: Gateway,
    method: str,
    account: str,
    *path: str,
    token: str = "",
    body: bytes = b"",
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A request about an account, as paths name it."""
    origin = gateway.app.endpoints["swift"].removesuffix("/auth/v1.0")
    url = "/".join([origin, "v1", account, *map(quote, path)])
    sent = {**({"X-Auth-Token": token} if token else {}), **(headers or {})}
    return await gateway.ask(method, f"{url}?{query}" if query else url, sent, body)
