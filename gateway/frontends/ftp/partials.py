"""Uploads that broke, kept for whoever sent them to go on with. Nobody else sees them, and no object is changed.

A partial is one user's, of one path, and holds for as long as what stood there when the upload began stands there. The
store keeps its bytes (`core.kept`), through a restart, too; what is known of it lies here.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from gateway.auth.principals import Principal
from gateway.core import ops
from gateway.core.capabilities.segments import Keeping
from gateway.core.conditions import SECOND
from gateway.core.errors import Denied, NotFound, StoreError, Unsupported
from gateway.core.kept import keeping, mark_of
from gateway.core.segments import Kept
from gateway.core.store import Store
from gateway.core.types import Key, Meta
from gateway.frontends.ftp.replies import Refused

logger = logging.getLogger("portico.ftp")

AGAIN = 60.0
"""Seconds until a store that could not be asked is asked again."""

MOST = 100
"""Partials of a user; the oldest make way."""


@dataclass(frozen=True, slots=True)
class Partial:
    """What came of an upload. `user`: empty for what another process kept, until its user comes for it."""

    keeper: Keeping
    user: str
    kept: Kept

    @property
    def size(self) -> int:
        return self.kept.size


def identity(principal: Principal) -> str:
    return f"{principal.account.id}/{principal.user}"


class Partials:
    """All partials. `seconds`: how long each is kept, 0 for none; `space`: bytes that those of a user may take."""

    def __init__(self, seconds: float, space: int) -> None:
        self._seconds = seconds
        self._space = space
        self._known: dict[Key, tuple[Partial, ...]] = {}
        self._taken: set[str] = set()

    def label(self, store: Store, user: str, standing: Meta | None) -> str:
        """What `Put.keep` of an upload over `standing` is to be."""
        return _label(user, standing) if self._seconds and store.caps.keeps else ""

    def find(self, user: str, key: Key, standing: Meta | None) -> Partial | None:
        """What a user can go on with, where `standing` stands now."""
        if not (known := self._known.get(key)):
            return None
        mark = mark_of(_label(user, standing))
        found = next((partial for partial in known if partial.kept.mark == mark), None)
        if found is None or self._is_old(found):
            return None
        return found if found.user else self._set(replace(found, user=user))

    async def note(self, store: Store, user: str, key: Key, standing: Meta | None, upload: str) -> None:
        """Take in what the store has kept as `upload`, in place of an older partial of its user and path."""
        if (keeper := keeping(store)) is None:
            return
        mark, size = mark_of(_label(user, standing)), await keeper.kept_size(key, upload)
        await self.forget(user, key, standing, but=upload)
        kept = Kept(key=key, id=upload, mark=mark, size=size, since=time.time_ns())
        self._set(Partial(keeper, user, kept))
        await self._make_room(user)

    async def lengthen(self, partial: Partial) -> None:
        """Take in what came of another attempt."""
        size = await partial.keeper.kept_size(partial.kept.key, partial.kept.id)
        if self._is_known(partial):
            self._set(replace(partial, kept=replace(partial.kept, size=size)))
            await self._make_room(partial.user)

    async def forget(self, user: str, key: Key, standing: Meta | None = None, but: str = "") -> bool:
        """Drop what is a user's of a path, `but` for one upload; whether anything was. Its bytes go."""
        self.find(user, key, standing)  # what he has not come for yet is his, too
        found = [each for each in self._known.get(key, ()) if each.user == user and each.kept.id != but]
        for partial in found:
            await self.end(partial)
        return bool(found)

    async def end(self, partial: Partial) -> None:
        """Drop a partial, unless that is done."""
        if self._is_known(partial):
            await self._free(partial)

    async def _free(self, partial: Partial) -> None:
        self.pop(partial)
        with suppress(NotFound):
            await partial.keeper.drop_kept(partial.kept.key, partial.kept.id)

    def pop(self, partial: Partial) -> None:
        """Know no more of a partial, as when it has become an object."""
        key = partial.kept.key
        rest = tuple(each for each in self._known.get(key, ()) if each.kept.id != partial.kept.id)
        if rest:
            self._known[key] = rest
        else:
            self._known.pop(key, None)

    def _set(self, partial: Partial) -> Partial:
        self.pop(partial)
        self._known[partial.kept.key] = (*self._known.get(partial.kept.key, ()), partial)
        return partial

    def _is_known(self, partial: Partial) -> bool:
        return any(each.kept.id == partial.kept.id for each in self._known.get(partial.kept.key, ()))

    @asynccontextmanager
    async def taken(self, partial: Partial) -> AsyncIterator[Keeping]:
        """Have a partial for oneself. Raises `Refused` (450) where another session goes on with it."""
        if partial.kept.id in self._taken:
            raise Refused(450, "Another session goes on with this upload")
        self._taken.add(partial.kept.id)
        try:
            yield partial.keeper
        finally:
            self._taken.discard(partial.kept.id)

    async def run(self, stores: Iterable[Store]) -> None:
        """Find what other processes have kept, and drop what is old, again and again."""
        known = list(stores)
        while True:
            told = [await self._load(store) for store in known]
            await self.sweep()
            await asyncio.sleep(max(1.0, min(self._seconds / 10, math.inf if all(told) else AGAIN)))

    async def sweep(self) -> None:
        """Drop what is old."""
        for partial in [each for each in self._all() if self._is_old(each)]:
            await self._drop(partial)

    async def _load(self, store: Store) -> bool:
        """Take in what a store keeps; False: it can't be asked now."""
        if (keeper := keeping(store)) is None:
            return True
        try:
            for name in [bucket.name async for bucket in ops.each_bucket(store)]:
                with suppress(NotFound):  # as where it is deleted meanwhile
                    for kept in await keeper.kept_uploads(name):
                        await self._recall(Partial(keeper, "", kept))
        except (Denied, Unsupported):  # what the store's own credentials can't, they can't later either
            return True
        except StoreError as error:
            logger.info("what is kept of broken uploads can't be told now", extra={"reason": error.message})
            return False
        return True

    async def _recall(self, partial: Partial) -> None:
        """Take in what another process has kept, unless something newer is there."""
        if self._is_known(partial):
            return
        known = self._known.get(partial.kept.key, ())
        rival = next((each for each in known if each.kept.mark == partial.kept.mark), None)
        older = partial if rival is not None and rival.kept.since >= partial.kept.since else rival
        if older is not partial:
            self._set(partial)
        if older is not None:
            await self._drop(older)

    async def _make_room(self, user: str) -> None:
        """Drop the oldest partials of a user, beyond what he may have."""
        own = sorted((each for each in self._all() if each.user == user), key=lambda partial: partial.kept.since)
        size = sum(partial.size for partial in own)
        for number, partial in enumerate(own):
            if size <= self._space and len(own) - number <= MOST:
                break
            size -= partial.size
            await self._drop(partial)

    async def _drop(self, partial: Partial) -> None:
        if partial.kept.id in self._taken:
            return
        try:
            await self._free(partial)
        except StoreError as error:
            logger.warning("a broken upload could not be dropped", extra={"reason": error.message})

    def _all(self) -> Iterator[Partial]:
        return (partial for known in self._known.values() for partial in known)

    def _is_old(self, partial: Partial) -> bool:
        return time.time() - partial.kept.since / SECOND > self._seconds


def _label(user: str, standing: Meta | None) -> str:
    return f"{standing.etag if standing else ''}/{user}"
