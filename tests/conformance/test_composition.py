"""What a store tells of the parts that an object was put together from."""

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities.multipart import Multipart, Parted
from gateway.core.capabilities.objects import Append, Rename
from gateway.core.capabilities.versions import Versions
from gateway.core.digest import Algorithm, digest, encode
from gateway.core.errors import NoSuchBucket, NoSuchKey
from gateway.core.store import Store
from gateway.core.types import Copy, Key, PropsChange, Put
from gateway.core.uploads import ObjectPart, ObjectParts, PartRef
from tests.conformance.tools import BUCKET, KEY, MISSING, NEW, OLD, assembled, put

PARTS = (b"first part; ", b"second part; " * 20_000, b"third")
COPY = Key(BUCKET, "copy")


def told(*sizes: int) -> tuple[ObjectPart, ...]:
    return tuple(
        ObjectPart(number=number, offset=sum(sizes[: number - 1]), size=size) for number, size in enumerate(sizes, 1)
    )


SIZES = tuple(map(len, PARTS))


async def test_an_object_tells_its_parts(store: Store, multipart: Multipart, parted: Parted) -> None:
    meta = await assembled(multipart, KEY, PARTS)
    assert await parted.object_parts(KEY) == ObjectParts(meta, 3, told(*SIZES))
    assert await store.stat(KEY) == meta


async def test_parts_of_an_object_are_paged(multipart: Multipart, parted: Parted) -> None:
    meta = await assembled(multipart, KEY, PARTS)
    parts = told(*SIZES)
    assert await parted.object_parts(KEY, limit=2) == ObjectParts(meta, 3, parts[:2])
    assert await parted.object_parts(KEY, marker=1, limit=1) == ObjectParts(meta, 3, parts[1:2])
    assert await parted.object_parts(KEY, marker=2, limit=1000) == ObjectParts(meta, 3, parts[2:])
    assert await parted.object_parts(KEY, marker=3, limit=1) == ObjectParts(meta, 3)
    assert await parted.object_parts(KEY, limit=0) == ObjectParts(meta, 3)


async def test_parts_are_counted_without_the_gaps_of_their_numbers(multipart: Multipart, parted: Parted) -> None:
    upload = await multipart.create_upload(KEY, Put())
    for number, data in zip((9_999, 3, 70), PARTS, strict=True):
        await multipart.put_part(KEY, upload.id, number, BytesBody(data))
    await multipart.complete_upload(KEY, upload.id, [PartRef(number) for number in (3, 70, 9_999)])
    assert (await parted.object_parts(KEY)).parts == told(SIZES[1], SIZES[2], SIZES[0])


async def test_one_part_is_one_part(multipart: Multipart, parted: Parted) -> None:
    meta = await assembled(multipart, KEY, [OLD])
    assert await parted.object_parts(KEY) == ObjectParts(meta, 1, told(len(OLD)))


async def test_empty_parts_are_told(multipart: Multipart, parted: Parted) -> None:
    meta = await assembled(multipart, KEY, [OLD, b""])
    assert await parted.object_parts(KEY) == ObjectParts(meta, 2, told(len(OLD), 0))


async def test_an_object_that_came_in_as_one_has_no_parts(store: Store, parted: Parted) -> None:
    meta = await put(store, KEY, OLD)
    assert await parted.object_parts(KEY) == ObjectParts(meta)


async def test_a_write_takes_the_parts_of_what_it_replaces(store: Store, multipart: Multipart, parted: Parted) -> None:
    await assembled(multipart, KEY, PARTS)
    meta = await put(store, KEY, OLD)
    assert await parted.object_parts(KEY) == ObjectParts(meta)
    again = await assembled(multipart, KEY, [NEW])
    assert await parted.object_parts(KEY) == ObjectParts(again, 1, told(len(NEW)))


async def test_parts_of_what_is_not_there(store: Store, parted: Parted) -> None:
    with pytest.raises(NoSuchKey):
        await parted.object_parts(MISSING)
    with pytest.raises(NoSuchBucket):
        await parted.object_parts(Key("nowhere", "object"))


async def test_a_change_of_properties_keeps_the_parts(store: Store, multipart: Multipart, parted: Parted) -> None:
    await assembled(multipart, KEY, PARTS)
    await store.update(KEY, PropsChange(user={"a": "1"}))
    found = await parted.object_parts(KEY)
    assert (found.meta.props.user, found.total, found.parts) == ({"a": "1"}, 3, told(*SIZES))


async def test_copies_have_the_parts_of_their_source(store: Store, multipart: Multipart, parted: Parted) -> None:
    await assembled(multipart, KEY, PARTS)
    await store.copy(KEY, COPY, Copy())
    await store.delete(KEY)
    assert (await parted.object_parts(COPY)).parts == told(*SIZES)


async def test_renamed_objects_keep_their_parts(multipart: Multipart, renamer: Rename, parted: Parted) -> None:
    await assembled(multipart, KEY, PARTS)
    await renamer.rename(KEY, COPY)
    assert (await parted.object_parts(COPY)).parts == told(*SIZES)


async def test_what_was_appended_to_has_no_known_parts(
    store: Store, multipart: Multipart, appender: Append, parted: Parted
) -> None:
    await assembled(multipart, KEY, PARTS)
    await store.copy(KEY, COPY, Copy())
    for key in (KEY, COPY):
        await appender.append(key, BytesBody(NEW), Put())
        assert (await parted.object_parts(key)).total == 0


async def test_a_version_tells_its_own_parts(multipart: Multipart, versions: Versions, parted: Parted) -> None:
    await versions.set_versioning(BUCKET, enabled=True)
    first = await assembled(multipart, KEY, PARTS)
    second = await assembled(multipart, KEY, [OLD, NEW])
    assert await parted.object_parts(KEY, first.version) == ObjectParts(first, 3, told(*SIZES))
    assert await parted.object_parts(KEY) == ObjectParts(second, 2, told(len(OLD), len(NEW)))


async def test_parts_have_their_checksums(multipart: Multipart, parted: Parted) -> None:
    upload = await multipart.create_upload(KEY, Put(), checksum=Algorithm.CRC32C, whole=True)
    for number, data in enumerate(PARTS, 1):
        await multipart.put_part(KEY, upload.id, number, BytesBody(data))
    await multipart.complete_upload(KEY, upload.id, [PartRef(number) for number in (1, 2, 3)])
    found = await parted.object_parts(KEY)
    assert [part.checksums for part in found.parts] == [
        {"crc32c": encode(digest(Algorithm.CRC32C, data))} for data in PARTS
    ]
