"""Objects that come in as segments: `capabilities.Segments` by S3's own multipart uploads.

The remote lists uploads under way, but does not tell whose they are, and clients have uploads of their own, which may
rest for as long as they like. So each of ours bears a mark, a part that no completion names; it is put anew while
somebody is at the upload, and an upload whose mark is old is nobody's.

What is kept of a body that broke bears two parts more, since the remote tells of parts their ETag and size alone: one
that is the label, and one of as many bytes as segments are kept, which is written last.

Some remotes (rclone's) complete no upload of which a part is not named. There, without marks (`segment_marks`), nothing
is swept, and what is kept this process alone knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.body import ReadyBody
from gateway.core.conditions import ANY, When, check_write
from gateway.core.digest import Algorithm, digest
from gateway.core.errors import BadRequest, NoSuchUpload, TooLarge, Unsupported
from gateway.core.parts import MAX_PARTS
from gateway.core.segments import Base, Kept, LeftUpload, SegmentRules
from gateway.core.tasks import wholly
from gateway.core.types import Key, Meta, Put
from gateway.core.uploads import Part, Upload, UploadQuery
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
LASTS = (MAX_PARTS, FEW_PARTS)
BASES = 99
"""Numbers that are kept for what stood before an append."""
LABEL, COUNT = 1, 2
"""Where the parts of what is kept are: so far before the mark, at numbers that nothing else has."""
COUNTED = b"+"
PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Begun:
    """What this process has to know of an upload: its checksums, and the number that its segments begin behind."""

    algorithm: Algorithm | None
    behind: int
    kept: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """What is kept, as the remote tells of it; its mark is part `last`."""

    row: Kept
    parts: tuple[Part, ...]
    last: int


class Segments:
    """Uploads of one store. The mark is the last part that the remote takes."""

    def __init__(self, objects: Objects, uploads: Uploads, *, marks: bool = True) -> None:
        self._objects = objects
        self._uploads = uploads
        self._last = MAX_PARTS
        self._begun: dict[str, _Begun] = {}
        self._marks = marks

    async def rules(self, key: Key, when: When, size: int | None) -> SegmentRules:
        is_whole = size is not None and size <= GATHERED
        await self._objects.guard(key, when, *((Write.PUT,) if is_whole else (Write.PUT, Write.COMPLETE)))
        return SegmentRules(smallest=MIN_PART, largest=MAX_COPY, most=self._last - BASES - 1)

    async def begin(self, key: Key, opts: Put, base: Base | None) -> str:
        begun = _Begun(chosen(opts.checksums), BASES if base is not None and not base.inside else 0)
        await self._objects.check_locks(key.bucket, opts.props)
        stated = Stated(props=opts.props, modified=opts.modified)
        place = await self._objects.uploader.begin(key, stated, begun.algorithm)
        self._know(place.upload, begun)
        try:
            await self._mark(place)
        except BaseException:
            await wholly(self.drop(key, place.upload))
            raise
        return place.upload

    def _know(self, upload: str, begun: _Begun) -> None:
        self._begun[upload] = begun
        self._uploads.hidden.add(upload)

    def _forget(self, upload: str) -> None:
        self._begun.pop(upload, None)
        self._uploads.hidden.discard(upload)

    async def _mark(self, place: Place) -> None:
        if not self._marks:
            return
        try:
            await self._put_mark(place)
        except BadRequest:
            if self._last == FEW_PARTS:
                raise
            self._last = FEW_PARTS
            await self._put_mark(place)

    async def _put_mark(self, place: Place) -> None:
        await self._put_note(place, self._last, MARK)

    async def _put_note(self, place: Place, number: int, data: bytes) -> None:
        algorithm = self._begun[place.upload].algorithm
        digests = {name: digest(name, data) for name in {Algorithm.MD5, algorithm or Algorithm.MD5}}
        await self._objects.uploader.put_part(place, number, data, digests, algorithm)

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
        self._forget(upload)
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
        self._forget(upload)
        await self._objects.uploader.abandon(place_of(key, upload))

    async def renew(self, key: Key, upload: str) -> None:
        if upload in self._begun and self._marks:
            await self._put_mark(place_of(key, upload))

    async def keep(self, key: Key, upload: str, label: str, segments: Sequence[Part]) -> None:
        place = place_of(key, upload)
        if self._marks:
            await self._put_mark(place)
            await self._put_note(place, self._last - LABEL, label.encode())
            await self._put_note(place, self._last - COUNT, COUNTED * len(segments))
        self._begun[upload] = replace(self._begun[upload], kept=tuple(segments))

    async def kept(self, bucket: str) -> Sequence[Kept]:
        found = [await self._found(row.key, row.id) for row in await self._under_way(bucket)]
        rows = [each.row for each in found if each is not None]
        self._uploads.hidden.update(row.id for row in rows)
        return sorted(rows, key=lambda row: -row.since)

    async def segments_of(self, key: Key, upload: str) -> Sequence[Part]:
        if (begun := self._begun.get(upload)) is not None:
            return begun.kept
        await self._uploads.stat(key, upload)  # some remotes tell of parts, and take some, when it is completed
        found = await self._found(key, upload)
        if found is None:
            raise NoSuchUpload
        self._last = min(self._last, found.last)
        self._know(upload, _Begun(None, 0, found.parts))
        return found.parts

    async def _found(self, key: Key, upload: str) -> _Found | None:
        place = place_of(key, upload)
        for last in LASTS:
            try:
                notes = {part.number: part for part in (await self._uploads.parts(place, last - COUNT - 1, 3)).items}
            except NoSuchUpload:
                return None
            if notes.keys() == {last, last - LABEL, last - COUNT} and notes[last].etag == MARK_ETAG:
                return await self._read(place, last, notes[last - LABEL], notes[last - COUNT])
        return None

    async def _read(self, place: Place, last: int, label: Part, count: Part) -> _Found | None:
        if count.etag != digest(Algorithm.MD5, COUNTED * count.size).hex():
            return None
        parts, marker = list[Part](), 0
        while len(parts) < count.size:
            page = await self._uploads.parts(place, marker, min(PAGE, count.size - len(parts)))
            if [part.number for part in page.items] != [
                *range(marker + 1, marker + 1 + len(page.items))
            ] or not page.items:
                return None
            parts += page.items
            marker = parts[-1].number
        size = sum(part.size for part in parts)
        row = Kept(key=place.key, id=place.upload, mark=label.etag, size=size, since=count.modified)
        return _Found(row, tuple(parts), last)

    async def left(self, bucket: str, before: int) -> Sequence[LeftUpload]:
        old = [row for row in await self._under_way(bucket) if row.created < before]
        return [LeftUpload(row.key, row.id) for row in old if await self._is_left(row, before)]

    async def _under_way(self, bucket: str) -> list[Upload]:
        found: list[Upload] = []
        query: UploadQuery | None = UploadQuery(limit=PAGE)
        while query is not None:
            rows, query = await self._uploads.page(bucket, query, PAGE)
            found += [row for row in rows if isinstance(row, Upload)]
        return found

    async def _is_left(self, upload: Upload, before: int) -> bool:
        place = place_of(upload.key, upload.id)
        for last in LASTS:
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
