"""Pages of versions, by key and version marker."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities.versions import Versions
from gateway.core.errors import NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import Key, Prefix
from gateway.core.versions import NULL, Version, VersionQuery
from tests.conformance.tools import BUCKET, OWNER, put

NAMES = ("a", "dir/a", "dir/b", "dir/sub/c", "dir2", "z\u00e9", "\U0001f600")
ROUNDS = 3

Row = tuple[str, str | None, bool, bool] | str


def shown(item: Version | Prefix) -> Row:
    if isinstance(item, Prefix):
        return f"<{item.name}>"
    return item.name, item.meta.version, item.latest, item.marker


@pytest.fixture
async def versions(store: Store, versions: Versions) -> Versions:
    """A bucket in which each name has a version without id, some with, and every other one a marker at the top."""
    for name in NAMES:
        await put(store, name)
    await versions.set_versioning(BUCKET, enabled=True)
    for number in range(ROUNDS):
        for name in reversed(NAMES):
            await put(store, name, b"%d" % number)
    for name in NAMES[::2]:
        await store.delete(Key(BUCKET, name))
    return versions


async def whole(
    versions: Versions, prefix: str = "", delimiter: str = "", key_marker: str = "", version_marker: str = ""
) -> list[Row]:
    query = VersionQuery(
        prefix=prefix, delimiter=delimiter, key_marker=key_marker, version_marker=version_marker, limit=1000
    )
    page = await versions.versions(BUCKET, query)
    assert page.next is None
    return [shown(item) for item in page.items]


async def paged(versions: Versions, limit: int, prefix: str = "", delimiter: str = "") -> list[Row]:
    """Page by page, each beginning where the one before says."""
    found: list[Row] = []
    asked = VersionQuery(limit=limit, prefix=prefix, delimiter=delimiter)
    while True:
        page = await versions.versions(BUCKET, asked)
        assert len(page.items) <= limit
        found += [shown(item) for item in page.items]
        if page.next is None:
            return found
        last = page.items[-1]
        assert page.next == last.name
        marker = (last.meta.version or NULL) if isinstance(last, Version) else ""
        asked = replace(asked, key_marker=last.name, version_marker=marker)


async def test_names_in_order_and_of_each_the_newest_first(versions: Versions) -> None:
    found = await whole(versions)
    rows = [row for row in found if not isinstance(row, str)]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert len(rows) == len(NAMES) * (1 + ROUNDS) + len(NAMES[::2])
    for before, row in pairwise([("", None, False, False), *rows]):
        assert row[2] == (row[0] != before[0])
        assert row[3] == (row[2] and row[0] in NAMES[::2])
    assert all(row[1] is None for row, after in pairwise([*rows, ("", None, True, False)]) if row[0] != after[0])


async def test_pages_are_the_listing_in_pieces(versions: Versions) -> None:
    expected = await whole(versions)
    for limit in (1, 2, 3, 7, 1000):
        assert await paged(versions, limit) == expected


async def test_groups_and_prefixes(versions: Versions) -> None:
    rows = await whole(versions)
    for query in ({"delimiter": "/"}, {"prefix": "dir"}, {"prefix": "dir/", "delimiter": "/"}):
        expected = grouped(rows, **query)
        assert await whole(versions, **query) == expected
        for limit in (1, 2, 5):
            assert await paged(versions, limit, **query) == expected


def grouped(rows: Sequence[Row], prefix: str = "", delimiter: str = "") -> list[Row]:
    """What a listing with these options tells of all versions."""
    expected: list[Row] = []
    for row in rows:
        assert not isinstance(row, str)
        name = row[0]
        head, mark, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if name.startswith(prefix) and not mark:
            expected.append(row)
        elif name.startswith(prefix) and expected[-1:] != [f"<{prefix}{head}/>"]:
            expected.append(f"<{prefix}{head}/>")
    return expected


async def test_a_key_marker_alone_is_behind_all_versions_of_the_key(versions: Versions) -> None:
    found = await whole(versions, key_marker="dir/b")
    assert {row[0] for row in found} == {"dir/sub/c", "dir2", "z\u00e9", "\U0001f600"}
    assert found[0][2] is True
    between = await whole(versions, key_marker="dir/b0")
    assert between == found


async def test_a_version_marker_that_is_gone_still_has_its_place(store: Store, versions: Versions) -> None:
    rows = await whole(versions, prefix="dir/a")
    middle = rows[1]
    assert not isinstance(middle, str)
    assert middle[1] is not None
    await store.delete(Key(BUCKET, "dir/a"), middle[1])
    found = await whole(versions, prefix="dir/a", key_marker="dir/a", version_marker=middle[1])
    assert found == rows[2:]


async def test_a_marker_before_the_prefix(versions: Versions) -> None:
    assert await whole(versions, prefix="dir/", key_marker="a", version_marker=NULL) == await whole(
        versions, prefix="dir/"
    )


async def test_a_page_of_none(versions: Versions) -> None:
    page = await versions.versions(BUCKET, VersionQuery(limit=0))
    assert (page.items, page.next) == ((), None)


async def test_many_versions_of_one_name(store: Store, versions: Versions) -> None:
    """More than a block of any store."""
    await store.create_bucket("one", BucketProps(owner=OWNER))
    await versions.set_versioning("one", enabled=True)
    ids = [(await put(store, Key("one", "name"), b"")).version for _ in range(1500)]
    await put(store, Key("one", "other"), b"")
    found: list[str | None] = []
    query = VersionQuery(limit=1000)
    for _ in range(2):
        page = await versions.versions("one", query)
        rows = [row for row in page.items if isinstance(row, Version)]
        found += [row.meta.version for row in rows if row.name == "name"]
        query = VersionQuery(limit=1000, key_marker=rows[-1].name, version_marker=rows[-1].meta.version or NULL)
    assert found == ids[::-1]


async def test_of_a_bucket_that_is_not_there(versions: Versions) -> None:
    with pytest.raises(NoSuchBucket):
        await versions.versions("missing", VersionQuery())
