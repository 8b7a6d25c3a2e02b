"""Multipart uploads: `capabilities.Multipart`."""

import secrets
from collections.abc import Iterator, Sequence

from gateway.core.body import Body, StreamBody
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm, composite_etag
from gateway.core.encryption import CustomerKey, refuse_key, refuse_sealed
from gateway.core.errors import NoSuchUpload
from gateway.core.listing import LAST_CHARACTER, paginate
from gateway.core.parts import check_number, checksums_of, object_parts
from gateway.core.ranges import Span
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Put
from gateway.core.uploads import ObjectParts, Part, PartRef, Upload, UploadQuery
from gateway.stores.memory.entry import Entry, frozen, frozen_props, now, receive
from gateway.stores.memory.objects import Objects, check_stated
from gateway.stores.memory.pending import PartEntry, Pending


class Uploads(Objects):
    """Parts lie apart from the objects until a completion takes them over, chunk for chunk."""

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        bucket = self._buckets.holding(key)
        check_stated(bucket, opts.props)
        upload = Upload(
            key=key,
            id=secrets.token_hex(16),
            created=now(),
            props=frozen_props(opts.props),
            owner=owner,
            checksum=checksum,
            whole=whole,
        )
        bucket.uploads.put((key.name, upload.id), Pending(upload, opts.modified))
        return upload

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        return self._pending(key, upload).upload

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
        wanted = self._pending(key, upload).upload.checksum
        received = await receive(body, checksums if wanted is None else checksums | {wanted})
        part = Part(
            number=number,
            size=received.size,
            etag=received.etag,
            modified=now(),
            checksums=received.checksums,
        )
        self._pending(key, upload).parts[number] = PartEntry(part, received.chunks)
        return part

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
        self._pending(key, upload)
        async with self.open(source, span=span, version=version, when=when) as reader:
            refuse_sealed(reader.meta.props.system)
            return await self.put_part(key, upload, number, StreamBody(reader.chunks(), len(reader.extent)))

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        parts = self._pending(key, upload).parts
        numbers = sorted(number for number in parts if number > marker)
        shown = numbers[: max(0, limit)]
        more = shown and len(shown) < len(numbers)
        return Page(tuple(parts[number].part for number in shown), str(shown[-1]) if more else None)

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        index = self._buckets.get(bucket).uploads

        def seek(start: str, included: bool) -> Iterator[Upload]:
            behind = query.id_marker if start == query.key_marker else ""
            place = "" if included else behind or LAST_CHARACTER
            rows = (row.upload for row in index.walk((start, place), included))
            return (upload for upload in rows if upload.is_kept == query.kept)

        names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)
        return paginate(seek, names)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        bucket = self._buckets.holding(key)
        pending = bucket.uploads.get((key.name, upload))
        if pending is None:
            return bucket.completed.recall(key.name, upload, parts)
        chosen = pending.choose(parts, min_part)
        self._writable(key, when)
        parts_chosen = [entry.part for entry in chosen]
        etags = tuple(part.etag for part in parts_chosen)
        meta = Meta(
            key=key,
            size=sum(part.size for part in parts_chosen),
            etag=composite_etag(etags),
            modified=now() if pending.modified is None else pending.modified,
            props=pending.upload.props,
            checksums=frozen(checksums_of(pending.upload, parts_chosen)),
        )
        bucket.uploads.pop((key.name, upload))
        chunks = tuple(chunk for entry in chosen for chunk in entry.chunks)
        made = bucket.put(Entry(meta, chunks, etags, parts=tuple(object_parts(parts_chosen))))
        bucket.completed.remember(upload, made)
        return made

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        """`capabilities.Parted`."""
        entry = self._readable(key, version)
        return ObjectParts(entry.meta, len(entry.parts), entry.parts[marker : marker + max(0, limit)])

    async def abort_upload(self, key: Key, upload: str) -> None:
        self._pending(key, upload)
        self._buckets.holding(key).uploads.pop((key.name, upload))

    def _pending(self, key: Key, upload: str) -> Pending:
        pending = self._buckets.holding(key).uploads.get((key.name, upload))
        if pending is None:
            raise NoSuchUpload
        return pending
