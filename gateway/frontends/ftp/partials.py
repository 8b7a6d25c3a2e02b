"""Uploads that broke, kept for whoever sent them to go on with. Nobody else sees them, and no object is changed.

A partial is one user's, of one path, and holds for as long as what stood there when the upload began stands there. The
store keeps its bytes (`Put.keep`), through a restart, too; what is known of it lies here.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from gateway.auth.principals import Principal
from gateway.core import ops
from gateway.core.capabilities import Multipart, find
from gateway.core.conditions import SECOND
from gateway.core.errors import NotFound, StoreError
from gateway.core.store import Store
from gateway.core.types import KEPT, Key, Meta, Part, Upload, UploadQuery
from gateway.frontends.ftp.replies import Refused

logger = logging.getLogger("portico.ftp")

MOST = 100
"""Partials of a user; the oldest make way."""

_Place = tuple[str, Key]


@dataclass(frozen=True, slots=True)
class Partial:
    """What came of an upload.

    `base`: the ETag of what stood when it began, empty for nothing; `kept`: when it broke, in seconds since the epoch.
    """

    store: Store
    user: str
    key: Key
    upload: str
    base: str
    kept: float
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def place(self) -> _Place:
        return self.user, self.key


def identity(principal: Principal) -> str:
    return f"{principal.account.id}/{principal.user}"


class Partials:
    """All partials. `seconds`: how long each is kept, 0 for none; `space`: bytes that those of a user may take."""

    def __init__(self, seconds: float, space: int) -> None:
        self._seconds = seconds
        self._space = space
        self._known: dict[_Place, Partial] = {}
        self._taken: set[_Place] = set()

    def label(self, store: Store, user: str, standing: Meta | None) -> str:
        """What `Put.keep` of an upload over `standing` is to be."""
        return f"{_base(standing)}/{user}" if self._seconds and store.caps.keeps else ""

    def find(self, user: str, key: Key, standing: Meta | None) -> Partial | None:
        """What a user can go on with, where `standing` stands now."""
        partial = self._known.get((user, key))
        return partial if partial and partial.base == _base(standing) and not self._is_old(partial) else None

    async def note(self, store: Store, user: str, key: Key, standing: Meta | None, upload: str) -> None:
        """Take in what the store has kept as `upload`, in place of an older partial of its user and path."""
        parts = await _native(store).parts(key, upload)
        partial = Partial(store, user, key, upload, _base(standing), time.time(), parts.items)
        await self.forget(user, key)
        self._known[partial.place] = partial
        await self._make_room(user)

    async def lengthen(self, partial: Partial, part: Part) -> None:
        """Take in what came of another attempt."""
        if part.size and self._is_known(partial):
            self._known[partial.place] = replace(partial, parts=(*partial.parts, part))
            await self._make_room(partial.user)

    async def forget(self, user: str, key: Key) -> bool:
        """Drop a partial; whether there was one. Its bytes go, unless it has become an object."""
        partial = self._known.pop((user, key), None)
        if partial is not None:
            with suppress(NotFound):
                await _native(partial.store).abort_upload(partial.key, partial.upload)
        return partial is not None

    async def end(self, partial: Partial) -> None:
        """Drop a partial that somebody went on with, unless another one has taken its place."""
        if self._is_known(partial):
            await self.forget(*partial.place)

    def _is_known(self, partial: Partial) -> bool:
        known = self._known.get(partial.place)
        return known is not None and known.upload == partial.upload

    @asynccontextmanager
    async def taken(self, partial: Partial) -> AsyncIterator[Multipart]:
        """Have a partial for oneself. Raises `Refused` (450) where another session goes on with it."""
        if partial.place in self._taken:
            raise Refused(450, "Another session goes on with this upload")
        self._taken.add(partial.place)
        try:
            yield _native(partial.store)
        finally:
            self._taken.discard(partial.place)

    async def run(self, stores: Iterable[Store]) -> None:
        """Find what earlier processes have kept, then drop what is old, without an end."""
        for store in stores:
            with suppress(StoreError):
                if store.caps.keeps:
                    await self._load(store)
        while True:
            await self.sweep()
            await asyncio.sleep(max(1.0, self._seconds / 10))

    async def sweep(self) -> None:
        """Drop what is old."""
        for partial in [each for each in self._known.values() if self._is_old(each)]:
            await self._drop(partial)

    async def _load(self, store: Store) -> None:
        names = [bucket.name async for bucket in ops.each_bucket(store)]
        for name in names:
            with suppress(NotFound):  # as where it is deleted meanwhile
                for upload in await _kept(store, name):
                    await self._recall(store, upload)
        for user in {partial.user for partial in self._known.values()}:
            await self._make_room(user)

    async def _recall(self, store: Store, upload: Upload) -> None:
        """Take in what an earlier process has kept, unless something newer is there.

        The last of several attempts may have ended in order right before that process did. As nothing may be told to
        be there as a whole that is not, it is left out.
        """
        base, _, user = upload.owner.removeprefix(KEPT).partition("/")
        parts = await _native(store).parts(upload.key, upload.id)
        sure = parts.items[:1] + parts.items[1:-1]
        found = Partial(store, user, upload.key, upload.id, base, upload.created / SECOND, sure)
        if self._known.setdefault(found.place, found).upload != found.upload:
            await _native(store).abort_upload(found.key, found.upload)

    async def _make_room(self, user: str) -> None:
        """Drop the oldest partials of a user, beyond what he may have."""
        own = sorted(self._of(user), key=lambda partial: partial.kept)
        size = sum(partial.size for partial in own)
        for number, partial in enumerate(own):
            if size <= self._space and len(own) - number <= MOST:
                break
            size -= partial.size
            await self._drop(partial)

    async def _drop(self, partial: Partial) -> None:
        if partial.place in self._taken:
            return
        try:
            await self.forget(*partial.place)
        except StoreError as error:
            logger.warning("a broken upload could not be dropped", extra={"reason": error.message})

    def _of(self, user: str) -> Iterator[Partial]:
        return (partial for partial in self._known.values() if partial.user == user)

    def _is_old(self, partial: Partial) -> bool:
        return time.time() - partial.kept > self._seconds


async def _kept(store: Store, bucket: str) -> list[Upload]:
    """What a store has kept in a bucket, the newest first."""
    query, found = UploadQuery(kept=True), list[Upload]()
    while True:
        page = await _native(store).uploads(bucket, query)
        found += [row for row in page.items if isinstance(row, Upload)]
        if page.next is None:
            return sorted(found, key=lambda upload: -upload.created)
        query = UploadQuery(kept=True, key_marker=found[-1].name, id_marker=found[-1].id)


def _native(store: Store) -> Multipart:
    native = find(store, Multipart)
    if native is None:
        raise AssertionError("a store that keeps broken bodies keeps them as uploads")
    return native


def _base(standing: Meta | None) -> str:
    return standing.etag if standing else ""
