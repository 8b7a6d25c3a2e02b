"""Objects that come in as segments: `capabilities.Segments` by S3's own multipart uploads.

The remote lists uploads under way, but does not tell whose they are, and clients have uploads of their own, which may
rest for as long as they like. So each of ours bears a mark, a part that no completion names; it is put anew while
somebody is at the upload, and an upload whose mark is old is nobody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.body import ReadyBody
from gateway.core.conditions import ANY, When, check_write
from gateway.core.digest import Algorithm, digest
from gateway.core.errors import BadRequest, NoSuchUpload, TooLarge, Unsupported
from gateway.core.parts import MAX_PARTS
from gateway.core.tasks import wholly
from gateway.core.types import Base, Key, LeftUpload, Meta, Part, Put, SegmentRules, Upload, UploadQuery
from gateway.stores.s3.checksums import chosen
from gateway.stores.s3.guard import Guard, Write
from gateway.stores.s3.metadata import Stated
from gateway.stores.s3.multipart import Uploads, part_of, place_of, row_of
from gateway.stores.s3.objects import MAX_COPY, Objects
from gateway.stores.s3.settings import MIN_PART
from gateway.stores.s3.source import Source
from gateway.stores.s3.upload import GATHERED, Place

MARK = b"portico: the segments of one body\n"
MARK_ETAG = digest(Algorithm.MD5, MARK).hex()

FEW_PARTS = 1000
"""What some remotes take instead of `MAX_PARTS` (Swift's s3api, unless it is set otherwise)."""
BASES = 99
"""Numbers that are kept for what stood before an append."""
PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Begun:
    """What this process has to know of an upload: its checksums, and the number that its segments begin behind."""

    algorithm: Algorithm | None
    behind: int


class Segments:
    """Uploads of one store. The mark is the last part that the remote takes."""

    def __init__(self, objects: Objects, uploads: Uploads) -> None:
        self._objects = objects
        self._uploads = uploads
        self._last = MAX_PARTS
        self._begun: dict[str, _Begun] = {}

    async def rules(self, key: Key, when: When, size: int | None) -> SegmentRules:
        is_whole = size is not None and size <= GATHERED
        await self._objects.guard(key, when, *((Write.PUT,) if is_whole else (Write.PUT, Write.COMPLETE)))
        return SegmentRules(smallest=MIN_PART, largest=MAX_COPY, most=self._last - BASES - 1)

    async def begin(self, key: Key, opts: Put, base: Base | None) -> str:
        begun = _Begun(chosen(opts.checksums), BASES if base is not None and not base.inside else 0)
        await self._objects.check_locks(key.bucket, opts.props)
        stated = Stated(props=opts.props, modified=opts.modified)
        place = await self._objects.uploader.begin(key, stated, begun.algorithm)
        self._begun[place.upload] = begun
        try:
            await self._mark(place)
        except BaseException:
            await wholly(self.drop(key, place.upload))
            raise
        return place.upload

    async def _mark(self, place: Place) -> None:
        try:
            await self._put_mark(place)
        except BadRequest:
            if self._last == FEW_PARTS:
                raise
            self._last = FEW_PARTS
            await self._put_mark(place)

    async def _put_mark(self, place: Place) -> None:
        algorithm = self._begun[place.upload].algorithm
        digests = {name: digest(name, MARK) for name in {Algorithm.MD5, algorithm or Algorithm.MD5}}
        await self._objects.uploader.put_part(place, self._last, MARK, digests, algorithm)

    async def put(self, key: Key, upload: str, number: int, body: ReadyBody) -> Part:
        begun = self._begun[upload]
        answer = await self._objects.uploader.put_part(
            place_of(key, upload), begun.behind + number, body, body.digests, begun.algorithm
        )
        return part_of(begun.behind + number, body.count, answer, answer.date)

    async def join(self, key: Key, upload: str, segments: Sequence[Part], opts: Put, base: Base | None) -> Meta:
        place, uploader = place_of(key, upload), self._objects.uploader
        rows = [row_of(part) for part in segments]
        size = sum(part.size for part in segments)
        try:
            if base is not None and base.meta is not None and not base.inside:
                rows = [*await uploader.copy_parts(Source(base.meta), place, _copied(base.meta.size)), *rows]
                size += base.meta.size
            guard = await self._guard(key, opts, base)
            written = await uploader.complete(place, rows, size, guard)
        except BaseException:
            await wholly(self.drop(key, upload))
            raise
        self._begun.pop(upload, None)
        return await self._objects.told(key, written, opts.props)

    async def _guard(self, key: Key, opts: Put, base: Base | None) -> Guard:
        """Where the remote does not mind conditions, an append looks right before it commits."""
        if base is None:
            return await self._objects.guard(key, opts.when, Write.COMPLETE)
        try:
            return await self._objects.guard(key, base.when, Write.COMPLETE)
        except Unsupported:
            check_write(base.when, await self._objects.find(key))
            return await self._objects.guard(key, ANY)

    async def drop(self, key: Key, upload: str) -> None:
        """Completing an upload ends it, so that this does no harm to an object."""
        self._begun.pop(upload, None)
        await self._objects.uploader.abandon(place_of(key, upload))

    async def renew(self, key: Key, upload: str) -> None:
        if upload in self._begun:
            await self._put_mark(place_of(key, upload))

    async def left(self, bucket: str, before: int) -> Sequence[LeftUpload]:
        found: list[LeftUpload] = []
        query: UploadQuery | None = UploadQuery(limit=PAGE)
        while query is not None:
            rows, query = await self._uploads.page(bucket, query, PAGE)
            old = [row for row in rows if isinstance(row, Upload) and row.created < before]
            found += [LeftUpload(row.key, row.id) for row in old if await self._is_left(row, before)]
        return found

    async def _is_left(self, upload: Upload, before: int) -> bool:
        place = place_of(upload.key, upload.id)
        for last in (MAX_PARTS, FEW_PARTS):
            try:
                parts = (await self._uploads.parts(place, last - 1, 1)).items
            except NoSuchUpload:
                return False
            if any((part.number, part.etag) == (last, MARK_ETAG) for part in parts):
                return parts[0].modified < before
        return False


def _copied(size: int) -> int:
    """Bytes of each part that an object of `size` bytes is copied in, such that none is too small.

    Raises `TooLarge`.
    """
    count = -(-size // MAX_COPY)
    if count > BASES:
        raise TooLarge
    return -(-size // count)
