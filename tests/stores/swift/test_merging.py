"""Listings with own writes laid over them: against a model, whatever the upstream shows late."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.listing import paginate
from gateway.core.types import Key, ListQuery, Meta, Prefix
from gateway.stores.swift.merging import Merged
from gateway.stores.swift.overlay import Overlay
from gateway.stores.swift.rows import Listed, Row
from tests.conformance.tools import shown
from tests.support.listing import NAMES, QUERIES, naive

SCOPE = "bucket"


def meta(name: str, size: int = 0) -> Meta:
    return Meta(key=Key(SCOPE, name), size=size, etag="0" * 32, modified=1)


class Late:
    """An upstream that shows `names`, in pages of at most `most` rows."""

    def __init__(self, names: set[str], most: int, stamp: int = 1) -> None:
        self.names, self.most, self.stamp = names, most, stamp
        self.whole = False
        self.pages = 0

    async def fetch(self, query: ListQuery) -> Listed[Meta]:
        names = sorted(self.names, reverse=query.reverse)

        def seek(start: str, included: bool) -> list[Meta]:
            def ahead(name: str) -> bool:
                beyond = name < start if query.reverse else name > start
                return not start or beyond or (included and name == start)

            return [meta(name) for name in names if ahead(name)]

        page = paginate(seek, replace(query, limit=min(query.limit, self.most)))
        self.pages += 1
        return Listed([Row(item, 0 if isinstance(item, Prefix) else self.stamp) for item in page.items], self.whole)


@given(
    st.sets(NAMES, max_size=10),
    st.sets(NAMES, max_size=4),
    st.data(),
    st.lists(QUERIES, min_size=1, max_size=5),
    st.integers(1, 4),
)
async def test_own_writes_and_deletes_are_shown_at_once(
    late: set[str], written: set[str], data: st.DataObject, queries: list[ListQuery], most: int
) -> None:
    deleted = data.draw(st.sets(st.sampled_from(sorted(late)), max_size=4)) if late else set()
    overlay: Overlay[Meta] = Overlay(60, 1000)
    for name in deleted:
        overlay.deleted(SCOPE, name, 1)
    for name in written:
        overlay.wrote(SCOPE, name, meta(name), 1)
    upstream = Late(late, most)
    for query in queries:
        if query.limit:
            page = await Merged(overlay, SCOPE, upstream.fetch).page(query)
            assert ([shown(row) for row in page.items], page.next) == naive((late - deleted) | written, query)


async def rows(overlay: Overlay[Meta], upstream: Late) -> list[tuple[str, int]]:
    page = await Merged(overlay, SCOPE, upstream.fetch).page(ListQuery())
    return [(row.name, row.size) for row in page.items if isinstance(row, Meta)]


async def test_what_others_write_later_wins() -> None:
    overlay: Overlay[Meta] = Overlay(60, 1000)
    overlay.wrote(SCOPE, "a", meta("a", 7), 5)
    overlay.deleted(SCOPE, "b", 5)
    assert await rows(overlay, Late({"a", "b"}, 10, stamp=5)) == [("a", 7)]
    assert await rows(overlay, Late({"a", "b"}, 10, stamp=6)) == [("a", 0), ("b", 0)]
    assert overlay.get(SCOPE, "a") is None


async def test_what_was_shown_once_and_is_gone_has_been_deleted_by_others() -> None:
    overlay: Overlay[Meta] = Overlay(60, 1000)
    overlay.wrote(SCOPE, "a", meta("a", 7), 5)
    assert await rows(overlay, Late(set(), 10)) == [("a", 7)]
    assert await rows(overlay, Late({"a"}, 10, stamp=5)) == [("a", 7)]
    assert await rows(overlay, Late(set(), 10)) == []


async def test_writes_are_remembered_for_a_time_and_a_number() -> None:
    now = [0.0]
    overlay: Overlay[Meta] = Overlay(60, 3, lambda: now[0])
    for number in range(5):
        now[0] += 1
        overlay.wrote(SCOPE, str(number), meta(str(number)), 1)
    assert [known.name for known in overlay.all(SCOPE)] == ["2", "3", "4"]
    now[0] = 64.5
    assert [known.name for known in overlay.all(SCOPE)] == ["4"]
    overlay.drop(SCOPE)
    assert list(overlay.all(SCOPE)) == []


class Shared(Late):
    """An upstream that others write to as well: `standing` tells what really stands, by name, with its stamp."""

    def __init__(self, names: set[str], standing: Mapping[str, int], stamp: int = 1) -> None:
        super().__init__(names, 10, stamp)
        self.standing = standing
        self.asked: list[str] = []

    async def look(self, names: Sequence[str]) -> Mapping[str, Row[Meta] | None]:
        self.asked += names
        return {
            name: Row(meta(name, self.standing[name]), self.standing[name]) if name in self.standing else None
            for name in names
        }

    async def shown(self, overlay: Overlay[Meta], delimiter: str = "") -> list[tuple[str, int]]:
        page = await Merged(overlay, SCOPE, self.fetch, look=self.look).page(ListQuery(delimiter=delimiter))
        return [(row.name, row.size if isinstance(row, Meta) else -1) for row in page.items]


async def test_what_others_deleted_before_the_listing_showed_it_does_not_come_back() -> None:
    overlay: Overlay[Meta] = Overlay(60, 1000)
    overlay.wrote(SCOPE, "a", meta("a", 7), 7)
    overlay.wrote(SCOPE, "dir/b", meta("dir/b", 7), 7)
    upstream = Shared(set(), {})
    assert await upstream.shown(overlay, "/") == []
    assert sorted(upstream.asked) == ["a", "dir/b"]
    assert await upstream.shown(overlay) == []
    assert len(upstream.asked) == 2


async def test_what_the_listing_lacks_and_stands_is_shown_as_it_stands() -> None:
    overlay: Overlay[Meta] = Overlay(60, 1000)
    overlay.wrote(SCOPE, "own", meta("own", 7), 7)
    overlay.wrote(SCOPE, "others'", meta("others'", 7), 7)
    upstream = Shared({"own"}, {"own": 7, "others'": 9}, stamp=5)
    assert await upstream.shown(overlay) == [("others'", 9), ("own", 7)]


async def test_what_others_wrote_after_a_delete_is_shown() -> None:
    """Whoever deletes without having looked knows the time of what was there from above only."""
    overlay: Overlay[Meta] = Overlay(60, 1000)
    for name in ("again", "gone"):
        overlay.deleted(SCOPE, name, 10, sure=False)
    upstream = Shared({"again", "gone"}, {"again": 9}, stamp=9)
    assert await upstream.shown(overlay) == [("again", 9)]


async def test_nothing_is_asked_where_the_listing_agrees() -> None:
    overlay: Overlay[Meta] = Overlay(60, 1000)
    overlay.wrote(SCOPE, "a", meta("a", 5), 5)
    overlay.deleted(SCOPE, "b", 4)
    overlay.deleted(SCOPE, "c", 10, sure=False)
    overlay.wrote(SCOPE, "dir/d", meta("dir/d", 5), 5)
    upstream = Shared({"a", "dir/e"}, {}, stamp=5)
    assert await upstream.shown(overlay, "/") == [("a", 5), ("dir/", -1)]
    assert upstream.asked == []


async def test_a_page_that_is_known_to_be_all_is_the_last() -> None:
    overlay: Overlay[Meta] = Overlay(60, 1000)
    overlay.wrote(SCOPE, "z", meta("z", 7), 5)
    upstream = Late({"a"}, 10)
    assert await rows(overlay, upstream) == [("a", 0), ("z", 7)]
    assert upstream.pages == 2
    upstream.whole = True
    assert await rows(overlay, upstream) == [("a", 0), ("z", 7)]
    assert upstream.pages == 3
