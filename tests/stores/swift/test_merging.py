"""Listings with own writes laid over them: against a model, whatever the upstream shows late."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.listing import paginate
from gateway.core.types import Key, ListQuery, Meta, Prefix
from gateway.stores.swift.merging import Merged
from gateway.stores.swift.overlay import Overlay
from gateway.stores.swift.rows import Row
from tests.conformance.tools import shown
from tests.support.listing import NAMES, QUERIES, naive

SCOPE = "bucket"


def meta(name: str, size: int = 0) -> Meta:
    return Meta(key=Key(SCOPE, name), size=size, etag="0" * 32, modified=1)


class Late:
    """An upstream that shows `names`, in pages of at most `most` rows."""

    def __init__(self, names: set[str], most: int, stamp: int = 1) -> None:
        self.names, self.most, self.stamp = names, most, stamp

    async def fetch(self, query: ListQuery) -> Sequence[Row[Meta]]:
        names = sorted(self.names, reverse=query.reverse)

        def seek(start: str, included: bool) -> list[Meta]:
            def ahead(name: str) -> bool:
                beyond = name < start if query.reverse else name > start
                return not start or beyond or (included and name == start)

            return [meta(name) for name in names if ahead(name)]

        page = paginate(seek, replace(query, limit=min(query.limit, self.most)))
        return [Row(item, 0 if isinstance(item, Prefix) else self.stamp) for item in page.items]


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
