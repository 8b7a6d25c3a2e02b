"""Every store and every layer that keeps the contract. A new one joins by one line in `CONTENDERS`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.cache.entries import Entries
from gateway.cache.local import LocalCache
from gateway.core.store import Accounts, Append, Batch, Multipart, Rename, Store
from gateway.layers.metacache import MetaCache
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.support.stores import Plain

CAPABILITIES: frozenset[type] = frozenset({Accounts, Append, Batch, Multipart, Rename})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """`open` gives a started store whose data, if it keeps any, lies under the path. `lacks`: capabilities."""

    open: Callable[[Path], AbstractAsyncContextManager[Store]]
    lacks: frozenset[type] = frozenset()
    durable: bool = True


@asynccontextmanager
async def started(store: Store) -> AsyncIterator[Store]:
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


def _cached(store: Store) -> Store:
    return MetaCache(store, Entries(LocalCache(), b"secret", ttl=10), "default")


CONTENDERS = {
    "catalog": Contender(open=lambda path: started(Catalog(CatalogSettings(path=path)))),
    "catalog of files": Contender(open=lambda path: started(Catalog(CatalogSettings(path=path, inline_max=0)))),
    "memory": Contender(open=lambda _: started(Memory()), durable=False),
    "metacache": Contender(open=lambda _: started(_cached(Memory())), durable=False),
    "plain": Contender(open=lambda _: started(Plain(Memory())), durable=False, lacks=CAPABILITIES),
}
