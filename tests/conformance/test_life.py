"""The store as a whole: its capabilities, its start and its end."""

from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Props
from tests.conformance.factories import CONTENDERS, Contender, Site
from tests.conformance.operations import grounded
from tests.conformance.tools import BUCKET, OLD, OWNER, put, read, view


@pytest.mark.parametrize("capability", (Accounts, Append, Batch, Multipart, Rename))
async def test_a_store_has_the_capabilities_that_it_is_tested_for(
    empty: Store, contender: Contender, capability: type
) -> None:
    assert (find(empty, capability) is None) == (capability in contender.lacks)


async def test_a_store_can_be_closed_again_and_again(contender: Contender, site: Site) -> None:
    async with contender.open(site) as store:
        await put_something(store)
        await store.aclose()
        await store.aclose()


async def test_a_store_that_was_never_used_can_be_closed(contender: Contender, site: Site) -> None:
    async with contender.open(site) as store:
        await store.aclose()


async def put_something(store: Store) -> None:
    await store.create_bucket(BUCKET, BucketProps(owner=OWNER, user={"a": "1"}))
    await put(store, Key(BUCKET, "small"), OLD, props=Props(user={"a": "é"}))
    await put(store, Key(BUCKET, "large"), OLD * 100_000)


@pytest.mark.parametrize("name", tuple(name for name, row in CONTENDERS.items() if row.durable))
async def test_what_was_acknowledged_is_there_after_a_restart(name: str, tmp_path: Path) -> None:
    async with CONTENDERS[name].open(Site(tmp_path)) as store:
        await put_something(store)
        await grounded(store, "ground")
        before = await view(store, BUCKET), await view(store, "ground")
        metas = (await store.list(BUCKET, ListQuery())).items
    async with CONTENDERS[name].open(Site(tmp_path)) as store:
        assert (await view(store, BUCKET), await view(store, "ground")) == before
        assert (await store.list(BUCKET, ListQuery())).items == metas
        assert await read(store, Key(BUCKET, "large")) == OLD * 100_000


async def test_two_stores_do_not_mix(contender: Contender, tmp_path: Path) -> None:
    async with contender.open(Site(tmp_path / "one")) as one, contender.open(Site(tmp_path / "two")) as two:
        await put_something(one)
        assert (await two.buckets(ListQuery())).items == ()
        assert two.caps == one.caps
