"""Large objects on a real Swift: segments, manifests, and what becomes of them."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody, CheckedBody, StreamBody, expect
from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ABSENT
from gateway.core.digest import Algorithm
from gateway.core.errors import BadDigest, ConditionFailed, Denied, Unavailable
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Copy, Key, ListQuery, Meta, Props, PropsChange, Put
from gateway.stores.swift.rows import EMPTY
from tests.conformance.tools import BUCKET, KEY, OLD, md5, put, read
from tests.stores.swift.conftest import SEGMENT, Direct, Opening, inner
from tests.support.bodies import Broken, Scripted, Stall, failing_at, split
from tests.support.faultproxy import Fault, proxied, refusal
from tests.support.waiting import until

LARGE = bytes(range(256)) * (SEGMENT * 5 // 2 // 256)
PIECES = split(LARGE, 300_000)


def unsized(data: bytes) -> StreamBody:
    async def stream() -> AsyncIterator[bytes]:
        for piece in split(data, 300_000):
            yield piece

    return StreamBody(stream())


async def row(store: Store, name: str = KEY.name) -> Meta:
    page = await store.list(BUCKET, ListQuery(prefix=name))
    assert isinstance(page.items[0], Meta)
    return page.items[0]


async def test_f21_two_segments_and_a_half_are_three(store: Store, direct: Direct, opening: Opening) -> None:
    meta = await store.put(KEY, unsized(LARGE), Put())
    assert (meta.size, meta.etag) == (len(LARGE), md5(LARGE))
    assert await store.stat(KEY) == meta
    assert len(await direct.segments()) == 3
    status, headers, data = await direct("GET", f"/{BUCKET}/{KEY.name}")
    assert (status, data) == (200, LARGE)
    assert headers["X-Static-Large-Object"] == "True"
    assert await read(store, KEY, Span(SEGMENT - 5, SEGMENT + 4)) == LARGE[SEGMENT - 5 : SEGMENT + 5]
    async with opening() as other:
        assert ((await row(other)).size, (await row(other)).etag) == (len(LARGE), md5(LARGE))


async def test_f22_a_multiple_of_the_segment_size_has_no_empty_segment(store: Store, direct: Direct) -> None:
    await store.put(KEY, unsized(LARGE[: 2 * SEGMENT]), Put())
    assert len(await direct.segments()) == 2
    assert await read(store, KEY) == LARGE[: 2 * SEGMENT]


async def test_a_body_of_known_size_below_a_segment_is_a_plain_object(store: Store, direct: Direct) -> None:
    data = LARGE[: SEGMENT - 1]
    assert (await store.put(KEY, BytesBody(data), Put())).etag == md5(data)
    assert await direct.segments() == []
    assert await read(store, KEY) == data


@pytest.mark.parametrize("size", (SEGMENT - 1, len(LARGE)), ids=("plain", "segments"))
@pytest.mark.parametrize("sized", (True, False))
async def test_f25_a_body_that_breaks_or_lies_leaves_the_old_object(
    store: Store, direct: Direct, size: int, sized: bool
) -> None:
    await put(store, KEY, OLD)
    pieces = split(LARGE[:size], 300_000)
    stated = size if sized else None
    with pytest.raises(Broken):
        await store.put(KEY, Scripted(pieces, failing_at(len(pieces)), stated), Put())
    body = CheckedBody(Scripted(pieces, size=stated), {Algorithm.MD5}, [expect(Algorithm.MD5, bytes(16))])
    with pytest.raises(BadDigest):
        await store.put(KEY, body, Put())
    status, _, data = await direct("GET", f"/{BUCKET}/{KEY.name}")
    assert (status, data) == (200, OLD)
    assert await direct.segments() == []
    with pytest.raises(Broken):
        await store.put(Key(BUCKET, "new"), Scripted(pieces, failing_at(len(pieces)), stated), Put())
    assert (await direct("HEAD", f"/{BUCKET}/new"))[0] == 404


async def test_f25_a_cancelled_upload_deletes_its_segments(store: Store, direct: Direct) -> None:
    await put(store, KEY, OLD)
    stall = Stall(len(PIECES))
    task = asyncio.ensure_future(store.put(KEY, Scripted(PIECES, stall), Put()))
    await stall.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await direct.segments() == []
    assert await read(store, KEY) == OLD


async def test_f23_a_segment_that_fails_leaves_the_old_object(store: Store, direct: Direct, opening: Opening) -> None:
    await put(store, KEY, OLD)
    for fault, error in (
        (Fault(when="PUT .*/00000002 ", answer=refusal(503, "Trouble")), Unavailable),
        (Fault(when="PUT .*/00000003 ", cut_request=10_000), Unavailable),
        (Fault(when="PUT .*multipart-manifest", answer=refusal(403, "Forbidden")), Denied),
    ):
        async with through(direct, opening, fault) as other:
            with pytest.raises(error):
                await other.put(KEY, Scripted(PIECES, size=len(LARGE)), Put())
        assert await read(store, KEY) == OLD
        assert await direct.segments() == []


@asynccontextmanager
async def through(direct: Direct, opening: Opening, *faults: Fault) -> AsyncIterator[Store]:
    """A store that reaches the upstream through a proxy with faults."""
    async with (
        proxied(direct.url, *faults) as proxy,
        opening(storage_url=f"{proxy.url}/v1/{direct.url.partition('/v1/')[2]}", retries=0) as store,
    ):
        yield store


async def test_a_manifest_whose_answer_is_lost_has_made_the_object(
    store: Store, direct: Direct, opening: Opening
) -> None:
    async with through(direct, opening, Fault(when="PUT .*multipart-manifest", lose_answer=True)) as other:
        meta = await other.put(KEY, Scripted(PIECES, size=len(LARGE)), Put(when=ABSENT))
        assert meta.etag == md5(LARGE)
    assert await read(store, KEY) == LARGE


class FromTheSecond(Fault):
    """Spares the first request that it meets."""

    def meets(self, line: str) -> bool:
        return super().meets(line) and self.seen > 1


async def test_segments_are_kept_while_it_is_not_known_whether_the_manifest_stands(
    store: Store, direct: Direct, opening: Opening
) -> None:
    lost = Fault(when="PUT .*multipart-manifest", lose_answer=True)
    blind = FromTheSecond(when=f"HEAD .*/{KEY.name} ", answer=refusal(503, "Trouble"))
    async with through(direct, opening, lost, blind) as other:
        with pytest.raises(Unavailable):
            await other.put(KEY, Scripted(PIECES, size=len(LARGE)), Put())
    assert await read(store, KEY) == LARGE


async def test_a_put_cancelled_while_it_commits_is_whole(store: Store, direct: Direct, opening: Opening) -> None:
    slow = Fault(when="PUT .*multipart-manifest", delay=0.5)
    async with through(direct, opening, slow) as other:
        task = asyncio.ensure_future(other.put(KEY, Scripted(PIECES, size=len(LARGE)), Put()))
        await until(lambda: slow.seen > 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await read(store, KEY) == LARGE
    assert len(await direct.segments()) == 3


async def test_f26_what_is_overwritten_frees_its_segments(store: Store, direct: Direct) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    old = await direct.segments()
    await store.put(KEY, unsized(LARGE[: SEGMENT + 1]), Put())
    assert len(await direct.segments()) == 2
    assert not set(old) & set(await direct.segments())
    await put(store, KEY, OLD)
    assert await direct.segments() == []
    assert await read(store, KEY) == OLD


async def test_f27_renamed_and_uploaded_again_both_keep_their_bytes(store: Store, direct: Direct) -> None:
    first, second = Key(BUCKET, "first"), Key(BUCKET, "second")
    await store.put(first, unsized(LARGE), Put())
    await ops.rename(store, first, second)
    await store.put(first, unsized(LARGE[:SEGMENT]), Put())
    assert await read(store, second) == LARGE
    assert await read(store, first) == LARGE[:SEGMENT]
    assert (await store.stat(second)).etag == md5(LARGE)
    await store.delete(first)
    assert await read(store, second) == LARGE
    assert await direct.segments() == []


async def test_f28_a_deleted_object_leaves_no_segments(store: Store, direct: Direct) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    await store.put(Key(BUCKET, "other"), unsized(LARGE), Put())
    assert (await store.delete(KEY)).existed is True
    assert len(await direct.segments()) == 3
    await ops.delete_many(store, BUCKET, ["other", "missing"])
    assert await direct.segments() == []
    await store.delete_bucket(BUCKET)
    assert (await direct("GET"))[2] == b""


async def test_f29_segments_are_hidden(store: Store) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    page = await store.buckets(ListQuery())
    assert [bucket.name for bucket in page.items if isinstance(bucket, BucketMeta)] == [BUCKET]


async def test_an_update_keeps_the_segments(store: Store, direct: Direct) -> None:
    meta = await store.put(KEY, unsized(LARGE), Put())
    changed = await store.update(KEY, PropsChange(user={"a": "1"}, content_type="text/plain"))
    assert (changed.etag, changed.modified, changed.size) == (meta.etag, meta.modified, meta.size)
    assert await read(store, KEY) == LARGE
    await store.delete(KEY)
    assert await direct.segments() == []


async def test_segments_that_others_copied_the_manifest_of_are_not_freed_with_the_copy(
    store: Store, direct: Direct
) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    copied, _, _ = await direct(
        "PUT", f"/{BUCKET}/shared?multipart-manifest=get", X_Copy_From=f"{BUCKET}/{KEY.name}", Content_Length="0"
    )
    assert copied == 201
    await store.delete(Key(BUCKET, "shared"))
    assert await read(store, KEY) == LARGE


async def test_a_missing_segment_is_an_error_and_never_a_short_object(store: Store, direct: Direct) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    await direct("DELETE", f"/{BUCKET}_segments/{(await direct.segments())[-1]}")
    with pytest.raises(Unavailable):
        await read(store, KEY)


async def test_a_reader_keeps_its_segments(store: Store, direct: Direct) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    async with store.open(KEY) as reader:
        await store.delete(KEY)
        assert b"".join([chunk async for chunk in reader.chunks()]) == LARGE
    await store.aclose()
    assert await direct.segments() == []


async def test_more_segments_than_a_manifest_takes_make_a_tree(store: Store, direct: Direct) -> None:
    upstream = inner(store)
    known = await upstream._up.info.get()
    upstream._up.info._known = replace(known, max_segments=2)
    data = LARGE + LARGE
    await store.put(KEY, unsized(data), Put())
    assert (await store.stat(KEY)).size == len(data)
    assert await read(store, KEY) == data
    assert len(await direct.segments()) == 5 + 3 + 2
    await store.delete(KEY)
    assert await direct.segments() == []


async def test_f20_objects_of_others_are_told_by_their_true_size(store: Store, direct: Direct) -> None:
    await direct("PUT", f"/{BUCKET}_segments")
    rows = []
    for number in (1, 2):
        _, headers, _ = await direct("PUT", f"/{BUCKET}_segments/theirs/{number}", b"x" * 1000 * number)
        rows.append(
            {"path": f"/{BUCKET}_segments/theirs/{number}", "etag": headers["Etag"], "size_bytes": 1000 * number}
        )
    await direct("PUT", f"/{BUCKET}/slo?multipart-manifest=put", json.dumps(rows).encode(), Content_Type="text/plain")
    await direct("PUT", f"/{BUCKET}/dlo", X_Object_Manifest=f"{BUCKET}_segments/theirs/", Content_Type="text/plain")
    await put(store, "empty", b"")
    for name in ("dlo", "slo"):
        found, listed = await store.stat(Key(BUCKET, name)), await row(store, name)
        assert (found.size, found.etag, found.is_composite) == (3000, listed.etag, True)
        assert listed.size == 3000
        assert await read(store, name) == b"x" * 3000
    assert ((await row(store, "empty")).size, (await row(store, "empty")).etag) == (0, EMPTY)
    await store.update(Key(BUCKET, "dlo"), PropsChange(user={"a": "1"}))
    assert await read(store, "dlo") == b"x" * 3000
    for name in ("dlo", "slo"):
        await store.delete(Key(BUCKET, name))
    assert len(await direct.segments()) == 2


async def test_only_absence_is_a_condition_of_writes_that_others_may_race_with(
    store: Store, direct: Direct, opening: Opening
) -> None:
    async with opening() as shared:
        assert (await shared.put(KEY, BytesBody(OLD), Put(when=ABSENT))).etag == md5(OLD)
        for body in (BytesBody(b"new"), unsized(LARGE)):
            with pytest.raises(ConditionFailed):
                await shared.put(KEY, body, Put(when=ABSENT))
        other = Key(BUCKET, "other")
        await shared.put(other, unsized(LARGE), Put())
        with pytest.raises(ConditionFailed):
            await shared.copy(other, KEY, Copy(when=ABSENT))
        assert (await shared.copy(other, Key(BUCKET, "copy"), Copy(when=ABSENT))).etag == md5(LARGE)
        assert await ops.rename_prefix(shared, Key(BUCKET, "o"), Key(BUCKET, "renamed/")) == 2
    assert await read(store, KEY.name.replace("o", "renamed/", 1)) == OLD
    assert hashlib.md5(await read(store, "renamed/ther")).hexdigest() == md5(LARGE)
    assert await direct.segments() == []


async def test_a_copy_of_what_is_too_large_for_one_object_is_in_segments(store: Store, direct: Direct) -> None:
    upstream = inner(store)
    upstream._up.info._known = replace(await upstream._up.info.get(), max_file_size=SEGMENT)
    await store.put(KEY, unsized(LARGE), Put(props=Props(user={"a": "1"})))
    copy = await store.copy(KEY, Key(BUCKET, "copy"), Copy(when=ABSENT))
    assert (copy.size, copy.etag, copy.props.user) == (len(LARGE), md5(LARGE), {"a": "1"})
    assert len(await direct.segments()) == 6
    await ops.rename(store, KEY, Key(BUCKET, "renamed"))
    assert await read(store, "renamed") == await read(store, "copy") == LARGE
    assert len(await direct.segments()) == 6
