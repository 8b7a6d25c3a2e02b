"""Every store and every layer that keeps the contract. A new one joins by one line in `CONTENDERS`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cache.entries import Entries
from gateway.cache.local import LocalCache
from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.listings import Expiring
from gateway.core.capabilities.multipart import Multipart, Parted
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.versions import Locks, Standing, Versions
from gateway.core.faults import Backoff
from gateway.core.store import Store
from gateway.layers.archived import Archived
from gateway.layers.encrypted import Encrypted, MasterKeys
from gateway.layers.guarded import Guarded
from gateway.layers.layer import Layer
from gateway.layers.leased import Leased
from gateway.layers.limit import Bounds, Limit, Turns
from gateway.layers.metacache import MetaCache
from gateway.layers.observe import Observe
from gateway.layers.pool import StorePool
from gateway.layers.quotas import Quotas
from gateway.layers.retry import Retry
from gateway.layers.segmented import Segmented, SegmentSettings
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.directory import Directory, DirectorySettings
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from gateway.stores.swift import SwiftStore
from tests.conformance import directories, remotes
from tests.support.manifests import assembling, following
from tests.support.remotes import pointing_at, serving_s3
from tests.support.sealed import SealsHidden
from tests.support.servers import Remote
from tests.support.stores import Plain
from tests.support.swift import pointing_at as pointing_at_swift
from tests.support.swift import serving_swift

OWNER = "owner"

BACKOFF = Backoff(retries=2, base=0.01, cap=0.1)
BOUNDS = Bounds(operations=4, waiting=1000, patience=60)

CAPABILITIES: frozenset[type] = frozenset(
    {Accounts, Append, Batch, Expiring, Locks, Multipart, Parted, Recount, Rename, Roster, Standing, Versions}
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a contender is opened: over a path, under which its data lies if it keeps any, or over an upstream."""

    path: Path
    upstream: Remote = field(default=Remote(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """`open` gives a started store; `upstream` is the fixture that gives the remote which it lies on.

    `lacks`: capabilities. `exempt`: tests (or `test[row]` of a table) that can't hold, each with the reason.
    `modules`: those of the suite that it is put to; without them, all.
    """

    open: Callable[[Site], AbstractAsyncContextManager[Store]]
    upstream: str = ""
    modules: frozenset[str] = frozenset()
    lacks: frozenset[type] = frozenset()
    durable: bool = True
    exempt: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def started(store: Store) -> AsyncIterator[Store]:
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


def _cached(store: Store) -> Store:
    return MetaCache(store, Entries(LocalCache(), b"secret", ttl=10), "default")


def _encrypted(store: Store) -> Store:
    return SealsHidden(Encrypted(store, MasterKeys({"new": bytes(32)}, "new"), default=True))


def segmented(store: Store) -> Segmented:
    """As remote stores are served. Hardly anything fits into memory, so that spool files take part."""
    return Segmented(store, SegmentSettings.model_validate({"segment_size": "8MiB", "segment_buffer": "1MiB"}))


class _Kept(Layer):
    """A store that outlives its closing."""

    async def aclose(self) -> None:
        pass


@asynccontextmanager
async def _leased(_: Site) -> AsyncIterator[Store]:
    """A store that is closed whenever nothing is asked of it."""
    pool = StorePool(limit=1, idle_seconds=0)

    async def opening() -> Store:
        return _Kept(memory)

    async with started(Memory()) as memory:
        yield Leased(lambda: pool.lease(b"key", opening), Memory())
        await pool.aclose()


@asynccontextmanager
async def _remote(_: Site) -> AsyncIterator[Store]:
    async with (
        started(Memory()) as memory,
        serving_s3(memory) as endpoint,
        started(segmented(S3Store(pointing_at(endpoint), OWNER))) as store,
    ):
        yield store


def _over(upstream: str, exempt: Mapping[str, str], lacks: frozenset[type] = frozenset()) -> Contender:
    """A store over an S3 that others have made, which `lacks` more than all of them."""

    def opening(site: Site) -> AbstractAsyncContextManager[Store]:
        remote = site.upstream
        keys = {"access_key": remote.access_key, "secret_key": remote.secret_key}
        return started(segmented(S3Store(pointing_at(remote.endpoint, **keys), OWNER)))

    return Contender(
        open=opening, upstream=upstream, modules=remotes.MODULES, durable=False, lacks=S3_LACKS | lacks, exempt=exempt
    )


@asynccontextmanager
async def _swift(_: Site) -> AsyncIterator[Store]:
    """Nobody else writes there, so that every condition can be held."""
    async with (
        started(Memory()) as memory,
        serving_swift(memory) as url,
        started(segmented(SwiftStore(pointing_at_swift(url, exclusive=True), OWNER))) as store,
    ):
        yield store


SWIFT_EXEMPT = {
    "test_a_store_has_the_capabilities_that_it_is_tested_for": "the upstream here has no large objects (SLO), "
    "which multipart uploads are made of: `tests/stores/swift/` puts them on a real Swift",
    "test_many_properties_of_some_size": "Swift takes 4 KB of metadata",
}


def _of_files(**settings: object) -> Contender:
    """Plain files, which can't have all names that objects can."""

    def opening(site: Site) -> AbstractAsyncContextManager[Store]:
        return started(Directory(DirectorySettings.model_validate({"path": site.path, **settings}), OWNER))

    return Contender(open=opening, lacks=directories.LACKS, exempt=directories.EXEMPT)


S3_LACKS = frozenset({Accounts, Expiring, Recount, Rename, Roster, Standing})
NO_VERSIONS = frozenset({Versions, Locks})

CONTENDERS = {
    "archived": Contender(open=lambda _: started(Archived(Memory())), durable=False),
    "catalog": Contender(open=lambda site: started(Catalog(CatalogSettings(path=site.path)))),
    "catalog of files": Contender(open=lambda site: started(Catalog(CatalogSettings(path=site.path, inline_max=0)))),
    "directory": _of_files(),
    "directory with sidecars": _of_files(bucket_depth=2, metadata="sidecar"),
    "encrypted": Contender(open=lambda _: started(_encrypted(Memory())), durable=False),
    "encrypted catalog": Contender(open=lambda site: started(_encrypted(Catalog(CatalogSettings(path=site.path))))),
    "guarded": Contender(open=lambda _: started(Guarded(Memory())), durable=False),
    "leased": Contender(open=_leased, durable=False),
    "limit": Contender(open=lambda _: started(Limit(Memory(), Turns(BOUNDS))), durable=False),
    "manifests": Contender(open=lambda _: started(assembling(Memory())), durable=False),
    "links": Contender(open=lambda _: started(following(Memory())), durable=False),
    "memory": Contender(open=lambda _: started(Memory()), durable=False),
    "metacache": Contender(open=lambda _: started(_cached(Memory())), durable=False),
    "observe": Contender(open=lambda _: started(Observe(Memory(), "memory", lambda _: None)), durable=False),
    "plain": Contender(
        open=lambda _: started(Plain(Memory())),
        durable=False,
        lacks=CAPABILITIES,
    ),
    "quotas": Contender(open=lambda _: started(Quotas(Memory())), durable=False),
    "retry": Contender(open=lambda _: started(Retry(Memory(), BACKOFF)), durable=False),
    "s3": Contender(open=_remote, durable=False, lacks=S3_LACKS, exempt=remotes.PORTICO),
    "s3 of rclone": _over("rclone", remotes.RCLONE, lacks=NO_VERSIONS),
    "s3 of moto": _over("moto", remotes.MOTO),
    "s3 of swift": _over("s3api", remotes.SWIFT, lacks=NO_VERSIONS),
    "swift": Contender(open=_swift, durable=False, lacks=CAPABILITIES - {Accounts, Batch}, exempt=SWIFT_EXEMPT),
}
