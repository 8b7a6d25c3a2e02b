import base64
import hashlib

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.digest import Algorithm, digest, encode
from gateway.core.errors import (
    BadRange,
    BadRequest,
    InvalidPart,
    InvalidPartOrder,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NotFound,
    PartTooSmall,
)
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Copy, Key, Props, Put
from gateway.core.uploads import Part, PartRef
from tests.conformance.tools import (
    BUCKET,
    KEY,
    MISSING,
    NEW,
    OLD,
    OWNER,
    assembled,
    begun,
    count,
    md5,
    names,
    open_uploads,
    put,
    read,
)
from tests.support.bodies import Scripted, split

PARTS = (b"first part; ", b"second part; " * 20_000, b"third")
PROPS = Props(content_type="text/plain", user={"a": "1"}, system={"s3:tagging": "x=y"}, expires=4 * 10**18)


SUMMED = (
    (Algorithm.CRC32, False),
    (Algorithm.CRC32, True),
    (Algorithm.CRC32C, False),
    (Algorithm.CRC32C, True),
    (Algorithm.CRC64NVME, True),
    (Algorithm.SHA1, False),
    (Algorithm.SHA256, False),
)
"""The checksums that an upload may ask for, of the parts' digests and of all bytes."""


def composite(*parts: bytes) -> str:
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f"{hashlib.md5(digests).hexdigest()}-{len(parts)}"


async def test_an_object_is_put_together_from_parts(store: Store, multipart: Multipart) -> None:
    upload = await multipart.create_upload(KEY, Put(props=PROPS), owner=OWNER)
    assert (upload.key, upload.props, upload.owner, upload.checksum) == (KEY, PROPS, OWNER, None)
    assert await multipart.stat_upload(KEY, upload.id) == upload
    refs = []
    for number, data in enumerate(PARTS, 1):
        part = await multipart.put_part(KEY, upload.id, number, Scripted(split(data, 50_000)))
        assert part == Part(number=number, size=len(data), etag=md5(data), modified=part.modified)
        refs.append(PartRef(number, part.etag))
    meta = await multipart.complete_upload(KEY, upload.id, refs)
    assert (meta.key, meta.props, meta.size) == (KEY, PROPS, sum(map(len, PARTS)))
    assert (meta.etag, meta.is_composite) == (composite(*PARTS), True)
    assert await store.stat(KEY) == meta
    assert await read(store, KEY) == b"".join(PARTS)
    assert await count(store) == (1, meta.size)


async def test_one_part_makes_an_object(store: Store, multipart: Multipart) -> None:
    meta = await assembled(multipart, KEY, [OLD])
    assert (meta.etag, await read(store, KEY)) == (composite(OLD), OLD)


async def test_empty_parts_make_an_empty_object(store: Store, multipart: Multipart) -> None:
    meta = await assembled(multipart, KEY, [b"", b""])
    assert (meta.size, meta.etag) == (0, composite(b"", b""))
    assert await read(store, KEY) == b""
    assert await count(store) == (1, 0)


async def test_an_upload_is_invisible_until_it_is_completed(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    assert await names(store) == []
    assert await count(store) == (0, 0)
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    await multipart.complete_upload(KEY, upload, refs)
    assert await names(store) == [KEY.name]
    assert await open_uploads(multipart) == []


async def test_a_completion_replaces_what_stands(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    await put(store, KEY, OLD, props=Props(user={"old": "1"}))
    meta = await multipart.complete_upload(KEY, upload, refs)
    assert meta.props == Props()
    assert await read(store, KEY) == b"".join(PARTS)
    assert await count(store) == (1, meta.size)


async def test_parts_come_in_any_order_and_with_gaps(store: Store, multipart: Multipart) -> None:
    upload = await multipart.create_upload(KEY, Put())
    numbers = (10_000, 7, 300)
    for number, data in zip(numbers, PARTS, strict=True):
        await multipart.put_part(KEY, upload.id, number, BytesBody(data))
    assert [part.number for part in (await multipart.parts(KEY, upload.id)).items] == sorted(numbers)
    await multipart.complete_upload(KEY, upload.id, [PartRef(number) for number in sorted(numbers)])
    assert await read(store, KEY) == PARTS[1] + PARTS[2] + PARTS[0]


async def test_a_part_is_replaced_by_a_later_one(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    part = await multipart.put_part(KEY, upload, 2, BytesBody(NEW))
    found = await multipart.parts(KEY, upload)
    assert [(row.size, row.etag) for row in found.items] == [
        (len(PARTS[0]), md5(PARTS[0])),
        (len(NEW), md5(NEW)),
        (len(PARTS[2]), md5(PARTS[2])),
    ]
    with pytest.raises(InvalidPart):
        await multipart.complete_upload(KEY, upload, refs)
    await multipart.complete_upload(KEY, upload, [refs[0], PartRef(2, part.etag), refs[2]])
    assert await read(store, KEY) == PARTS[0] + NEW + PARTS[2]


async def test_parts_that_are_not_named_are_dropped(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    meta = await multipart.complete_upload(KEY, upload, [refs[0], refs[2]])
    assert meta.etag == composite(PARTS[0], PARTS[2])
    assert await read(store, KEY) == PARTS[0] + PARTS[2]
    assert await count(store) == (1, len(PARTS[0]) + len(PARTS[2]))
    with pytest.raises(NoSuchUpload):
        await multipart.parts(KEY, upload)


REFUSED = {
    "unknown part": ([PartRef(1), PartRef(4)], InvalidPart),
    "wrong etag": ([PartRef(1), PartRef(2, md5(b"other"))], InvalidPart),
    "etag of another part": ([PartRef(1, md5(PARTS[1]))], InvalidPart),
    "wrong checksum": ([PartRef(1, "", {"sha256": encode(bytes(32))})], InvalidPart),
    "wrong order": ([PartRef(2), PartRef(1)], InvalidPartOrder),
    "twice the same": ([PartRef(1), PartRef(1)], InvalidPartOrder),
    "no part": ([], BadRequest),
}


async def test_a_completion_that_is_refused_keeps_the_upload(store: Store, multipart: Multipart) -> None:
    await put(store, KEY, OLD)
    upload, right = await begun(multipart, KEY, PARTS)
    for refs, error in REFUSED.values():
        with pytest.raises(error):
            await multipart.complete_upload(KEY, upload, refs)
        assert await read(store, KEY) == OLD
        assert len((await multipart.parts(KEY, upload)).items) == len(PARTS)
    await multipart.complete_upload(KEY, upload, right)
    assert await read(store, KEY) == b"".join(PARTS)


async def test_parts_below_the_minimum_are_refused_but_for_the_last(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, [b"12345", b"1234", b"1"])
    with pytest.raises(PartTooSmall):
        await multipart.complete_upload(KEY, upload, refs, min_part=5)
    assert await names(store) == []
    await multipart.complete_upload(KEY, upload, [refs[0], refs[2]], min_part=5)
    assert await read(store, KEY) == b"123451"


async def test_numbers_of_parts_have_bounds(store: Store, multipart: Multipart) -> None:
    await put(store, KEY, OLD)
    upload = await multipart.create_upload(KEY, Put())
    for number in (-1, 0, 10_001, 2**40, 2**70):
        with pytest.raises(BadRequest):
            await multipart.put_part(KEY, upload.id, number, BytesBody(OLD))
        with pytest.raises(BadRequest):
            await multipart.copy_part(KEY, upload.id, number, KEY)
        with pytest.raises(BadRequest):
            await multipart.complete_upload(KEY, upload.id, [PartRef(number)])
    assert (await multipart.parts(KEY, upload.id)).items == ()


async def test_an_upload_is_aborted(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    await multipart.abort_upload(KEY, upload)
    assert await open_uploads(multipart) == []
    assert await names(store) == []
    await every_call_says_no_such_upload(multipart, KEY, upload, refs)


async def test_a_completed_upload_is_gone(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    await multipart.complete_upload(KEY, upload, refs)
    await every_call_says_no_such_upload(multipart, KEY, upload, refs[:1])
    assert await read(store, KEY) == b"".join(PARTS)


async def test_unknown_uploads(store: Store, multipart: Multipart) -> None:
    await put(store, KEY)
    for upload in ("", "unknown", "0" * 32, "\0", "é", "x" * 5000, "' OR 1=1 --"):
        await every_call_says_no_such_upload(multipart, KEY, upload, [PartRef(1)])


async def test_an_upload_of_another_key(store: Store, multipart: Multipart) -> None:
    await put(store, KEY)
    upload, refs = await begun(multipart, KEY, PARTS)
    await every_call_says_no_such_upload(multipart, MISSING, upload, refs)
    assert len((await multipart.parts(KEY, upload)).items) == len(PARTS)


async def every_call_says_no_such_upload(multipart: Multipart, key: Key, upload: str, refs: list[PartRef]) -> None:
    with pytest.raises(NoSuchUpload):
        await multipart.stat_upload(key, upload)
    with pytest.raises(NoSuchUpload):
        await multipart.put_part(key, upload, 1, BytesBody(OLD))
    with pytest.raises(NoSuchUpload):
        await multipart.copy_part(key, upload, 1, KEY)
    with pytest.raises(NoSuchUpload):
        await multipart.parts(key, upload)
    with pytest.raises(NoSuchUpload):
        await multipart.complete_upload(key, upload, refs)
    with pytest.raises(NoSuchUpload):
        await multipart.abort_upload(key, upload)


async def test_a_missing_bucket(store: Store, multipart: Multipart) -> None:
    await put(store, KEY)
    nowhere = Key("nowhere", "object")
    with pytest.raises(NoSuchBucket):
        await multipart.create_upload(nowhere, Put())
    with pytest.raises(NotFound):
        await multipart.stat_upload(nowhere, "unknown")
    with pytest.raises(NotFound):
        await multipart.put_part(nowhere, "unknown", 1, BytesBody(OLD))
    with pytest.raises(NotFound):
        await multipart.complete_upload(nowhere, "unknown", [PartRef(1)])


async def test_an_upload_aborted_while_a_part_comes_in(store: Store, multipart: Multipart) -> None:
    upload = await multipart.create_upload(KEY, Put())

    async def abort(number: int) -> None:
        if number == 1:
            await multipart.abort_upload(KEY, upload.id)

    with pytest.raises(NoSuchUpload):
        await multipart.put_part(KEY, upload.id, 1, Scripted([OLD, NEW], abort))
    assert await open_uploads(multipart) == []


async def test_uploads_go_with_their_bucket(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    await store.delete_bucket(BUCKET)
    with pytest.raises(NotFound):
        await multipart.complete_upload(KEY, upload, refs)
    await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
    assert await open_uploads(multipart) == []
    with pytest.raises(NoSuchUpload):
        await multipart.complete_upload(KEY, upload, refs)


async def test_two_uploads_of_one_name_do_not_mix(store: Store, multipart: Multipart) -> None:
    first, first_refs = await begun(multipart, KEY, [b"a", b"b"])
    second, second_refs = await begun(multipart, KEY, [b"c", b"d"])
    assert first != second
    await multipart.complete_upload(KEY, second, second_refs)
    assert await read(store, KEY) == b"cd"
    await multipart.complete_upload(KEY, first, first_refs)
    assert await read(store, KEY) == b"ab"
    assert await count(store) == (1, 2)


async def test_the_time_of_the_object_can_be_stated(store: Store, multipart: Multipart) -> None:
    upload = await multipart.create_upload(KEY, Put(modified=10**18))
    part = await multipart.put_part(KEY, upload.id, 1, BytesBody(OLD))
    meta = await multipart.complete_upload(KEY, upload.id, [PartRef(1, part.etag)])
    assert meta.modified == 10**18
    assert await store.stat(KEY) == meta


async def test_a_part_keeps_the_checksums_that_were_wanted(store: Store, multipart: Multipart) -> None:
    upload = await multipart.create_upload(KEY, Put())
    part = await multipart.put_part(KEY, upload.id, 1, BytesBody(OLD), frozenset({Algorithm.SHA256}))
    expected = base64.b64encode(hashlib.sha256(OLD).digest()).decode()
    assert part.checksums == {"sha256": expected}
    assert (await multipart.parts(KEY, upload.id)).items == (part,)
    with pytest.raises(InvalidPart):
        await multipart.complete_upload(KEY, upload.id, [PartRef(1, part.etag, {"sha256": encode(bytes(32))})])
    await multipart.complete_upload(KEY, upload.id, [PartRef(1, part.etag, {"sha256": expected})])
    assert await read(store, KEY) == OLD


@pytest.mark.parametrize(("algorithm", "whole"), SUMMED)
async def test_the_checksum_that_an_upload_asked_for(
    store: Store, multipart: Multipart, algorithm: Algorithm, whole: bool
) -> None:
    await put(store, "source", PARTS[1])
    upload = await multipart.create_upload(KEY, Put(), checksum=algorithm, whole=whole)
    assert (upload.checksum, upload.whole) == (algorithm, whole)
    assert await multipart.stat_upload(KEY, upload.id) == upload
    first = await multipart.put_part(KEY, upload.id, 1, BytesBody(PARTS[0]))
    second = await multipart.copy_part(KEY, upload.id, 2, Key(BUCKET, "source"))
    digests = [digest(algorithm, data) for data in PARTS[:2]]
    assert [part.checksums for part in (first, second)] == [{algorithm.value: encode(value)} for value in digests]
    meta = await multipart.complete_upload(KEY, upload.id, [PartRef(1, first.etag), PartRef(2, second.etag)])
    of_all = encode(digest(algorithm, PARTS[0] + PARTS[1]))
    of_digests = encode(digest(algorithm, b"".join(digests))) + "-2"
    assert meta.checksums == {algorithm.value: of_all if whole else of_digests}
    assert await store.stat(KEY) == meta


async def test_parts_are_copied_from_objects(store: Store, multipart: Multipart) -> None:
    source = Key(BUCKET, "source")
    await put(store, source, PARTS[1])
    upload = await multipart.create_upload(KEY, Put())
    whole = await multipart.copy_part(KEY, upload.id, 1, source)
    assert (whole.number, whole.size, whole.etag) == (1, len(PARTS[1]), md5(PARTS[1]))
    some = await multipart.copy_part(KEY, upload.id, 2, source, span=Span(3, 100_000))
    assert (some.size, some.etag) == (99_998, md5(PARTS[1][3:100_001]))
    tail = await multipart.copy_part(KEY, upload.id, 3, source, span=Span(None, 5))
    assert tail.etag == md5(PARTS[1][-5:])
    await store.delete(source)
    refs = [PartRef(part.number, part.etag) for part in (whole, some, tail)]
    await multipart.complete_upload(KEY, upload.id, refs)
    assert await read(store, KEY) == PARTS[1] + PARTS[1][3:100_001] + PARTS[1][-5:]


async def test_a_part_copied_from_an_object_of_parts(store: Store, multipart: Multipart) -> None:
    await assembled(multipart, KEY, PARTS)
    data = b"".join(PARTS)
    upload = await multipart.create_upload(KEY, Put())
    part = await multipart.copy_part(KEY, upload.id, 1, KEY, span=Span(5, len(data) - 3))
    assert part.etag == md5(data[5:-2])
    await multipart.complete_upload(KEY, upload.id, [PartRef(1, part.etag)])
    assert await read(store, KEY) == data[5:-2]


async def test_a_part_that_can_not_be_copied(store: Store, multipart: Multipart) -> None:
    await put(store, KEY, OLD)
    upload = await multipart.create_upload(KEY, Put())
    with pytest.raises(NoSuchKey):
        await multipart.copy_part(KEY, upload.id, 1, MISSING)
    with pytest.raises(NoSuchBucket):
        await multipart.copy_part(KEY, upload.id, 1, Key("nowhere", "object"))
    with pytest.raises(BadRange):
        await multipart.copy_part(KEY, upload.id, 1, KEY, span=Span(len(OLD)))
    assert (await multipart.parts(KEY, upload.id)).items == ()


async def test_copies_of_an_object_of_parts_live_on_their_own(store: Store, multipart: Multipart) -> None:
    data = b"".join(PARTS)
    await assembled(multipart, KEY, PARTS)
    copied = await store.copy(KEY, Key(BUCKET, "copy"), Copy())
    assert copied.size == len(data)
    await store.delete(KEY)
    assert await read(store, "copy") == data
    await assembled(multipart, Key(BUCKET, "copy"), [b"x"])
    assert await read(store, "copy") == b"x"
    assert await count(store) == (1, 1)
