"""Every store and every layer that keeps the contract. A new one joins by one line in `CONTENDERS`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cache.entries import Entries
from gateway.cache.local import LocalCache
from gateway.core.faults import Backoff
from gateway.core.store import Accounts, Append, Batch, Multipart, Rename, Store, Versions
from gateway.layers.limit import Bounds, Limit, Turns
from gateway.layers.metacache import MetaCache
from gateway.layers.observe import Observe
from gateway.layers.retry import Retry
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from gateway.stores.swift import SwiftStore
from tests.support.remotes import pointing_at, serving_s3
from tests.support.stores import Plain
from tests.support.swift import pointing_at as pointing_at_swift
from tests.support.swift import serving_swift

OWNER = "owner"

BACKOFF = Backoff(retries=2, base=0.01, cap=0.1)
BOUNDS = Bounds(operations=4, waiting=1000, patience=60)

CAPABILITIES: frozenset[type] = frozenset({Accounts, Append, Batch, Multipart, Rename, Versions})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """`open` gives a started store whose data, if it keeps any, lies under the path. `lacks`: capabilities.

    `exempt`: tests (or `test[row]` of a table) that can't hold, each with the reason.
    """

    open: Callable[[Path], AbstractAsyncContextManager[Store]]
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


@asynccontextmanager
async def _remote(_: Path) -> AsyncIterator[Store]:
    async with (
        started(Memory()) as memory,
        serving_s3(memory) as endpoint,
        started(S3Store(pointing_at(endpoint), OWNER)) as store,
    ):
        yield store


_NO_TAGS = "our own S3 frontend keeps no tags of buckets, where alone S3 could keep their properties"
_ONE_OWNER = "S3 has no accounts: all buckets belong to the one that the settings state"
_UNTOLD = "DeleteObjects does not tell whether anything was there"
_SECONDS = "S3 tells times in whole seconds"

S3_EXEMPT = {
    "test_a_bucket_is_as_it_was_created": _NO_TAGS,
    "test_a_bucket_created_anew_is_empty": _NO_TAGS,
    "test_a_bucket_that_passes_to_another_account_while_an_object_comes_in": _ONE_OWNER,
    "test_a_copy_keeps_everything_but_name_and_time": _SECONDS,
    "test_a_copy_to_another_bucket": _ONE_OWNER,
    "test_a_name_that_is_given_twice_is_deleted_once": _UNTOLD,
    "test_a_store_can_be_closed_again_and_again": _NO_TAGS,
    "test_a_thousand_names": _UNTOLD,
    "test_an_object_is_as_it_was_put": _SECONDS,
    "test_an_object_is_put_together_from_parts": "S3 does not tell the properties of an upload under way",
    "test_an_operation_cancelled_at_any_moment_happens_wholly_or_not_at_all[update bucket]": _NO_TAGS,
    "test_buckets_are_listed_by_name_in_byte_order": "S3's rules for names of buckets are stricter",
    "test_buckets_are_paged": _ONE_OWNER,
    "test_buckets_of_one_owner": _ONE_OWNER,
    "test_creating_a_bucket_again_changes_nothing": _NO_TAGS,
    "test_many_properties_of_some_size": "S3 takes 2 KB of metadata",
    "test_no_update_is_lost": _NO_TAGS,
    "test_o15_what_was_done_stands_in_the_order_of_the_names": _UNTOLD,
    "test_odd_names_of_uploads_are_in_byte_order": "no XML holds control characters",
    "test_of_racing_creators_one_wins": _ONE_OWNER,
    "test_properties_are_replaced": _NO_TAGS,
    "test_properties_are_set_kept_and_removed": _NO_TAGS,
    "test_two_stores_do_not_mix": _NO_TAGS,
    "test_what_the_creator_changes_afterwards_does_not_reach_the_store": _NO_TAGS,
}


@asynccontextmanager
async def _swift(_: Path) -> AsyncIterator[Store]:
    """Nobody else writes there, so that every condition can be held."""
    async with (
        started(Memory()) as memory,
        serving_swift(memory) as url,
        started(SwiftStore(pointing_at_swift(url, exclusive=True), OWNER)) as store,
    ):
        yield store


SWIFT_EXEMPT = {
    "test_a_store_has_the_capabilities_that_it_is_tested_for": "our own Swift frontend has no large objects (SLO), "
    "which multipart uploads are made of: `tests/stores/swift/` puts them on a real Swift",
    "test_many_properties_of_some_size": "Swift takes 4 KB of metadata",
}

CONTENDERS = {
    "catalog": Contender(open=lambda path: started(Catalog(CatalogSettings(path=path)))),
    "catalog of files": Contender(open=lambda path: started(Catalog(CatalogSettings(path=path, inline_max=0)))),
    "limit": Contender(open=lambda _: started(Limit(Memory(), Turns(BOUNDS))), durable=False),
    "memory": Contender(open=lambda _: started(Memory()), durable=False),
    "metacache": Contender(open=lambda _: started(_cached(Memory())), durable=False),
    "observe": Contender(open=lambda _: started(Observe(Memory(), "memory", lambda _: None)), durable=False),
    "plain": Contender(open=lambda _: started(Plain(Memory())), durable=False, lacks=CAPABILITIES),
    "retry": Contender(open=lambda _: started(Retry(Memory(), BACKOFF)), durable=False),
    "s3": Contender(open=_remote, durable=False, lacks=frozenset({Accounts, Append, Rename, Versions}), exempt=S3_EXEMPT),
    "swift": Contender(open=_swift, durable=False, lacks=CAPABILITIES - {Accounts, Batch}, exempt=SWIFT_EXEMPT),
}
