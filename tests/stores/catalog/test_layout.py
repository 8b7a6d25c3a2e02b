"""Where bytes lie, and that they are not moved."""

from contextlib import closing
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.ranges import Span
from gateway.core.types import Copy, Put
from gateway.core.uploads import PartRef
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.tables import garbage
from tests.stores.catalog.tools import INLINE_MAX, KEY, LARGE, SMALL, assembled, key, put, put_part, read
from tests.support.catalog import connect, extents, files, tidy
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


async def test_bytes_that_an_object_has_twice_are_counted_twice(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, "source", LARGE)
    upload = await catalog.create_upload(KEY, Put())
    for number in (1, 2, 3):
        await catalog.copy_part(KEY, upload.id, number, key("source"))
    await catalog.complete_upload(KEY, upload.id, [PartRef(number) for number in (1, 2, 3)])
    await catalog.copy(KEY, key("copy"), Copy())
    await catalog.append(key("copy"), BytesBody(b"!"), Put())  # which copies the extents
    await catalog.delete(key("source"))
    await catalog.delete(KEY)
    await tidy(tmp_path)
    assert await read(catalog, "copy") == LARGE * 3 + b"!"


@pytest.mark.parametrize("size", (1, 3, 7))
async def test_garbage_of_many_pieces_is_collected_slice_by_slice(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(garbage, "SLICE", size)
    for name in ("a", "b"):
        await assembled(catalog, key(name), *[LARGE, SMALL] * 4)
    await catalog.delete_many(KEY.bucket, ["a", "b"])
    await tidy(tmp_path)
    assert files(tmp_path) == {}


async def test_an_index_gives_pages_back(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "SLACK_PAGES", 10)
    monkeypatch.setattr(garbage, "SLICE", 20)
    for number in range(400):
        await put(catalog, f"{number}", b"x" * INLINE_MAX)
    await catalog.delete_many(KEY.bucket, [f"{number}" for number in range(400)])

    def pages(pragma: str) -> int:
        with closing(connect(tmp_path)) as db:
            return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])

    await until(lambda: pages("freelist_count") <= 10 + pages("page_count") // 4)


async def test_an_append_to_a_copy_of_the_beginning_of_a_row(catalog: Catalog) -> None:
    """Behind the copy's end lie bytes of the source, which has gone."""
    await put(catalog, "source", LARGE)
    await catalog.append(key("source"), BytesBody(b"abcdef"), Put())
    upload = await catalog.create_upload(KEY, Put())
    await catalog.copy_part(KEY, upload.id, 1, key("source"), span=Span(10, len(LARGE) + 2))
    await catalog.complete_upload(KEY, upload.id, [PartRef(1)])
    await catalog.delete(key("source"))
    await tidy(catalog._engine.settings.path)
    await catalog.append(KEY, BytesBody(b"xyz"), Put())
    assert await read(catalog, KEY) == LARGE[10:] + b"abcxyz"


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
