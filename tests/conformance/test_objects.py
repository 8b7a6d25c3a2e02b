import base64
import hashlib
import time
import zlib
from dataclasses import replace
from functools import partial

import pytest

from gateway.core.body import BytesBody, CheckedBody, StreamBody
from gateway.core.buckets import BucketProps
from gateway.core.digest import Algorithm
from gateway.core.errors import NoSuchBucket, NoSuchKey, NoSuchVersion
from gateway.core.ops import append
from gateway.core.store import Store
from gateway.core.types import DEFAULT_TYPE, Copy, Deleted, Key, ListQuery, Meta, Props, PropsChange, Put
from gateway.core.versions import NULL
from tests.conformance.tools import BUCKET, KEY, MISSING, NEW, OLD, OWNER, count, md5, names, put, read
from tests.support.bodies import Scripted, split

YEAR_2001 = 1_000_000_000_123_456_789
ELSEWHERE = Key("elsewhere", "object")
NOWHERE = Key("nowhere", "object")
PROPS = Props(
    content_type="text/plain; charset=utf-8",
    user={"color": "red", "name": "Žluťoučký \U0001f600", "empty": ""},
    system={"http:cache-control": "no-cache", "s3:tagging": "a=1&b=2"},
    expires=4_000_000_000_123_456_789,
)


@pytest.fixture
def props(store: Store) -> Props:
    """Properties of every kind that the store keeps."""
    return PROPS if store.caps.expires else replace(PROPS, expires=None)


async def test_an_object_is_as_it_was_put(store: Store, props: Props) -> None:
    before = time.time_ns()
    meta = await store.put(KEY, BytesBody(OLD), Put(props=props))
    assert before <= meta.modified <= time.time_ns()
    assert meta == Meta(key=KEY, size=len(OLD), etag=md5(OLD), modified=meta.modified, props=props)
    assert await store.stat(KEY) == meta
    assert (await store.list(BUCKET, ListQuery())).items == (meta,)
    async with store.open(KEY) as reader:
        assert reader.meta == meta
        assert (reader.extent.start, reader.extent.stop) == (0, len(OLD))
        assert b"".join([chunk async for chunk in reader.chunks()]) == OLD


async def test_an_object_with_nothing_stated(store: Store) -> None:
    meta = await put(store, KEY, b"")
    assert (meta.size, meta.etag, meta.props) == (0, md5(b""), Props(content_type=DEFAULT_TYPE))
    assert not meta.is_composite
    assert await read(store, KEY) == b""
    assert await count(store) == (1, 0)


async def test_a_later_object_replaces_all_of_an_earlier_one(store: Store, props: Props) -> None:
    await store.put(KEY, BytesBody(NEW), Put(props=props, checksums=frozenset({Algorithm.SHA256})))
    meta = await put(store, KEY, b"x")
    assert (meta.props, meta.checksums) == (Props(), {})
    assert await store.stat(KEY) == meta
    assert await read(store, KEY) == b"x"
    assert await count(store) == (1, 1)


async def test_bodies_of_every_kind(store: Store) -> None:
    pieces = split(NEW, 4)
    bodies = {
        "bytes": BytesBody(NEW),
        "unsized": Scripted(pieces),
        "sized": Scripted(pieces, size=len(NEW)),
        "with empty pieces": Scripted([b"", *pieces[:2], b"", b"", *pieces[2:], b""]),
        "checked": CheckedBody(BytesBody(NEW), {Algorithm.SHA1}),
        "stream": StreamBody(Scripted(pieces).chunks()),
    }
    for name, body in bodies.items():
        assert (await store.put(Key(BUCKET, name), body, Put())).etag == md5(NEW)
        assert await read(store, name) == NEW
    assert await store.put(KEY, Scripted([]), Put()) == await store.stat(KEY)
    assert await read(store, KEY) == b""


async def test_the_body_is_closed_when_it_has_been_taken(store: Store) -> None:
    body = Scripted(split(NEW, 4))
    await store.put(KEY, body, Put())
    assert body.closed


async def test_checksums_are_computed_and_kept(store: Store) -> None:
    wanted = frozenset(Algorithm) - {Algorithm.MD5}
    meta = await store.put(KEY, Scripted(split(NEW, 5)), Put(checksums=wanted))
    assert set(meta.checksums) == {algorithm.value for algorithm in wanted}
    assert meta.checksums["sha1"] == base64.b64encode(hashlib.sha1(NEW).digest()).decode()
    assert meta.checksums["sha256"] == base64.b64encode(hashlib.sha256(NEW).digest()).decode()
    assert meta.checksums["crc32"] == base64.b64encode(zlib.crc32(NEW).to_bytes(4, "big")).decode()
    assert await store.stat(KEY) == meta
    await store.update(KEY, PropsChange(user={"a": "1"}))
    assert (await store.stat(KEY)).checksums == meta.checksums
    assert (await store.copy(KEY, Key(BUCKET, "copy"), Copy())).checksums == meta.checksums


async def test_the_time_of_an_object_can_be_stated(store: Store) -> None:
    meta = await store.put(KEY, BytesBody(OLD), Put(modified=YEAR_2001))
    assert meta.modified == YEAR_2001
    assert await store.stat(KEY) == meta


async def test_what_the_writer_changes_afterwards_does_not_reach_the_store(store: Store) -> None:
    user = {"a": "1"}
    await put(store, KEY, props=Props(user=user))
    user["a"] = "2"
    assert (await store.stat(KEY)).props.user == {"a": "1"}


async def test_many_properties_of_some_size(store: Store) -> None:
    user = {f"name-{number}": "é" * 500 for number in range(90)}
    await put(store, KEY, props=Props(user=user))
    assert (await store.stat(KEY)).props.user == user


async def test_a_missing_object(store: Store) -> None:
    with pytest.raises(NoSuchKey):
        await store.stat(MISSING)
    with pytest.raises(NoSuchKey):
        await read(store, MISSING)
    with pytest.raises(NoSuchKey):
        await store.update(MISSING, PropsChange(user={"a": "1"}))
    with pytest.raises(NoSuchKey):
        await store.copy(MISSING, KEY, Copy())
    assert await store.delete(MISSING) == Deleted(existed=False)
    assert await count(store) == (0, 0)


async def test_an_object_in_a_missing_bucket(store: Store) -> None:
    await put(store, KEY)
    with pytest.raises(NoSuchBucket):
        await put(store, NOWHERE)
    with pytest.raises(NoSuchBucket):
        await store.stat(NOWHERE)
    with pytest.raises(NoSuchBucket):
        await read(store, NOWHERE)
    with pytest.raises(NoSuchBucket):
        await store.update(NOWHERE, PropsChange())
    with pytest.raises(NoSuchBucket):
        await store.copy(NOWHERE, KEY, Copy())
    with pytest.raises(NoSuchBucket):
        await store.copy(KEY, NOWHERE, Copy())
    with pytest.raises(NoSuchBucket):
        await store.delete(NOWHERE)


async def test_a_bucket_that_goes_while_an_object_comes_in(store: Store) -> None:
    await store.create_bucket(ELSEWHERE.bucket, BucketProps(owner=OWNER))

    async def drop(number: int) -> None:
        if number == 1:
            await store.delete_bucket(ELSEWHERE.bucket)

    with pytest.raises(NoSuchBucket):
        await store.put(ELSEWHERE, Scripted([b"a", b"b"], drop), Put())
    await store.create_bucket(ELSEWHERE.bucket, BucketProps(owner=OWNER))
    assert await names(store, ELSEWHERE.bucket) == []
    assert await count(store, ELSEWHERE.bucket) == (0, 0)


async def test_a_bucket_that_passes_to_another_account_while_an_object_comes_in(store: Store) -> None:
    """Who asked was allowed to write to the bucket of that name that is gone, not to the one that has it now."""
    for write in (store.put, partial(append, store)):
        await store.create_bucket(ELSEWHERE.bucket, BucketProps(owner=OWNER))

        async def pass_on(number: int) -> None:
            if number == 1:
                await store.delete_bucket(ELSEWHERE.bucket)
                await store.create_bucket(ELSEWHERE.bucket, BucketProps(owner="another"))

        with pytest.raises(NoSuchBucket):
            await write(ELSEWHERE, Scripted([b"a", b"b"], pass_on), Put(owner=OWNER))
        assert await names(store, ELSEWHERE.bucket) == []
        await store.put(ELSEWHERE, BytesBody(b"theirs"), Put(owner="another"))
        await store.delete(ELSEWHERE)
        await store.delete_bucket(ELSEWHERE.bucket)


async def test_an_unknown_version(store: Store) -> None:
    await put(store, KEY)
    with pytest.raises(NoSuchVersion):
        await store.stat(KEY, "0" * 32)
    with pytest.raises(NoSuchVersion):
        async with store.open(KEY, version="0" * 32):
            pytest.fail("an unknown version was opened")
    with pytest.raises(NoSuchVersion):
        await store.update(KEY, PropsChange(), "0" * 32)
    with pytest.raises(NoSuchVersion):
        await store.copy(KEY, MISSING, Copy(source_version="0" * 32))
    assert (await store.delete(KEY, "0" * 32)).existed is False
    assert await read(store, KEY) == OLD


async def test_what_stands_is_the_version_without_an_id(store: Store) -> None:
    meta = await put(store, KEY)
    assert await store.stat(KEY, NULL) == await store.stat(KEY)
    async with store.open(KEY, version=NULL) as reader:
        assert b"".join([chunk async for chunk in reader.chunks()]) == OLD
    copied = await store.copy(KEY, MISSING, Copy(source_version=NULL))
    assert (copied.etag, copied.version) == (meta.etag, None)
    changed = await store.update(KEY, PropsChange(user={"a": "b"}), NULL)
    assert changed.props.user == {"a": "b"}
    assert (await store.delete(KEY, NULL)).existed is True
    assert await names(store) == [MISSING.name]
    assert (await store.delete(KEY, NULL)).existed is False


async def test_an_object_is_deleted(store: Store) -> None:
    await put(store, KEY)
    assert (await store.delete(KEY)).existed is True
    assert await names(store) == []
    assert await count(store) == (0, 0)
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert (await store.delete(KEY)).existed is False


async def test_deleting_one_leaves_its_neighbours(store: Store) -> None:
    for name in ("a", "a/", "a/b", "a//b", "A"):
        await put(store, name, name.encode())
    await store.delete(Key(BUCKET, "a"))
    assert await names(store) == ["A", "a/", "a//b", "a/b"]
    assert await read(store, "a/b") == b"a/b"


async def test_an_update_changes_what_it_names(store: Store, props: Props) -> None:
    meta = await store.put(KEY, BytesBody(OLD), Put(props=props, modified=YEAR_2001))
    change = PropsChange(
        content_type="image/png",
        user={"color": "blue", "empty": None, "new": "1", "never": None},
        system={"s3:tagging": None, "swift:x": "y"},
    )
    changed = await store.update(KEY, change)
    assert changed.props == Props(
        content_type="image/png",
        user={"color": "blue", "name": props.user["name"], "new": "1"},
        system={"http:cache-control": "no-cache", "swift:x": "y"},
        expires=props.expires,
    )
    assert (changed.size, changed.etag, changed.modified) == (meta.size, meta.etag, YEAR_2001)
    assert await store.stat(KEY) == changed
    assert await read(store, KEY) == OLD
    assert await count(store) == (1, len(OLD))


async def test_an_update_that_names_nothing_changes_nothing(store: Store, props: Props) -> None:
    meta = await store.put(KEY, BytesBody(OLD), Put(props=props))
    assert await store.update(KEY, PropsChange()) == meta
    assert await store.stat(KEY) == meta


async def test_an_update_replaces_the_clients_properties(store: Store, props: Props) -> None:
    await store.put(KEY, BytesBody(OLD), Put(props=props))
    changed = await store.update(KEY, PropsChange(user={"only": "this"}, replace_user=True))
    assert changed.props == Props(
        content_type=props.content_type, user={"only": "this"}, system=props.system, expires=props.expires
    )
    assert (await store.update(KEY, PropsChange(replace_user=True))).props.user == {}
    assert (await store.stat(KEY)).props.user == {}


async def test_an_update_states_the_time(store: Store) -> None:
    await put(store, KEY)
    assert (await store.update(KEY, PropsChange(modified=YEAR_2001))).modified == YEAR_2001
    assert (await store.stat(KEY)).modified == YEAR_2001


async def test_a_copy_keeps_everything_but_name_and_time(store: Store, props: Props) -> None:
    meta = await store.put(KEY, BytesBody(OLD), Put(props=props, modified=YEAR_2001))
    target = Key(BUCKET, "copy")
    before = time.time_ns()
    copied = await store.copy(KEY, target, Copy())
    assert before <= copied.modified <= time.time_ns()
    assert copied == Meta(key=target, size=meta.size, etag=meta.etag, modified=copied.modified, props=props)
    assert await store.stat(target) == copied
    assert await store.stat(KEY) == meta
    assert await read(store, target) == OLD
    assert await count(store) == (2, 2 * len(OLD))


async def test_a_copy_with_properties_of_its_own(store: Store, props: Props) -> None:
    await store.put(KEY, BytesBody(OLD), Put(props=props))
    copied = await store.copy(KEY, Key(BUCKET, "copy"), Copy(props=Props(user={"own": "1"})))
    assert copied.props == Props(user={"own": "1"})
    assert (await store.stat(KEY)).props == props


async def test_a_copy_onto_itself_changes_properties(store: Store, props: Props) -> None:
    await store.put(KEY, BytesBody(OLD), Put(props=props, modified=YEAR_2001))
    copied = await store.copy(KEY, KEY, Copy(props=Props(user={"own": "1"})))
    assert (copied.props, copied.etag) == (Props(user={"own": "1"}), md5(OLD))
    assert copied.modified > YEAR_2001
    assert await store.stat(KEY) == copied
    assert await read(store, KEY) == OLD
    assert await count(store) == (1, len(OLD))


async def test_a_copy_replaces_what_stands(store: Store) -> None:
    await put(store, KEY, OLD)
    await put(store, "copy", NEW)
    await store.copy(KEY, Key(BUCKET, "copy"), Copy())
    assert await read(store, "copy") == OLD
    assert await count(store) == (2, 2 * len(OLD))


async def test_a_copy_to_another_bucket(store: Store) -> None:
    await store.create_bucket(ELSEWHERE.bucket, BucketProps(owner="another"))
    await put(store, KEY)
    await store.copy(KEY, ELSEWHERE, Copy())
    assert await read(store, ELSEWHERE) == OLD
    assert await count(store) == await count(store, ELSEWHERE.bucket) == (1, len(OLD))


@pytest.mark.parametrize("size", (10, 300_000))
async def test_copies_live_on_their_own(store: Store, size: int) -> None:
    data = bytes(range(250)) * (size // 250 + 1)
    first, second = Key(BUCKET, "first"), Key(BUCKET, "second")
    await put(store, KEY, data)
    await store.copy(KEY, first, Copy())
    await store.copy(first, second, Copy())
    await put(store, KEY, NEW)
    await store.delete(first)
    assert await read(store, second) == data
    assert await read(store, KEY) == NEW
    await store.delete(KEY)
    assert await read(store, second) == data
    assert await count(store) == (1, len(data))
