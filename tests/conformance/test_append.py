import time

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append
from gateway.core.digest import Algorithm
from gateway.core.errors import NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import Copy, Key, Props, Put
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, assembled, count, md5, put, read, rows
from tests.support.bodies import Scripted, split

PROPS = Props(content_type="text/plain", user={"a": "1"}, system={"s3:tagging": "x=y"})


async def test_o11_an_append_creates_the_object(store: Store, appender: Append) -> None:
    opts = Put(props=PROPS, modified=10**18, checksums=frozenset({Algorithm.SHA256}))
    meta = await appender.append(KEY, BytesBody(OLD), opts)
    assert (meta.key, meta.size, meta.etag, meta.modified, meta.props) == (KEY, len(OLD), md5(OLD), 10**18, PROPS)
    assert set(meta.checksums) == {"sha256"}
    assert await store.stat(KEY) == meta
    assert await read(store, KEY) == OLD
    assert await count(store) == (1, len(OLD))


@pytest.mark.parametrize("size", (20, 200_000, 1_200_000))
async def test_o11_an_append_extends_the_object(store: Store, appender: Append, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    before = await store.put(KEY, BytesBody(data), Put(props=PROPS, modified=10**18))
    started = time.time_ns()
    meta = await appender.append(KEY, Scripted(split(data, 77_777)), Put(props=Props(user={"ignored": "1"})))
    assert meta.modified >= started
    assert (meta.size, meta.props) == (2 * len(data), PROPS)
    assert meta.etag != before.etag
    assert await read(store, KEY) == data + data
    assert await count(store) == (1, 2 * len(data))


async def test_o11_the_etag_is_the_same_wherever_it_is_told(store: Store, appender: Append) -> None:
    seen = set()
    for number in range(6):
        meta = await appender.append(KEY, BytesBody(b"%d" % number), Put())
        assert await store.stat(KEY) == meta
        assert await rows(store) == [meta]
        async with store.open(KEY) as reader:
            assert reader.meta == meta
        assert meta.is_composite or meta.etag == md5(b"012345"[: number + 1])
        seen.add(meta.etag)
    assert len(seen) == 6
    assert await read(store, KEY) == b"012345"


async def test_no_checksum_of_the_old_bytes_is_told_of_the_new(store: Store, appender: Append) -> None:
    await store.put(KEY, BytesBody(OLD), Put(checksums=frozenset({Algorithm.CRC32})))
    old = (await store.stat(KEY)).checksums["crc32"]
    meta = await appender.append(KEY, BytesBody(NEW), Put())
    assert meta.checksums.get("crc32") != old


async def test_an_append_of_nothing(store: Store, appender: Append) -> None:
    await appender.append(KEY, BytesBody(b""), Put())
    assert await read(store, KEY) == b""
    await appender.append(KEY, BytesBody(OLD), Put())
    meta = await appender.append(KEY, BytesBody(b""), Put())
    assert (meta.size, await read(store, KEY)) == (len(OLD), OLD)
    assert await count(store) == (1, len(OLD))


async def test_an_append_to_an_object_of_parts(store: Store, multipart: Multipart, appender: Append) -> None:
    before = await assembled(multipart, KEY, [OLD, NEW])
    meta = await appender.append(KEY, BytesBody(OLD), Put())
    assert meta.etag != before.etag
    assert await read(store, KEY) == OLD + NEW + OLD


async def test_a_copy_made_before_an_append_keeps_its_bytes(store: Store, appender: Append) -> None:
    copy = Key(BUCKET, "copy")
    data = OLD * 20_000
    await put(store, KEY, data)
    await store.copy(KEY, copy, Copy())
    await appender.append(KEY, BytesBody(NEW), Put())
    await appender.append(copy, BytesBody(b"!"), Put())
    assert await read(store, KEY) == data + NEW
    await store.delete(KEY)
    assert await read(store, copy) == data + b"!"


async def test_an_object_put_over_one_that_was_appended_to(store: Store, appender: Append) -> None:
    await appender.append(KEY, BytesBody(OLD), Put())
    await appender.append(KEY, BytesBody(OLD), Put())
    meta = await put(store, KEY, NEW)
    assert (meta.etag, await read(store, KEY)) == (md5(NEW), NEW)
    assert await count(store) == (1, len(NEW))


async def test_the_time_of_an_append_can_be_stated(store: Store, appender: Append) -> None:
    await put(store, KEY)
    assert (await appender.append(KEY, BytesBody(NEW), Put(modified=10**18))).modified == 10**18
    assert (await store.stat(KEY)).modified == 10**18


async def test_an_append_in_a_missing_bucket(store: Store, appender: Append) -> None:
    with pytest.raises(NoSuchBucket):
        await appender.append(Key("missing", "object"), BytesBody(OLD), Put())
