"""Listings: the names of a tree of folders in the order of their bytes, without ever having all of them in memory."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from heapq import nlargest, nsmallest

from gateway.core.listing import LAST_CHARACTER, paginate, successor
from gateway.core.paths import SEPARATOR
from gateway.core.types import ListQuery, Meta, Page, Prefix
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.describing import Describing
from gateway.stores.directory.names import is_holdable, place
from gateway.stores.directory.records import Kind


@dataclass(frozen=True, slots=True)
class Row:
    """A name of the listing. That of a folder ends with a slash, so that folders stand where what they hold belongs."""

    name: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a walk begins; `reverse`: it leads to lesser names. An empty name then means from the last."""

    name: str
    included: bool
    reverse: bool

    def admits(self, name: str) -> bool:
        if name == self.name:
            return self.included
        return (not self.name or name < self.name) if self.reverse else name > self.name

    def reaches(self, name: str) -> bool:
        """Whether a name is admitted, or, if it is a folder's, one below it may be."""
        return self.admits(name) or (not self.reverse and name.endswith(SEPARATOR) and self.name.startswith(name))

    def beyond(self, name: str) -> "Bound":
        """Where the walk goes on behind a name, and behind all that lies below it."""
        if name.endswith(SEPARATOR) and not self.reverse:
            return Bound(successor(name) or LAST_CHARACTER, True, False)
        return Bound(name, False, self.reverse)

    def is_before(self, other: "Bound") -> bool:
        """Whether a walk from here comes past all that one from there does."""
        if self.name == other.name:
            return self.included or not other.included
        if self.reverse:
            return not self.name or bool(other.name and other.name < self.name)
        return self.name < other.name


@dataclass(frozen=True, slots=True)
class _Window:
    """The next names of one folder, in order. `complete`: no others follow."""

    bound: Bound
    names: tuple[str, ...]
    complete: bool

    def covers(self, bound: Bound) -> bool:
        """Whether the next name behind `bound` is among these, or there is none."""
        return self.bound.is_before(bound) and (self.complete or bound.reaches(self.names[-1]))


class _Turn(Enum):
    """What to do with a name on the walk: show it, or go into the folder."""

    SHOW = auto()
    ENTER = auto()


class Walk:
    """The names of a bucket below the prefix of a query.

    A folder is read as a stream, of which the next names of one page are kept: as many as the page can need, so that a
    page of one folder reads it once. Folders on the way to the current one keep theirs, all others are forgotten.
    """

    def __init__(self, bucket: Bucket, query: ListQuery, base: str) -> None:
        """`base`: the folder that all names below the prefix lie in."""
        self._bucket = bucket
        self._query = query
        self._size = query.limit + 2
        self._base = base
        self._windows: dict[str, _Window] = {}

    def seek(self, start: str, included: bool) -> Iterator[Row]:
        """`core.listing.Seek`."""
        bound = Bound(start, included, self._query.reverse)
        levels = [self._level(self._base, bound)]
        while levels:
            step = next(levels[-1], None)
            if step is None:
                levels.pop()
            elif step[0] is _Turn.SHOW:
                yield Row(step[1])
            else:
                levels.append(self._level(step[1], bound))

    def _level(self, folder: str, bound: Bound) -> Iterator[tuple[_Turn, str]]:
        """A folder itself, if it is an object, and what lies in it."""
        own = bool(folder) and bound.admits(folder) and self._stands(folder)
        if own and not bound.reverse:
            yield _Turn.SHOW, folder
        for name in self._names(folder, bound):
            if not name.endswith(SEPARATOR):
                yield _Turn.SHOW, name
            elif not self._is_group(name):
                yield _Turn.ENTER, name
            elif self._is_occupied(name):
                yield _Turn.SHOW, name
        if own and bound.reverse:
            yield _Turn.SHOW, folder

    def _names(self, folder: str, bound: Bound) -> Iterator[str]:
        """The names in one folder that lie behind the bound, or have such below them."""
        while True:
            window = self._windows.get(folder)
            if window is None or not window.covers(bound):
                window = self._load(folder, bound)
            yield from filter(bound.reaches, window.names)
            if window.complete:
                return
            bound = bound.beyond(window.names[-1])

    def _load(self, folder: str, bound: Bound) -> _Window:
        self._windows = {known: window for known, window in self._windows.items() if folder.startswith(known)}
        names = self._ordered(folder, bound)
        window = self._windows[folder] = _Window(bound, tuple(names), len(names) < self._size)
        return window

    def _ordered(self, folder: str, bound: Bound) -> list[str]:
        try:
            with system.inside(self._bucket.descriptor, _parts(folder)) as descriptor:
                names = (
                    name
                    for name in self._bucket.entries(descriptor, folder)
                    if name.startswith(self._query.prefix) and bound.reaches(name)
                )
                return (nlargest if bound.reverse else nsmallest)(self._size, names)
        except (FileNotFoundError, NotADirectoryError, PermissionError):  # removed meanwhile, or never there
            return []

    def _is_group(self, folder: str) -> bool:
        """Whether a folder is shown as one row, of which it only matters that something lies in it."""
        query = self._query
        is_split = query.marker.startswith(folder) or query.end_marker.startswith(folder)
        return query.delimiter == SEPARATOR and not is_split

    def _stands(self, folder: str) -> bool:
        with self._bucket.opened(place(folder)) as file:
            return file is not None

    def _is_occupied(self, folder: str) -> bool:
        """Whether a folder is an object, or one lies below it: at once, unless it was made on the way to one."""
        waiting = [folder]
        while waiting:
            current = waiting.pop()
            try:
                with system.inside(self._bucket.descriptor, _parts(current)) as descriptor:
                    record = self._bucket.keeper.load(descriptor, os.fstat(descriptor))
                    if record is None or record.kind is not Kind.PATH:
                        return True
                    for name in self._bucket.entries(descriptor, current):
                        if not name.endswith(SEPARATOR):
                            return True
                        waiting.append(name)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue
        return False


def page_of(bucket: Bucket, query: ListQuery, describing: Describing) -> Page[Meta | Prefix]:
    """One page of a listing. Blocks; raises `OSError`."""
    base = query.prefix[: query.prefix.rfind(SEPARATOR) + 1]
    if base and not is_holdable(base):
        return Page(())
    page = paginate(Walk(bucket, query, base).seek, query)
    items: list[Meta | Prefix] = []
    for item in page.items:
        if isinstance(item, Prefix):
            items.append(item)
            continue
        with bucket.opened(place(item.name)) as file:
            if file is not None:  # removed meanwhile
                items.append(describing.describe(bucket, item.name, file))
    return Page(tuple(items), page.next)


def names_below(bucket: Bucket, prefix: str) -> Iterator[str]:
    """The names of all objects that begin with the name of a folder. Blocks; raises `OSError`."""
    for row in Walk(bucket, ListQuery(prefix=prefix), prefix).seek("", False):
        yield row.name


def _parts(folder: str) -> tuple[str, ...]:
    return place(folder).parts if folder else ()
