"""The rules of a listing, apart from where the names come from."""

from collections.abc import Callable, Iterable
from itertools import islice, takewhile
from typing import Protocol, TypeVar

from gateway.core.types import ListQuery, Page, Prefix

LAST_CHARACTER = chr(0x10FFFF)


class Named(Protocol):
    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=Named)

_Place = tuple[str, bool]
"""Where to seek: a name, and whether it is included."""

Seek = Callable[[str, bool], Iterable[Row]]
"""Rows in the query's direction from a name on; the flag says whether that name itself is included.

An empty name means from the first row (or, in reverse, from the last).
"""


def successor(prefix: str) -> str | None:
    """The smallest name greater than every name that begins with `prefix`; None where there is none.

    Holds in UTF-8 byte order, which is the order of Python strings. Surrogates, which no name holds, are left out.
    """
    stem = prefix.rstrip(LAST_CHARACTER)
    if not stem:
        return None
    code = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if 0xD800 <= code <= 0xDFFF else code)


def group_of(name: str, query: ListQuery) -> str | None:
    """The common prefix that `name` is shown under; None where it is shown itself."""
    if not query.delimiter:
        return None
    end = name.find(query.delimiter, len(query.prefix))
    return None if end < 0 else name[: end + len(query.delimiter)]


def paginate(seek: Seek[Row], query: ListQuery) -> Page[Row | Prefix]:
    """One page of the listing that `query` describes. Costs as much as the page: groups are jumped over by `seek`."""
    if query.limit <= 0:
        return Page(())
    if not query.delimiter:
        return _ungrouped(seek, query)
    items: list[Row | Prefix] = []
    place: _Place | None = _start(query)
    while place is not None:
        start, place = place, None
        for row in _within(seek(*start), query):
            group = group_of(row.name, query)
            if group is None or group != query.marker:
                if len(items) == query.limit:
                    return Page(tuple(items), items[-1].name)
                items.append(row if group is None else Prefix(group))
            if group is not None:
                place = _behind(group, query)
                break
    return Page(tuple(items))


def _ungrouped(seek: Seek[Row], query: ListQuery) -> Page[Row | Prefix]:
    items = tuple(islice(_within(seek(*_start(query)), query), query.limit + 1))
    return Page(items) if len(items) <= query.limit else Page(items[:-1], items[-2].name)


def _within(rows: Iterable[Row], query: ListQuery) -> Iterable[Row]:
    """Rows up to the first that the query is not about."""
    return takewhile(lambda row: _inside(row.name, query), rows) if query.prefix or query.end_marker else rows


def _start(query: ListQuery) -> _Place:
    if not query.reverse:
        return (query.prefix, True) if query.marker < query.prefix else (query.marker, False)
    end = successor(query.prefix) if query.prefix else None
    if query.marker and (end is None or query.marker <= end):
        return query.marker, False
    return end or "", False


def _behind(group: str, query: ListQuery) -> _Place:
    if query.reverse:
        return group, False
    return successor(group) or LAST_CHARACTER * 1024, True


def _inside(name: str, query: ListQuery) -> bool:
    if not name.startswith(query.prefix):
        return False
    if not query.end_marker:
        return True
    return name > query.end_marker if query.reverse else name < query.end_marker
