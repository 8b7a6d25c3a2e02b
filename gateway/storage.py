"""From settings to running stores, with the layers that each needs around it."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from gateway.auth.asking import check_segment, check_segments
from gateway.auth.principals import User
from gateway.cache.base import Cache
from gateway.cache.local import LocalCache
from gateway.cache.memcached import Memcached
from gateway.cache.safe import Safe
from gateway.config.encryption import Encryptable, EncryptionSettings
from gateway.config.settings import CacheSettings, Config, RemoteS3Settings, RemoteSwiftSettings, StoreSettings
from gateway.core.errors import StoreError
from gateway.core.events import Done
from gateway.core.store import Store
from gateway.failures import StartError
from gateway.layering import Layering
from gateway.layers.archived import Archived
from gateway.layers.encrypted import Encrypted, MasterKeys
from gateway.layers.guarded import Guarded
from gateway.layers.links import Linked
from gateway.layers.manifests import Gate, LargeObjects
from gateway.layers.quotas import Quotas
from gateway.passthrough import Passthrough
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.settings import CatalogSettings
from gateway.stores.directory import Directory, DirectorySettings
from gateway.stores.memory import Memory, MemorySettings
from gateway.stores.s3 import S3Store, S3StoreSettings
from gateway.stores.swift import SwiftStore, SwiftStoreSettings


@dataclass(frozen=True, slots=True)
class Storage:
    """The stores by name. `plain` are the stores themselves, `served` what frontends work on: with all layers.

    Those that only callers open are among neither; `passthrough` opens them. `shared`: what all replicas have.
    """

    plain: Mapping[str, Store]
    served: Mapping[str, Store]
    layering: Layering
    passthrough: Passthrough | None
    shared: "Shared | None" = None


@asynccontextmanager
async def opened(
    config: Config, users: Sequence[User], key: bytes, tell: Callable[[Done], None] = lambda _: None
) -> AsyncIterator[Storage]:
    """Start every store of the configuration; close them all at the end, whatever happened. Raises `StartError`.

    `key` is a secret of the installation, of which the keys of cached entries are made where no other is stated.
    `tell` learns of the operations of remote stores.
    """
    async with AsyncExitStack() as stack:
        plain: dict[str, Store] = {}
        served: dict[str, Store] = {}
        shared = None if config.cache is None else shared_by(config.cache, key)
        if shared is not None:
            stack.push_async_callback(shared.cache.aclose)
        layering = Layering(tell) if shared is None else Layering(tell, shared.cache, shared.secret, shared.ttl)
        for name, settings in config.stores.items():
            if not config.is_opened(name):
                continue
            store = plain[name] = _store(name, settings, _owners(config, users, name), shared)
            if isinstance(settings, Encryptable) and settings.encryption is not None:
                store = _encrypted(store, settings.encryption)
            if isinstance(settings, RemoteS3Settings | RemoteSwiftSettings):
                store = layering.around(store, name, settings)
            else:
                deletes = config.frontends.swift is not None and config.frontends.swift.allow_deletes
                store = Guarded(Archived(Quotas(store)), deletes=deletes)
            if store.caps.listed_props:
                store = LargeObjects(Linked(store, check_segment), Gate(check_segment, check_segments))
            served[name] = store
            stack.push_async_callback(store.aclose)
            await _start(name, settings, store.start)
        passthrough = _passthrough(config, layering, shared)
        if passthrough is not None:
            stack.push_async_callback(passthrough.aclose)
            await _start(passthrough.name, config.stores[passthrough.name], passthrough.start)
        yield Storage(plain, served, layering, passthrough, shared)


def _passthrough(config: Config, layering: Layering, shared: "Shared | None") -> Passthrough | None:
    if config.callers is None:
        return None
    namespace = config.namespaces[config.callers]
    match config.stores[namespace.store]:
        case SwiftStoreSettings() as settings:
            shelf = (lambda settings: None) if shared is None else shared.shelf
            return Passthrough(namespace, settings, layering, shelf)
        case other:
            raise StartError(f"store '{namespace.store}' is of type {other.type}, which callers can't open")


@dataclass(frozen=True, slots=True)
class Shared:
    """The cache that processes share, the secret that they have in common, and how many seconds entries live."""

    cache: Cache
    secret: bytes = field(repr=False)
    ttl: int

    def shelf(self, settings: SwiftStoreSettings) -> Safe:
        """Where the token of these credentials lies."""
        return Safe(self.cache, self.secret, settings.scope)


def shared_by(settings: CacheSettings, key: bytes) -> Shared:
    """The cache of an installation, not yet asked for anything; `key` is a secret of the installation."""
    secret = hmac.digest(key, b"cache", "sha256")
    if settings.secret_file is not None:
        secret = settings.secret_file.get_secret_value().encode()
    return Shared(Memcached(settings.memcached) if settings.memcached else LocalCache(), secret, settings.ttl)


def _store(name: str, settings: StoreSettings, owners: Collection[str], shared: Shared | None) -> Store:
    match settings:
        case CatalogSettings():
            return Catalog(settings)
        case S3StoreSettings():
            return S3Store(settings, _owner(name, settings, owners))
        case SwiftStoreSettings():
            shelf = shared.shelf(settings) if shared else None
            return SwiftStore(settings, _owner(name, settings, owners), shelf, ahead=True)
        case DirectorySettings():
            return Directory(settings, _owner(name, settings, owners))
        case MemorySettings():
            return Memory()


def _encrypted(store: Store, settings: EncryptionSettings) -> Store:
    return Encrypted(store, MasterKeys(settings.values(), settings.current), default=settings.default)


def _owners(config: Config, users: Sequence[User], store: str) -> frozenset[str]:
    """Ids of the accounts that have their buckets in a store."""
    accounts = {user.account for user in users}
    namespaces = config.namespaces
    return frozenset(
        account.id
        for account in accounts
        if account.namespace in namespaces and namespaces[account.namespace].store == store
    )


def _owner(
    name: str, settings: DirectorySettings | S3StoreSettings | SwiftStoreSettings, owners: Collection[str]
) -> str:
    """Whose the buckets are that others have made, who know nothing of our accounts. Raises `StartError`."""
    if settings.owner is not None:
        return settings.owner
    if len(owners) != 1:
        raise StartError(
            f"store '{name}' serves {len(owners)} accounts; name the one that its buckets belong to "
            f"as `stores.{name}.owner`"
        )
    return next(iter(owners))


async def _start(name: str, settings: StoreSettings, start: Callable[[], Awaitable[None]]) -> None:
    try:
        await start()
    except StoreError as error:
        where = f" in {settings.path}" if isinstance(settings, CatalogSettings | DirectorySettings) else ""
        raise StartError(f"store '{name}'{where} does not open: {error.message}") from error
