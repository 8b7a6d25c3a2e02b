"""Listings of uploads and of their parts."""

from dataclasses import replace

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities.multipart import Multipart
from gateway.core.errors import NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import Key, Prefix, Put
from gateway.core.uploads import Upload, UploadQuery
from tests.conformance.tools import BUCKET, KEY, put, shown
from tests.support.names import ODD_KEYS

NAMES = ("a", "a", "a", "a/1", "a/2", "b/x", "c", "c")


async def test_no_uploads(store: Store, multipart: Multipart) -> None:
    await put(store, KEY)
    page = await multipart.uploads(BUCKET, UploadQuery())
    assert (page.items, page.next) == ((), None)
    with pytest.raises(NoSuchBucket):
        await multipart.uploads("missing", UploadQuery())


async def opened(multipart: Multipart) -> list[Upload]:
    """Uploads in the order of a listing: by name, then by id."""
    uploads = [await multipart.create_upload(Key(BUCKET, name), Put()) for name in NAMES]
    return sorted(uploads, key=lambda upload: (upload.name, upload.id))


async def walked(multipart: Multipart, query: UploadQuery) -> list[Upload | Prefix]:
    """All rows, page by page, as a client walks them."""
    found: list[Upload | Prefix] = []
    while True:
        page = await multipart.uploads(BUCKET, query)
        found += page.items
        if page.next is None:
            return found
        assert len(page.items) == query.limit
        last = page.items[-1]
        assert page.next == last.name
        assert len(found) <= len(ODD_KEYS)
        query = replace(query, key_marker=page.next, id_marker=last.id if isinstance(last, Upload) else "")


async def test_uploads_are_listed_by_name_then_id(store: Store, multipart: Multipart) -> None:
    uploads = await opened(multipart)
    for limit in (1, 2, 3, 7, 8, 9):
        assert await walked(multipart, UploadQuery(limit=limit)) == uploads


async def test_uploads_are_grouped(store: Store, multipart: Multipart) -> None:
    await opened(multipart)
    for limit in (1, 2, 4, 7):
        rows = await walked(multipart, UploadQuery(delimiter="/", limit=limit))
        assert [shown(row) if isinstance(row, Prefix) else row.name for row in rows] == [
            *["a"] * 3,
            "<a/>",
            "<b/>",
            *["c"] * 2,
        ]


async def test_uploads_below_a_prefix(store: Store, multipart: Multipart) -> None:
    uploads = await opened(multipart)
    assert await walked(multipart, UploadQuery(prefix="a/")) == uploads[3:5]
    assert await walked(multipart, UploadQuery(prefix="a/", delimiter="/", limit=1)) == uploads[3:5]
    assert await walked(multipart, UploadQuery(prefix="c", key_marker="a")) == uploads[6:]
    assert await walked(multipart, UploadQuery(prefix="x")) == []


async def test_uploads_behind_markers(store: Store, multipart: Multipart) -> None:
    uploads = await opened(multipart)
    assert await walked(multipart, UploadQuery(key_marker="a")) == uploads[3:]
    assert await walked(multipart, UploadQuery(key_marker="a", id_marker=uploads[0].id)) == uploads[1:]
    assert await walked(multipart, UploadQuery(key_marker="a", id_marker=uploads[2].id)) == uploads[3:]
    assert await walked(multipart, UploadQuery(key_marker="a/0")) == uploads[3:]
    assert await walked(multipart, UploadQuery(key_marker="c")) == []
    assert await walked(multipart, UploadQuery(limit=0)) == []
    grouped = await walked(multipart, UploadQuery(key_marker="a/", delimiter="/"))
    assert [row.name for row in grouped] == ["b/", "c", "c"]


async def test_odd_names_of_uploads_are_in_byte_order(store: Store, multipart: Multipart) -> None:
    for name in ODD_KEYS:
        await multipart.create_upload(Key(BUCKET, name), Put())
    rows = await walked(multipart, UploadQuery(limit=9))
    assert [row.name for row in rows] == sorted(ODD_KEYS, key=str.encode)


async def test_parts_are_paged_by_number(store: Store, multipart: Multipart) -> None:
    upload = await multipart.create_upload(KEY, Put())
    numbers = (2, 3, 9, 10, 11, 100)
    for number in reversed(numbers):
        await multipart.put_part(KEY, upload.id, number, BytesBody(b"%d" % number))
    for limit in (1, 2, 4, 6, 7):
        found: list[int] = []
        marker: str | None = "0"
        while marker is not None:
            page = await multipart.parts(KEY, upload.id, marker=int(marker), limit=limit)
            found += [part.number for part in page.items]
            assert page.next is None or (len(page.items) == limit and page.next == str(found[-1]))
            marker = page.next
        assert tuple(found) == numbers
    assert [part.number for part in (await multipart.parts(KEY, upload.id, marker=9)).items] == [10, 11, 100]
    assert (await multipart.parts(KEY, upload.id, marker=100)).items == ()
    assert (await multipart.parts(KEY, upload.id, limit=0)).items == ()
