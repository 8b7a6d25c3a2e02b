"""From settings to running stores, with the layers that each needs around it."""

import hmac
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from gateway.auth.principals import User
from gateway.cache.base import Cache
from gateway.cache.entries import Entries
from gateway.cache.local import LocalCache
from gateway.cache.memcached import Memcached
from gateway.cache.safe import Safe
from gateway.config.settings import CacheSettings, Config, StoreSettings
from gateway.core.errors import StoreError
from gateway.core.store import Store
from gateway.failures import StartError
from gateway.layers.metacache import MetaCache
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.settings import CatalogSettings
from gateway.stores.memory import Memory, MemorySettings
from gateway.stores.s3 import S3Store, S3StoreSettings
from gateway.stores.swift import SwiftStore, SwiftStoreSettings


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores by name. `plain` are the stores themselves, `served` what frontends work on: with all layers."""

    plain: Mapping[str, Store]
    served: Mapping[str, Store]


@asynccontextmanager
async def opened(config: Config, users: Sequence[User], key: bytes) -> AsyncIterator[Storage]:
    """Start every store of the configuration; close them all at the end, whatever happened. Raises `StartError`.

    `key` is a secret of the installation, of which the keys of cached entries are made where no other is stated.
    """
    async with AsyncExitStack() as stack:
        plain: dict[str, Store] = {}
        served: dict[str, Store] = {}
        cache = _cache(config.cache)
        shared = _Shared(cache, _secret(config.cache, key)) if cache is not None and config.cache is not None else None
        if cache is not None:
            stack.push_async_callback(cache.aclose)
        for name, settings in config.stores.items():
            store = plain[name] = _store(name, settings, _owners(config, users, name), shared)
            if cache is not None and config.cache is not None and _is_remote(settings):
                store = MetaCache(store, Entries(cache, _secret(config.cache, key), config.cache.ttl), name)
            served[name] = store
            stack.push_async_callback(store.aclose)
            await _start(name, settings, store)
        yield Storage(plain, served)


@dataclass(frozen=True, slots=True)
class _Shared:
    """The cache that processes share, and the secret that they have in common."""

    cache: Cache
    secret: bytes = field(repr=False)

    def shelf(self, settings: SwiftStoreSettings) -> Safe:
        """Where the token of these credentials lies."""
        return Safe(self.cache, self.secret, settings.scope)


def _store(name: str, settings: StoreSettings, owners: Collection[str], shared: _Shared | None) -> Store:
    match settings:
        case CatalogSettings():
            return Catalog(settings)
        case S3StoreSettings():
            return S3Store(settings, _owner(name, settings, owners))
        case SwiftStoreSettings():
            return SwiftStore(settings, _owner(name, settings, owners), shared.shelf(settings) if shared else None)
        case MemorySettings():
            return Memory()


def _is_remote(settings: StoreSettings) -> bool:
    """Asking it takes a network: its metadata is worth keeping."""
    return not isinstance(settings, CatalogSettings | MemorySettings)


def _owners(config: Config, users: Sequence[User], store: str) -> frozenset[str]:
    """Ids of the accounts that have their buckets in a store."""
    accounts = {user.account for user in users}
    namespaces = config.namespaces
    return frozenset(
        account.id
        for account in accounts
        if account.namespace in namespaces and namespaces[account.namespace].store == store
    )


def _owner(name: str, settings: S3StoreSettings | SwiftStoreSettings, owners: Collection[str]) -> str:
    """Whose the buckets of a remote store are, which knows nothing of our accounts. Raises `StartError`."""
    if settings.owner is not None:
        return settings.owner
    if len(owners) != 1:
        raise StartError(
            f"store '{name}' serves {len(owners)} accounts; name the one that its buckets belong to "
            f"as `stores.{name}.owner`"
        )
    return next(iter(owners))


def _cache(settings: CacheSettings | None) -> Cache | None:
    if settings is None:
        return None
    return Memcached(settings.memcached) if settings.memcached else LocalCache()


def _secret(settings: CacheSettings, key: bytes) -> bytes:
    if settings.secret_file is not None:
        return settings.secret_file.get_secret_value().encode()
    return hmac.digest(key, b"cache", "sha256")


async def _start(name: str, settings: StoreSettings, store: Store) -> None:
    try:
        await store.start()
    except StoreError as error:
        where = f" in {settings.path}" if isinstance(settings, CatalogSettings) else ""
        raise StartError(f"store '{name}'{where} does not open: {error.message}") from error
