"""Accounts beside those of the configuration, and counters that are made anew."""

import time

import pytest

from gateway.core.buckets import AccountMeta, BucketProps
from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.versions import Versions
from gateway.core.errors import NoSuchAccount, NoSuchBucket, NotEmpty
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Prefix, PropsChange
from gateway.core.versions import VersionRef
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, put
from tests.conformance.versions import rows

PLAIN = PropsChange()


async def names(roster: Roster, **query: object) -> list[str]:
    return [row.name for row in (await roster.accounts(ListQuery(**query))).items]  # type: ignore[arg-type]


async def test_an_account_is_entered_once(roster: Roster, accounts: Accounts) -> None:
    began = time.time_ns()
    assert not await roster.has_account("new")
    assert await roster.create_account("new", PropsChange(user={"a": "1"}, system={"x:y": "z"}))
    assert await roster.has_account("new")
    found = await accounts.stat_account("new")
    assert (found.user, found.system, found.buckets) == ({"a": "1"}, {"x:y": "z"}, 0)
    assert found.created is not None
    assert began <= found.created <= time.time_ns()
    assert not await roster.create_account("new", PropsChange(user={"a": "2"}))
    assert await accounts.stat_account("new") == found


async def test_who_owns_something_is_not_entered_by_that(store: Store, roster: Roster, accounts: Accounts) -> None:
    await accounts.update_account(OWNER, PropsChange(user={"a": "1"}))
    assert not await roster.has_account(OWNER)
    assert await names(roster) == []
    with pytest.raises(NoSuchAccount):
        await roster.delete_account(OWNER)
    assert (await accounts.stat_account(OWNER)).user == {"a": "1"}


async def test_what_was_kept_of_an_account_stays_when_it_is_entered(roster: Roster, accounts: Accounts) -> None:
    await accounts.update_account(OWNER, PropsChange(user={"a": "1", "b": "2"}))
    assert await roster.create_account(OWNER, PropsChange(user={"b": None}))
    changed = await accounts.update_account(OWNER, PropsChange(user={"c": "3"}))
    assert changed.user == {"a": "1", "c": "3"}
    assert changed.created is not None
    assert changed.buckets == 1


async def test_an_account_goes_with_its_properties(roster: Roster, accounts: Accounts) -> None:
    await roster.create_account("new", PropsChange(user={"a": "1"}))
    await roster.delete_account("new")
    assert not await roster.has_account("new")
    assert await accounts.stat_account("new") == AccountMeta(name="new", buckets=0, objects=0, bytes=0)
    with pytest.raises(NoSuchAccount):
        await roster.delete_account("new")


async def test_an_account_that_owns_a_bucket_stays(store: Store, roster: Roster) -> None:
    await roster.create_account("new", PLAIN)
    await store.create_bucket("its-own", BucketProps(owner="new"))
    with pytest.raises(NotEmpty):
        await roster.delete_account("new")
    assert await roster.has_account("new")
    await store.delete_bucket("its-own")
    await roster.delete_account("new")


async def test_accounts_are_listed_by_id_with_their_totals(store: Store, roster: Roster, accounts: Accounts) -> None:
    for name in ("c", "a-1", "b", "a-2"):
        await roster.create_account(name, PLAIN)
    await store.create_bucket("its-own", BucketProps(owner="b"))
    await put(store, Key("its-own", "object"), OLD)
    assert await names(roster) == ["a-1", "a-2", "b", "c"]
    assert await names(roster, reverse=True, marker="b") == ["a-2", "a-1"]
    assert await names(roster, prefix="a") == ["a-1", "a-2"]
    assert await names(roster, marker="a-2", end_marker="c") == ["b"]
    page = await roster.accounts(ListQuery(limit=2))
    assert [row.name for row in page.items] == ["a-1", "a-2"]
    assert page.next == "a-2"
    assert (await roster.accounts(ListQuery(delimiter="-"))).items[0] == Prefix("a-")
    found = (await roster.accounts(ListQuery(prefix="b"))).items
    assert found == (await accounts.stat_account("b"),)
    assert isinstance(found[0], AccountMeta)
    assert (found[0].buckets, found[0].objects, found[0].bytes) == (1, 1, len(OLD))


async def test_bytes_of_former_versions_are_counted_apart(
    store: Store, accounts: Accounts, recounter: Recount, versioned: Versions
) -> None:
    for data in (OLD, NEW, OLD):
        await put(store, KEY, data)
    found = await store.stat_bucket(BUCKET)
    assert (found.objects, found.bytes, found.former) == (1, len(OLD), len(OLD + NEW))
    assert (await accounts.stat_account(OWNER)).former == found.former
    assert await recounter.recount(BUCKET) == found
    await store.delete(KEY)
    found = await store.stat_bucket(BUCKET)
    assert (found.objects, found.bytes, found.former) == (0, 0, 2 * len(OLD) + len(NEW))
    former = [VersionRef(row.name, row.meta.version) for row in await rows(versioned) if not row.marker]
    await versioned.delete_versions(BUCKET, former)
    assert (await store.stat_bucket(BUCKET)).former == 0


async def test_a_recount_tells_what_stands(store: Store, recounter: Recount) -> None:
    await put(store, KEY, OLD)
    await put(store, Key(BUCKET, "other"), NEW)
    found = await store.stat_bucket(BUCKET)
    assert (found.objects, found.bytes) == (2, len(OLD + NEW))
    assert await recounter.recount(BUCKET) == found == await store.stat_bucket(BUCKET)
    with pytest.raises(NoSuchBucket):
        await recounter.recount("missing")
