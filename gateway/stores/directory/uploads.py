"""Multipart uploads: `capabilities.Multipart`.

Parts lie as files in the hidden folder of the bucket. A completion writes them one behind the other into the object's
file: the kernel copies, and moves no bytes where the file system lets files share blocks.
"""

from collections.abc import Iterator, Sequence
from time import time_ns

from gateway.core.body import Body, StreamBody, checked
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm, composite_etag
from gateway.core.encryption import CustomerKey, refuse_key
from gateway.core.errors import InvalidPart, NoSuchUpload
from gateway.core.listing import LAST_CHARACTER, paginate
from gateway.core.parts import check_number, checksums_of, choose
from gateway.core.ranges import Span
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Put
from gateway.core.uploads import Part, PartRef, Upload, UploadQuery
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.describing import told
from gateway.stores.directory.draft import Draft
from gateway.stores.directory.intake import drafted, received, take_in
from gateway.stores.directory.names import Place, Unholdable, place
from gateway.stores.directory.objects import NO_BYTES, Objects
from gateway.stores.directory.pending import Pending, told_of_part, told_of_upload
from gateway.stores.directory.records import Completion, Kind, Record, UploadRecord, stated


class Uploads(Objects):
    """An upload is claimed by one completion or abort at a time; parts come in beside them."""

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        if place(key.name).is_directory:
            raise Unholdable(NO_BYTES)
        record = UploadRecord(
            name=key.name,
            created=time_ns(),
            owner=owner,
            record=Record(kind=Kind.FILE, **stated(opts.props)),
            checksum=checksum,
            whole=whole,
            modified=opts.modified,
        )
        upload = await self._threads.run(self._create_upload, key.bucket, record)
        return told_of_upload(key, upload, record)

    def _create_upload(self, name: str, record: UploadRecord) -> str:
        with self._writing.locks.bucket(name), self._site.bucket(name) as bucket:
            return Pending(bucket).begin(record)

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        return told_of_upload(key, upload, await self._reading.run(self._upload, key, upload))

    def _upload(self, key: Key, upload: str) -> UploadRecord:
        place_of_upload(key)
        with self._site.bucket(key.bucket) as bucket:
            return Pending(bucket).record(key.name, upload)

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        refuse_key(secret)
        check_number(number)
        pending = await self._reading.run(self._upload, key, upload)
        wanted = checksums if pending.checksum is None else checksums | {Algorithm(pending.checksum)}
        stage = checked(body, {Algorithm.MD5, *wanted})

        def finish(draft: Draft) -> Part:
            came = received(stage, wanted)
            record = Record(kind=Kind.FILE, etag=came.etag, modified=time_ns(), checksums=dict(came.checksums))
            sealed = draft.seal(record)
            Pending(draft.bucket).put(upload, number, draft)
            return told_of_part(number, sealed)

        return await take_in(stage, lambda: self._site.open_bucket(key.bucket), finish, self._threads)

    async def copy_part(
        self,
        key: Key,
        upload: str,
        number: int,
        source: Key,
        *,
        span: Span | None = None,
        version: str | None = None,
        when: When = ANY,
    ) -> Part:
        await self._reading.run(self._upload, key, upload)
        place(source.name)
        async with self.open(source, span=span, version=version, when=when) as reader:
            return await self.put_part(key, upload, number, StreamBody(reader.chunks(), len(reader.extent)))

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        return await self._reading.run(self._parts, key, upload, marker, limit)

    def _parts(self, key: Key, upload: str, marker: int, limit: int) -> Page[Part]:
        place_of_upload(key)
        with self._site.bucket(key.bucket) as bucket:
            pending = Pending(bucket)
            pending.record(key.name, upload)
            numbers = [number for number in pending.numbers(upload) if number > marker]
            shown = numbers[: max(0, limit)]
            parts = [part for number in shown if (part := pending.part(upload, number)) is not None]
        return Page(tuple(parts), str(shown[-1]) if shown and len(shown) < len(numbers) else None)

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        return await self._reading.run(self._uploads, bucket, query)

    def _uploads(self, name: str, query: UploadQuery) -> Page[Upload | Prefix]:
        if query.kept:
            return Page(())
        with self._site.bucket(name) as bucket:
            rows = sorted(Pending(bucket).each(), key=lambda row: (row.name, row.id))

        def seek(start: str, included: bool) -> Iterator[Upload]:
            behind = query.id_marker if start == query.key_marker else ""
            bound = start, "" if included else behind or LAST_CHARACTER
            return (row for row in rows if (row.name, row.id) > bound)

        names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)
        return paginate(seek, names)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        async with self._turns.of(upload):  # of many that repeat one, a single thread waits for the others
            return await self._threads.run(self._complete, key, upload, parts, when, min_part)

    def _complete(self, key: Key, upload: str, refs: Sequence[PartRef], when: When, min_part: int) -> Meta:
        where = place_of_upload(key)
        with self._writing.locks.upload(upload), self._site.bucket(key.bucket) as bucket:
            pending = Pending(bucket)
            try:
                record = pending.record(key.name, upload)
            except NoSuchUpload:
                return pending.recall(key, upload, refs)
            named = {ref.number for ref in refs}.intersection(pending.numbers(upload))
            ready = {number: part for number in named if (part := pending.part(upload, number)) is not None}
            chosen = choose(ready, refs, min_part)
            self._writing.check(bucket, key.name, where, when)
            made = self._assemble(
                bucket,
                key,
                where,
                upload,
                chosen,
                _joined(told_of_upload(key, upload, record), record.modified, chosen),
                when,
            )
            pending.remember(upload, Completion(name=key.name, record=made))
            pending.drop(upload)
            return told(key, made)

    def _assemble(
        self, bucket: Bucket, key: Key, where: Place, upload: str, parts: Sequence[Part], record: Record, when: When
    ) -> Record:
        """Make the object of its parts; its record as it was kept."""
        draft = drafted(self._site.open_bucket(key.bucket))
        try:
            if not Pending(bucket).join(upload, parts, draft):
                raise InvalidPart
            sealed = draft.seal(record)
            self._writing.commit(key, where, draft, when)
        finally:
            draft.discard()
        return sealed

    async def abort_upload(self, key: Key, upload: str) -> None:
        async with self._turns.of(upload):
            await self._threads.run(self._abort, key, upload)

    def _abort(self, key: Key, upload: str) -> None:
        place_of_upload(key)
        with self._writing.locks.upload(upload), self._site.bucket(key.bucket) as bucket:
            pending = Pending(bucket)
            pending.record(key.name, upload)
            pending.drop(upload)


def place_of_upload(key: Key) -> Place:
    """The place of an upload's object. Raises `NoSuchUpload` for a name that no file can have."""
    try:
        return place(key.name)
    except Unholdable:
        raise NoSuchUpload from None


def _joined(upload: Upload, modified: int | None, parts: Sequence[Part]) -> Record:
    """The record of the object that parts become. `modified`: the time that was stated for it."""
    return Record(
        kind=Kind.FILE,
        etag=composite_etag(part.etag for part in parts),
        modified=time_ns() if modified is None else modified,
        checksums=dict(checksums_of(upload, parts)),
        **stated(upload.props),
    )
