"""Multipart uploads: `capabilities.Multipart`."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial

from gateway.core.body import Body, CheckedBody, StreamBody
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm, composite_etag, encode
from gateway.core.encryption import CustomerKey, refuse_key, refuse_sealed
from gateway.core.errors import NoSuchUpload, TooLarge
from gateway.core.listing import paginate
from gateway.core.names import check_bucket, checked_key
from gateway.core.parts import check_number, checksums_of
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Put
from gateway.core.uploads import ObjectParts, Part, PartRef, Upload, UploadQuery
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.draft import MAX_OBJECT
from gateway.stores.catalog.objects import FEW, Objects
from gateway.stores.catalog.tables import buckets, completions, composition, contents, history, objects, uploads
from gateway.stores.catalog.tables.packing import BEYOND


class Multipart(Objects):
    """A part's bytes lie where the object will have them: a completion puts extents together."""

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        create = partial(uploads.create, key=checked_key(key), opts=opts, owner=owner, checksum=checksum, whole=whole)
        self._check_stated(key.bucket, opts.props)
        return await self._engine.writer.run(create, ())

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        return self._pending(key, upload)

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
        engine = self._engine
        received = await engine.receive(body, checksums | _wanted(self._pending(key, upload)))

        def work(db: Connection) -> Part:
            part = _part(number, received.size, received.etag, received.checksums)
            return uploads.put_part(db, key, upload, part, contents.create_part(db, received.stored))

        return await engine.commit(received, work, ())

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
        check_number(number)
        wanted = _wanted(self._pending(key, upload))
        async with self.open(source, span=span, version=version, when=when) as reader:
            refuse_sealed(reader.meta.props.system)
            etag, checksums = await _digests(reader, wanted)

            def work(db: Connection) -> Part:
                part = _part(number, len(reader.extent), etag, checksums)
                return uploads.put_part(db, key, upload, part, reader.duplicate(db, self._engine.volume.ids))

            return await self._engine.writer.run(work, ())  # while the reader keeps the content whole

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        checked_key(key)

        def page(db: Connection) -> Page[Part]:
            serial = uploads.find(db, key, upload).serial
            ready = uploads.parts(db, serial, marker, limit + 1) if limit > 0 else ()
            shown = tuple(found.part for found in ready[:limit])
            return Page(shown, str(shown[-1].number) if len(ready) > limit else None)

        return await self._engine.readers.away(page)

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        check_bucket(bucket)
        names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)

        def page(db: Connection) -> Page[Upload | Prefix]:
            number = buckets.identify(db, bucket)

            def seek(start: str, included: bool) -> Iterator[Upload]:
                behind = query.id_marker if start == query.key_marker else ""
                rows = uploads.walk(db, bucket, number, start, "" if included else behind or BEYOND)
                return (upload for upload in rows if upload.is_kept == query.kept)

            return paginate(seek, names)

        return await self._engine.readers.away(page)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        checked_key(key)

        def work(db: Connection) -> Meta:
            try:
                pending = uploads.find(db, key, upload)
            except NoSuchUpload:
                return completions.recall(db, key, upload, parts)
            chosen = uploads.choose(db, pending.serial, parts, min_part)
            place = objects.place(db, key, when)
            meta = _completed(pending, [found.part for found in chosen])
            made = history.put(db, place, uploads.take(db, pending.serial, chosen), meta)
            completions.remember(db, place.bucket, upload, made)
            return made

        return await self._engine.writer.run(work, (key,))

    async def abort_upload(self, key: Key, upload: str) -> None:
        checked_key(key)

        def work(db: Connection) -> None:
            uploads.drop(db, uploads.find(db, key, upload).serial)

        await self._engine.writer.run(work, ())

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        """`capabilities.Parted`."""
        checked_key(key)

        def page(db: Connection) -> ObjectParts:
            found = history.find(db, key, version)
            return ObjectParts(found.meta, *composition.page(db, found.content, marker, limit))

        readers = self._engine.readers
        return readers.together(page) if limit <= FEW else await readers.away(page)

    def _pending(self, key: Key, upload: str) -> Upload:
        return self._engine.readers.here(partial(uploads.find, key=checked_key(key), upload=upload)).upload


def _wanted(upload: Upload) -> frozenset[Algorithm]:
    return frozenset() if upload.checksum is None else frozenset((upload.checksum,))


def _part(number: int, size: int, etag: str, checksums: Mapping[str, str]) -> Part:
    return Part(number=number, size=size, etag=etag, modified=time.time_ns(), checksums=checksums)


async def _digests(reader: Reader, wanted: frozenset[Algorithm]) -> tuple[str, Mapping[str, str]]:
    """ETag and checksums of what `reader` reads; it is read only where the object's own do not tell."""
    meta = reader.meta
    if len(reader.extent) == meta.size and not meta.is_composite and wanted <= meta.checksums.keys():
        return meta.etag, {algorithm.value: meta.checksums[algorithm] for algorithm in wanted}
    body = CheckedBody(StreamBody(reader.chunks(), len(reader.extent)), {Algorithm.MD5, *wanted})
    async with aclosing(body.chunks()) as chunks:
        async for _ in chunks:
            pass
    digests = body.digests
    return digests[Algorithm.MD5].hex(), {algorithm.value: encode(digests[algorithm]) for algorithm in wanted}


def _completed(pending: uploads.Pending, parts: Sequence[Part]) -> Meta:
    """The object made of `parts`. Raises `TooLarge`."""
    size = sum(part.size for part in parts)
    if size > MAX_OBJECT:
        raise TooLarge
    upload = pending.upload
    return Meta(
        key=upload.key,
        size=size,
        etag=composite_etag(part.etag for part in parts),
        modified=time.time_ns() if pending.modified is None else pending.modified,
        props=upload.props,
        checksums=checksums_of(upload, parts),
    )
