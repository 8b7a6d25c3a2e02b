import asyncio
import time

import pytest

from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.errors import InvalidName, NoSuchBucket, NotEmpty
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Prefix, PropsChange
from tests.conformance.tools import BUCKET, KEY, OWNER, put
from tests.support.names import BAD_BUCKETS, ODD_BUCKETS

PROPS = BucketProps(owner=OWNER)


async def listed(store: Store, owner: str | None = None, **query: str) -> list[str]:
    page = await store.buckets(ListQuery(**query), owner)  # type: ignore[arg-type]
    return [row.name for row in page.items]


async def test_a_new_store_has_no_buckets(empty: Store) -> None:
    page = await empty.buckets(ListQuery())
    assert (page.items, page.next) == ((), None)


async def test_a_bucket_is_as_it_was_created(empty: Store) -> None:
    props = BucketProps(owner=OWNER, user={"color": "röd"}, system={"s3:region": "here"})
    before = time.time_ns()
    assert await empty.create_bucket(BUCKET, props) is True
    found = await empty.stat_bucket(BUCKET)
    assert before <= found.created <= time.time_ns()
    assert found == BucketMeta(
        name=BUCKET, owner=OWNER, created=found.created, objects=0, bytes=0, user=props.user, system=props.system
    )
    assert (await empty.buckets(ListQuery())).items == (found,)


async def test_creating_a_bucket_again_changes_nothing(empty: Store) -> None:
    await empty.create_bucket(BUCKET, BucketProps(owner=OWNER, user={"a": "1"}))
    before = await empty.stat_bucket(BUCKET)
    assert await empty.create_bucket(BUCKET, BucketProps(owner="another", user={"b": "2"})) is False
    assert await empty.create_bucket(BUCKET, PROPS) is False
    assert await empty.stat_bucket(BUCKET) == before


async def test_of_racing_creators_one_wins(empty: Store) -> None:
    owners = [f"owner{number}" for number in range(32)]
    won = await asyncio.gather(*[empty.create_bucket(BUCKET, BucketProps(owner=owner)) for owner in owners])
    assert sum(won) == 1
    assert (await empty.stat_bucket(BUCKET)).owner == owners[won.index(True)]


async def test_what_the_creator_changes_afterwards_does_not_reach_the_store(empty: Store) -> None:
    user = {"a": "1"}
    await empty.create_bucket(BUCKET, BucketProps(owner=OWNER, user=user))
    user["a"] = "2"
    assert (await empty.stat_bucket(BUCKET)).user == {"a": "1"}


async def test_a_missing_bucket(empty: Store) -> None:
    with pytest.raises(NoSuchBucket):
        await empty.stat_bucket(BUCKET)
    with pytest.raises(NoSuchBucket):
        await empty.update_bucket(BUCKET, PropsChange(user={"a": "1"}))
    with pytest.raises(NoSuchBucket):
        await empty.delete_bucket(BUCKET)
    with pytest.raises(NoSuchBucket):
        await empty.list(BUCKET, ListQuery())


async def test_an_empty_bucket_is_deleted(store: Store) -> None:
    await store.delete_bucket(BUCKET)
    assert await listed(store) == []
    with pytest.raises(NoSuchBucket):
        await store.stat_bucket(BUCKET)
    with pytest.raises(NoSuchBucket):
        await put(store, KEY)


async def test_a_bucket_with_an_object_is_not_deleted(store: Store) -> None:
    await put(store, KEY)
    with pytest.raises(NotEmpty):
        await store.delete_bucket(BUCKET)
    await store.delete(KEY)
    await store.delete_bucket(BUCKET)


async def test_a_bucket_created_anew_is_empty(store: Store) -> None:
    await store.update_bucket(BUCKET, PropsChange(user={"a": "1"}))
    await store.delete_bucket(BUCKET)
    assert await store.create_bucket(BUCKET, BucketProps(owner="another")) is True
    found = await store.stat_bucket(BUCKET)
    assert (found.owner, found.objects, found.bytes, dict(found.user)) == ("another", 0, 0, {})


async def test_properties_are_set_kept_and_removed(empty: Store) -> None:
    await empty.create_bucket(BUCKET, BucketProps(owner=OWNER, user={"a": "1", "b": "2"}, system={"x:1": "1"}))
    changed = await empty.update_bucket(
        BUCKET, PropsChange(user={"a": None, "c": "3", "never": None}, system={"x:1": None, "x:2": "2"})
    )
    assert (changed.user, changed.system) == ({"b": "2", "c": "3"}, {"x:2": "2"})
    assert await empty.stat_bucket(BUCKET) == changed


async def test_properties_are_replaced(empty: Store) -> None:
    await empty.create_bucket(BUCKET, BucketProps(owner=OWNER, user={"a": "1", "b": "2"}, system={"x:1": "1"}))
    changed = await empty.update_bucket(BUCKET, PropsChange(user={"c": "3"}, replace_user=True))
    assert (changed.user, changed.system) == ({"c": "3"}, {"x:1": "1"})


async def test_buckets_are_listed_by_name_in_byte_order(empty: Store) -> None:
    for name in ODD_BUCKETS:
        assert await empty.create_bucket(name, PROPS) is True
    assert await listed(empty) == sorted(ODD_BUCKETS, key=str.encode)
    for name in ODD_BUCKETS:
        assert (await empty.stat_bucket(name)).name == name


async def test_buckets_of_one_owner(empty: Store) -> None:
    for name, owner in (("a", "one"), ("b", "two"), ("c", "one")):
        await empty.create_bucket(name, BucketProps(owner=owner))
    assert await listed(empty, "one") == ["a", "c"]
    assert await listed(empty, "two") == ["b"]
    assert await listed(empty, "three") == []
    assert await listed(empty) == ["a", "b", "c"]


async def test_buckets_are_paged(empty: Store) -> None:
    expected = [f"bucket-{number:02}" for number in range(10)]
    for number, name in enumerate(expected):
        await empty.create_bucket(name, BucketProps(owner="odd" if number % 2 else "even"))
    for owner, names in ((None, expected), ("odd", expected[1::2])):
        for limit in (1, 3, 5, 10):
            found: list[str] = []
            marker: str | None = ""
            while marker is not None:
                page = await empty.buckets(ListQuery(limit=limit, marker=marker), owner)
                assert 0 < len(page.items) <= limit
                found += [row.name for row in page.items]
                assert page.next is None or page.next > marker
                marker = page.next
            assert found == names


async def test_a_listing_of_buckets_keeps_to_its_query(empty: Store) -> None:
    for name in ("alpha", "beta-1", "beta-2", "gamma"):
        await empty.create_bucket(name, PROPS)
    assert await listed(empty, prefix="beta") == ["beta-1", "beta-2"]
    assert await listed(empty, marker="beta-1") == ["beta-2", "gamma"]
    assert await listed(empty, end_marker="beta-2") == ["alpha", "beta-1"]
    grouped = await empty.buckets(ListQuery(delimiter="-"))
    assert [row.name for row in grouped.items] == ["alpha", "beta-", "gamma"]
    assert isinstance(grouped.items[1], Prefix)
    backward = await empty.buckets(ListQuery(reverse=True, limit=2))
    assert ([row.name for row in backward.items], backward.next) == (["gamma", "beta-2"], "beta-2")


async def test_bad_names_of_buckets_are_refused(empty: Store) -> None:
    for name in BAD_BUCKETS:
        with pytest.raises(InvalidName):
            await empty.create_bucket(name, PROPS)
        with pytest.raises(InvalidName):
            await empty.stat_bucket(name)
        with pytest.raises(InvalidName):
            await empty.update_bucket(name, PropsChange())
        with pytest.raises(InvalidName):
            await empty.delete_bucket(name)
        with pytest.raises(InvalidName):
            await empty.list(name, ListQuery())
        with pytest.raises(InvalidName):
            await put(empty, Key(name, "object"))
    assert await listed(empty) == []
