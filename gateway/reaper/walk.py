"""One walk through one bucket: its versions by the rules of its lifecycle, its uploads by their age."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import parse_qsl

from gateway.auth.rules import TAGGING
from gateway.core import ops
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import ANYTHING, SECOND, When
from gateway.core.errors import ConditionFailed
from gateway.core.lifecycle import LIFECYCLE, Case, Kind, Rule, Succession, due, prefixes, unpack, upload_due
from gateway.core.manifest import DYNAMIC
from gateway.core.store import Store
from gateway.core.types import Deleted, Expired, Page, Prefix
from gateway.core.uploads import Upload, UploadQuery
from gateway.core.versions import NULL, Version, VersionQuery
from gateway.reaper.tally import What

PAGE = 1000

Removal = Callable[[], Coroutine[None, None, None]]

_WHAT = {Kind.CURRENT: What.EXPIRED, Kind.PAST: What.PAST, Kind.MARKER: What.MARKER}


class Remover(Protocol):
    """Who removes, at his own rate."""

    async def remove(self, what: What, work: Callable[[], Awaitable[Deleted | None]]) -> None: ...

    async def all(self, removals: Sequence[Removal]) -> bool: ...


class Walk:
    """Goes through a bucket page by page. Its rules are read anew for each page: they may be taken back at any time."""

    def __init__(
        self,
        store: Store,
        bucket: str,
        now: int,
        remover: Remover,
        *,
        day: int,
        idle: float = 0,
        vanishing: bool = False,
    ) -> None:
        """`day`: what one takes for the rules, in ns. `idle`: uploads are dropped after so many seconds (0: never).

        `vanishing`: objects are looked for whose own time has come.
        """
        self._store = store
        self._bucket = bucket
        self._now = now
        self._remover = remover
        self._day = day
        self._idle = int(idle * SECOND)
        self._vanishing = vanishing

    async def run(self) -> bool:
        """Remove what is due. False: somebody else is to go on. Raises `StoreError`."""
        rules = await self._rules()
        for prefix in ("",) if self._vanishing else prefixes(rules):
            if not await self._versions(prefix):
                return False
        if self._idle or any(rule.upload_days is not None for rule in rules):
            return await self._uploads()
        return True

    async def _rules(self) -> Sequence[Rule]:
        text = (await self._store.stat_bucket(self._bucket)).system.get(LIFECYCLE)
        return unpack(text) if text else ()

    async def _versions(self, prefix: str) -> bool:
        succession = Succession()
        query: VersionQuery | None = VersionQuery(prefix=prefix, limit=PAGE)
        while query is not None and ((rules := await self._rules()) or self._vanishing):
            page = await ops.versions(self._store, self._bucket, query)
            rows, query = _next(page, query)
            cases = [case for row in rows for case in succession.feed(row)]
            if query is None:
                cases += succession.end()
            removals = await asyncio.to_thread(self._removals, cases, rules)  # many rules take long over many rows
            if not await self._remover.all(removals):
                return False
        return True

    def _removals(self, cases: Sequence[Case], rules: Sequence[Rule]) -> Sequence[Removal]:
        return [*self._due(cases, rules)]

    def _due(self, cases: Sequence[Case], rules: Sequence[Rule]) -> Iterator[Removal]:
        for case in cases:
            meta = case.row.meta
            if self._vanishing and case.kind is Kind.CURRENT and meta.expires is not None and meta.expires <= self._now:
                yield vanishing(self._store, self._remover, Expired(meta.key, meta.expires))
            elif self._is_due(rules, case, whole=self._store.caps.listed_props):
                yield self._ending(case, rules)

    def _is_due(self, rules: Sequence[Rule], case: Case, *, whole: bool) -> bool:
        """`whole`: the row tells everything of the object."""
        tagging = case.row.meta.props.system.get(TAGGING, "")
        tags = dict(parse_qsl(tagging, keep_blank_values=True)) if whole else None
        found = due(rules, case, tags, self._day)
        return found is not None and found.at <= self._now

    def _ending(self, case: Case, rules: Sequence[Rule]) -> Removal:
        return lambda: self._remover.remove(_WHAT[case.kind], lambda: self._end(case, rules))

    async def _end(self, case: Case, rules: Sequence[Rule]) -> Deleted:
        """Remove a version, or have a delete marker put in its place, if it is still what the rules spoke of."""
        meta = case.row.meta
        version = None if case.kind is Kind.CURRENT else meta.version or NULL
        if not (self._store.caps.listed_props or case.row.marker):
            meta = await self._store.stat(meta.key, version)
            if not self._is_due(rules, replace(case, row=replace(case.row, meta=meta)), whole=True):
                raise ConditionFailed
        # The ETag of a dynamic large object is that of its segments, at which nobody looks here.
        tags = (ANYTHING,) if DYNAMIC in meta.props.system else (meta.etag,)
        when = When(past=True)
        if case.kind is Kind.CURRENT:
            when = When(if_match=tags, modified=meta.modified // SECOND)
        elif not case.row.marker:
            when = When(if_match=tags, past=True)
        return await self._store.delete(meta.key, version, when)

    async def _uploads(self) -> bool:
        multipart = find(self._store, Multipart)
        query: UploadQuery | None = UploadQuery(limit=PAGE)
        while multipart is not None and query is not None:
            rules = await self._rules()
            page = await multipart.uploads(self._bucket, query)
            rows = [row for row in page.items if isinstance(row, Upload)]
            old = [row for row in rows if self._is_due_upload(row, rules) or self._is_old(row.created)]
            removals = [self._aborting(multipart, row, rules) for row in old]
            if not await self._remover.all(removals):
                return False
            query = replace(query, key_marker=rows[-1].name, id_marker=rows[-1].id) if page.next and rows else None
        return True

    def _is_due_upload(self, upload: Upload, rules: Sequence[Rule]) -> bool:
        found = upload_due(rules, upload.name, upload.created, self._day)
        return found is not None and found.at <= self._now

    def _is_old(self, moment: int) -> bool:
        return bool(self._idle) and moment + self._idle <= self._now

    def _aborting(self, multipart: Multipart, upload: Upload, rules: Sequence[Rule]) -> Removal:
        return lambda: self._remover.remove(What.UPLOAD, lambda: self._abort(multipart, upload, rules))

    async def _abort(self, multipart: Multipart, upload: Upload, rules: Sequence[Rule]) -> None:
        """Rules count from an upload's beginning; without one it is dropped if nobody was at it for long."""
        if not self._is_due_upload(upload, rules) and not self._is_old(await _touched(multipart, upload)):
            raise ConditionFailed
        await multipart.abort_upload(upload.key, upload.id)


def vanishing(store: Store, remover: Remover, due: Expired) -> Removal:
    """Removes an object whose own time has come, if it is still that time."""
    return lambda: remover.remove(What.VANISHED, lambda: store.delete(due.key, when=When(expires=due.expires)))


async def _touched(multipart: Multipart, upload: Upload) -> int:
    """When the last of an upload's parts came in; of one without any, when it began."""
    last, marker = upload.created, "0"
    while marker:
        page = await multipart.parts(upload.key, upload.id, marker=int(marker))
        last = max([last, *(part.modified for part in page.items)])
        marker = page.next or ""
    return last


def _next(page: Page[Version | Prefix], query: VersionQuery) -> tuple[Sequence[Version], VersionQuery | None]:
    """The rows of a page, and what asks for the next one.

    The version without an id is no place to go on from: once it is removed or replaced, the listing would begin anew
    with that name. A page that ends with it is taken without it.
    """
    rows = [row for row in page.items if isinstance(row, Version)]
    if page.next is None or not rows:
        return rows, None
    if rows[-1].meta.version is None and len(rows) > 1:
        gone = rows.pop()
        if rows[-1].name != gone.name:
            return rows, replace(query, key_marker=rows[-1].name, version_marker="")
    last = rows[-1]
    return rows, replace(query, key_marker=last.name, version_marker=last.meta.version or NULL)
