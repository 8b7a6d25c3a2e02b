"""A listing as the upstream tells it, page by page until nothing comes, with own recent writes laid over it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Generic, TypeVar

from gateway.core.buckets import BucketMeta
from gateway.core.errors import Unavailable
from gateway.core.listing import group_of
from gateway.core.types import ListQuery, Meta, Page, Prefix
from gateway.stores.swift.overlay import Known, Overlay
from gateway.stores.swift.rows import Listed, Row

T = TypeVar("T", Meta, BucketMeta)

Fetch = Callable[[ListQuery], Awaitable[Listed[T]]]
Join = Callable[[T, T], T]
Look = Callable[[Sequence[str]], Awaitable[Mapping[str, Row[T] | None]]]
"""What really stands under some names; None: nothing."""


class Merged(Generic[T]):
    """One listing of one scope.

    `slack` in ns: how much later a row may be dated than the write that it shows. `join` makes one of what is known
    and of the row that shows it; without it, what is known stands for both.
    """

    def __init__(
        self,
        overlay: Overlay[T],
        scope: str,
        fetch: Fetch[T],
        slack: int = 0,
        join: Join[T] | None = None,
        look: Look[T] | None = None,
    ) -> None:
        self._overlay: Overlay[T] = overlay
        self._scope = scope
        self._fetch: Fetch[T] = fetch
        self._slack = slack
        self._join: Join[T] | None = join
        self._look: Look[T] | None = look

    async def page(self, query: ListQuery) -> Page[T | Prefix]:
        """The first `query.limit` rows. Raises what fetching does."""
        items: list[T | Prefix] = []
        async with aclosing(self.rows(query)) as rows:
            async for row in rows:
                if len(items) == query.limit:
                    return Page(tuple(items), items[-1].name)
                items.append(row)
        return Page(tuple(items))

    async def rows(self, query: ListQuery) -> AsyncGenerator[T | Prefix, None]:
        """All rows. `query.limit` is taken for how many will be wanted."""
        rest = replace(query, limit=query.limit + 1)
        first = True
        while True:
            listed = await self._fetch(rest)
            page = [row for row in listed.rows if first or _is_ahead(row.name, rest.marker, rest.reverse)]
            end = page[-1].name if page and not listed.whole else None
            if end is not None and end == rest.marker:
                raise Unavailable("The upstream repeats its listing")
            for item in await self._merge(page, query, None if first else rest.marker, end):
                yield item
            if end is None:
                return
            rest, first = replace(rest, marker=end), False

    async def _merge(
        self, page: Sequence[Row[T]], query: ListQuery, begin: str | None, end: str | None
    ) -> list[T | Prefix]:
        if self._look is not None:
            await self._settle({row.name: row for row in page}, query, begin, end, self._look)
        found: dict[str, T | Prefix] = {}
        for row in page:
            item = row.item if isinstance(row.item, Prefix) else self._newest(row.item, row.stamp)
            if item is not None:
                found[row.name] = item
        raw = {row.name for row in page}
        doubtful: set[str] = set()
        for known in self._overlay.all(self._scope):
            shown = _shown(known.name, query)
            if shown is None or not _is_between(shown, begin, end, query):
                continue
            if group_of(known.name, query) is None:
                self._add(known, found, raw)
            elif known.item is None:
                doubtful.add(shown)
            else:
                found.setdefault(shown, Prefix(shown))
        for group in doubtful & raw & found.keys():
            if not await self._is_alive(group):
                del found[group]
        return [found[name] for name in sorted(found, reverse=query.reverse)]

    async def _settle(
        self, rows: Mapping[str, Row[T]], query: ListQuery, begin: str | None, end: str | None, look: Look[T]
    ) -> None:
        """Bring what is known up to date, where the listing tells something else."""
        differing: list[str] = []
        for known in self._overlay.all(self._scope):
            shown = _shown(known.name, query)
            if shown is not None and _is_between(shown, begin, end, query) and self._differs(known, shown, rows):
                differing.append(known.name)
        for name, row in (await look(differing)).items() if differing else ():
            if row is not None and not isinstance(row.item, Prefix):
                self._overlay.wrote(self._scope, name, row.item, row.stamp)
            elif name in rows:
                self._overlay.deleted(self._scope, name, rows[name].stamp)
            else:
                self._overlay.forget(self._scope, name)

    def _differs(self, known: Known[T], shown: str, rows: Mapping[str, Row[T]]) -> bool:
        row = rows.get(shown)
        if known.item is None:
            return shown == known.name and row is not None and not known.sure and row.stamp <= known.stamp + self._slack
        if row is None:
            return not known.seen
        return shown == known.name and row.stamp + self._slack < known.stamp

    def _newest(self, item: T, stamp: int) -> T | None:
        """What a row shows, unless more is known; None: it has been deleted."""
        known = self._overlay.get(self._scope, item.name)
        if known is None:
            return item
        if stamp > known.stamp + self._slack:
            self._overlay.forget(self._scope, item.name)
            return item
        if known.item is None:
            return None
        known.seen = known.seen or stamp >= known.stamp
        return known.item if self._join is None else self._join(known.item, item)

    def _add(self, known: Known[T], found: dict[str, T | Prefix], raw: set[str]) -> None:
        if known.item is None or known.name in raw:
            return
        if known.seen:
            self._overlay.forget(self._scope, known.name)
        else:
            found[known.name] = known.item

    async def _is_alive(self, group: str) -> bool:
        """Whether a group that holds names which were deleted holds others, too."""
        dead = sum(1 for known in self._overlay.all(self._scope) if known.name.startswith(group) and not known.item)
        async with aclosing(self.rows(ListQuery(prefix=group, limit=dead + 1))) as rows:
            async for _ in rows:
                return True
        return False


def _shown(name: str, query: ListQuery) -> str | None:
    """The row that `name` would have in the listing; None: none at all."""
    if not name.startswith(query.prefix):
        return None
    for bound, ahead in ((query.marker, not query.reverse), (query.end_marker, query.reverse)):
        if bound and (name <= bound if ahead else name >= bound):
            return None
    shown = group_of(name, query) or name
    return None if shown == query.marker else shown


def _is_between(shown: str, begin: str | None, end: str | None, query: ListQuery) -> bool:
    if begin is not None and not _is_ahead(shown, begin, query.reverse):
        return False
    return end is None or not _is_ahead(shown, end, query.reverse)


def _is_ahead(name: str, marker: str, reverse: bool) -> bool:
    return name < marker if reverse else name > marker
