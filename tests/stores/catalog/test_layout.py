"""Where bytes lie, and that they are not moved."""

from pathlib import Path

from gateway.core.body import BytesBody
from gateway.core.ranges import Span
from gateway.core.types import Copy, PartRef, Put
from gateway.stores.catalog import Catalog
from tests.stores.catalog.tools import INLINE_MAX, KEY, LARGE, SMALL, assembled, key, put, put_part, read
from tests.support.catalog import extents, files, tidy
from tests.support.waiting import until


async def test_small_objects_lie_in_the_index_and_large_ones_in_files(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, "least", b"")
    await put(catalog, "edge", b"e" * INLINE_MAX)
    assert files(tmp_path) == {}
    await put(catalog, "over", b"o" * (INLINE_MAX + 1))
    assert list(files(tmp_path).values()) == [INLINE_MAX + 1]


async def test_copy_and_rename_move_no_bytes(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, "dir/a", LARGE)
    before = files(tmp_path)
    await catalog.copy(key("dir/a"), key("dir/b"), Copy())
    await catalog.rename(key("dir/a"), key("dir/c"))
    assert await catalog.rename_prefix(key("dir/"), key("other/")) == 2
    assert files(tmp_path) == before
    assert await read(catalog, "other/b") == await read(catalog, "other/c") == LARGE


async def test_a_completion_moves_no_bytes(catalog: Catalog, tmp_path: Path) -> None:
    upload = await catalog.create_upload(KEY, Put())
    parts = [await put_part(catalog, KEY, upload.id, number, LARGE) for number in (1, 2)]
    before = files(tmp_path)
    await catalog.complete_upload(KEY, upload.id, [PartRef(part.number) for part in parts])
    assert files(tmp_path) == before
    assert await read(catalog, KEY) == LARGE * 2


async def test_a_part_copied_from_an_object_shares_its_bytes(catalog: Catalog, tmp_path: Path) -> None:
    await assembled(catalog, key("source"), LARGE, LARGE[::-1])
    before = files(tmp_path)
    upload = await catalog.create_upload(KEY, Put())
    span = Span(1000, len(LARGE) + 999)
    part = await catalog.copy_part(KEY, upload.id, 1, key("source"), span=span)
    assert files(tmp_path) == before
    await catalog.delete(key("source"))
    await catalog.complete_upload(KEY, upload.id, [PartRef(part.number)])
    assert await read(catalog, KEY) == (LARGE + LARGE[::-1])[1000 : len(LARGE) + 1000]


async def test_an_append_adds_one_file(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, KEY, LARGE)
    before = files(tmp_path)
    await catalog.append(KEY, BytesBody(LARGE), Put())
    await catalog.append(KEY, BytesBody(LARGE), Put())
    assert before.items() <= files(tmp_path).items()
    assert len(files(tmp_path)) == extents(tmp_path, KEY) == 3
    assert await read(catalog, KEY) == LARGE * 3


async def test_small_appends_are_gathered(catalog: Catalog, tmp_path: Path) -> None:
    """A log that grows by lines has an extent for each `INLINE_MAX` bytes or so, not for each line."""
    await put(catalog, KEY, LARGE)
    for number in range(100):
        await catalog.append(KEY, BytesBody(b"%099d\n" % number), Put())
    assert extents(tmp_path, KEY) == 1 + 100 * 100 // INLINE_MAX
    assert (await read(catalog, KEY))[len(LARGE) :] == b"".join(b"%099d\n" % number for number in range(100))


async def test_a_gathered_append_is_not_seen_by_a_copy(catalog: Catalog) -> None:
    await put(catalog, KEY, LARGE)
    await catalog.append(KEY, BytesBody(b"one"), Put())
    await catalog.copy(KEY, key("copy"), Copy())
    await catalog.append(KEY, BytesBody(b"two"), Put())
    await catalog.append(KEY, BytesBody(b"three"), Put())
    await catalog.append(key("copy"), BytesBody(b"four"), Put())
    assert await read(catalog, KEY) == LARGE + b"onetwothree"
    assert await read(catalog, "copy") == LARGE + b"onefour"


async def test_an_append_that_grows_out_of_the_index(catalog: Catalog) -> None:
    data = b""
    for number in range(60):
        piece = bytes([number]) * (number * 7)
        await catalog.append(KEY, BytesBody(piece), Put())
        data += piece
        assert await read(catalog, KEY) == data


async def test_replaced_and_deleted_bytes_leave_the_disk(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, KEY, LARGE)
    await put(catalog, KEY, SMALL)
    await tidy(tmp_path)
    assert files(tmp_path) == {}
    await assembled(catalog, KEY, LARGE, LARGE, SMALL)
    await catalog.delete(KEY)
    await tidy(tmp_path)
    assert files(tmp_path) == {}


async def test_shared_bytes_stay_as_long_as_someone_has_them(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, KEY, LARGE)
    await catalog.copy(KEY, key("copy"), Copy())
    await catalog.delete(KEY)
    await tidy(tmp_path)
    assert await read(catalog, "copy") == LARGE
    await catalog.delete(key("copy"))
    await until(lambda: not files(tmp_path))


async def test_an_aborted_upload_leaves_the_disk(catalog: Catalog, tmp_path: Path) -> None:
    upload = await catalog.create_upload(KEY, Put())
    for number in (1, 2, 2):
        await put_part(catalog, KEY, upload.id, number, LARGE)
    await catalog.abort_upload(KEY, upload.id)
    await tidy(tmp_path)
    assert files(tmp_path) == {}


async def test_parts_that_a_completion_leaves_out_leave_the_disk(catalog: Catalog, tmp_path: Path) -> None:
    upload = await catalog.create_upload(KEY, Put())
    for number in (1, 2, 3):
        await put_part(catalog, KEY, upload.id, number, LARGE)
    await catalog.complete_upload(KEY, upload.id, [PartRef(2)])
    await tidy(tmp_path)
    assert len(files(tmp_path)) == 1


async def test_a_bucket_goes_with_its_uploads(catalog: Catalog, tmp_path: Path) -> None:
    upload = await catalog.create_upload(KEY, Put())
    await put_part(catalog, KEY, upload.id, 1, LARGE)
    await catalog.delete_bucket(KEY.bucket)
    await tidy(tmp_path)
    assert files(tmp_path) == {}
