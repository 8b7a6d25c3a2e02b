"""Multipart uploads: `capabilities.Multipart` on segments."""

import asyncio
import base64
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.core.body import Body, StreamBody
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm, composite_etag
from gateway.core.encryption import CustomerKey, refuse_key
from gateway.core.errors import NoSuchUpload, NotFound
from gateway.core.listing import LAST_CHARACTER, paginate
from gateway.core.names import check_bucket, checked_key
from gateway.core.parts import check_number, checksums_of
from gateway.core.ranges import Span
from gateway.core.tasks import wholly
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Put
from gateway.core.uploads import Part, PartRef, Upload, UploadQuery
from gateway.stores.swift.facts import Facts
from gateway.stores.swift.found import end_of
from gateway.stores.swift.large import Large
from gateway.stores.swift.listing import listing_of
from gateway.stores.swift.metadata import Stated, of_object
from gateway.stores.swift.names import UPLOADS, container_of, new_upload, prefix_of, record_of
from gateway.stores.swift.objects import native
from gateway.stores.swift.pending import (
    Record,
    StoredPart,
    check_id,
    choose,
    newest,
    part_type,
    read_record,
)
from gateway.stores.swift.pending import record_of as encoded
from gateway.stores.swift.request import Answer, Request
from gateway.stores.swift.segments import segment
from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.staging import Staged, incoming
from gateway.stores.swift.together import together
from gateway.stores.swift.tokens import Shelf

PAGE = 1000
AT_ONCE = 8
MAX_RECORDS = 10_000


class Uploads(Large):
    """A part is a segment, and completing an upload is putting the manifest. The container of segments keeps a record
    of every upload.
    """

    def __init__(
        self, settings: SwiftStoreSettings, owner: str, shelf: Shelf | None = None, *, ahead: bool = False
    ) -> None:
        super().__init__(settings, owner, shelf, ahead=ahead)
        self._records: OrderedDict[str, Record] = OrderedDict()

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        checked_key(key)
        container = await self._up.segments.ensure(key.bucket)
        upload = Upload(
            key=key,
            id=new_upload(),
            created=time.time_ns(),
            props=opts.props,
            owner=owner,
            checksum=checksum,
            whole=whole,
        )
        place = Key(container, record_of(upload.id))
        data = encoded(upload, opts.modified)
        await wholly(self._write(place, Request(method="PUT", path=(place.bucket, place.name), body=data)))
        return upload

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        return (await self._record(key, upload)).upload(upload)

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
        record = await self._record(key, upload)
        wanted = checksums if record.checksum is None else checksums | {Algorithm(record.checksum)}
        name = f"{prefix_of(key.name, upload)}{number:05}-{secrets.token_hex(8)}"
        place = Key(container_of(key.bucket), name)

        def headers(facts: Facts) -> Mapping[str, str]:
            return {"Content-Type": part_type({name: _raw(value) for name, value in facts.checksums.items()})}

        async with self._up.staging.staged(incoming(place, body, wanted, headers)) as staged:
            return await wholly(self._store_part(key, upload, place, staged, headers(staged.facts)))

    async def _store_part(self, key: Key, upload: str, place: Key, staged: Staged, headers: Mapping[str, str]) -> Part:
        await staged.commit()
        if staged.late:
            await self._up.client.call(Request(method="POST", path=(place.bucket, place.name), headers=headers))
        found = await self._up.found(place)
        try:
            await self._record(key, upload)
        except NotFound:
            await self._remove_one(place)
            raise
        if found is None:
            raise NoSuchUpload
        self._up.objects.wrote(place.bucket, place.name, found.meta, found.stamp)
        return newest([found.meta])[0].part

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
        await self._record(key, upload)
        async with self.open(source, span=span, version=version, when=when) as reader:
            return await self.put_part(key, upload, number, StreamBody(reader.chunks(), len(reader.extent)))

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        await self._record(key, upload)
        found = [stored.part for stored in await self._parts(key, upload) if stored.part.number > marker]
        shown = found[: max(0, limit)]
        more = shown and len(shown) < len(found)
        return Page(tuple(shown), str(shown[-1].number) if more else None)

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        await self._up.need_bucket(check_bucket(bucket))
        found = sorted(await self._under_way(bucket), key=lambda upload: (upload.name, upload.id))

        def seek(start: str, included: bool) -> list[Upload]:
            behind = query.id_marker if start == query.key_marker else ""
            place = start, "" if included else behind or LAST_CHARACTER
            return [row for row in found if (row.name, row.id) > place]

        names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)
        return paginate(seek, names)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        async with self._up.turns.of(("upload", upload)):
            record = await self._record(key, upload)
            known = await self._parts(key, upload)
            chosen = choose(known, parts, min_part)
            self._check_conditions(when)
            return await wholly(self._complete(record.upload(upload), record.modified, chosen, known, when))

    async def _complete(
        self,
        upload: Upload,
        modified: int | None,
        chosen: Sequence[StoredPart],
        known: Sequence[StoredPart],
        when: When,
    ) -> Meta:
        container = container_of(upload.key.bucket)
        segments = [
            segment(container, stored.name, stored.part.etag, stored.part.size) for stored in chosen if stored.part.size
        ]
        size = sum(row.size_bytes for row in segments)
        meta = Meta(
            key=upload.key,
            size=size,
            etag=composite_etag(stored.part.etag for stored in chosen),
            modified=modified or 0,
            props=upload.props,
            checksums=checksums_of(upload, [stored.part for stored in chosen]),
        )
        kept = upload.id if segments else ""
        stated = of_object(meta.props, Stated(meta.etag, modified), meta.checksums, kept)
        headers = {**stated, **native(when)}

        async def commit() -> Answer:
            if segments:
                return await self._up.segments.join(upload.key, upload.id, segments, headers)
            path = upload.key.bucket, upload.key.name
            return await self._up.client.call(Request(method="PUT", path=path, headers=headers, body=b""))

        done = await self._commit(meta, when, Staged(facts=Facts(upload=kept), size=meta.size, commit=commit), headers)
        used = {stored.name for stored in chosen if stored.part.size}
        await self._up.deletes.remove(container, [stored.name for stored in known if stored.name not in used])
        await self._drop_record(container, upload.id)
        return done

    async def abort_upload(self, key: Key, upload: str) -> None:
        async with self._up.turns.of(("upload", upload)):
            await self._record(key, upload)
            await wholly(self._abort(key, upload))

    async def _abort(self, key: Key, upload: str) -> None:
        known = await self._parts(key, upload)
        found = await self._found(key)
        await self._drop_record(container_of(key.bucket), upload)
        if found is not None and found.upload == upload:
            raise NoSuchUpload  # it had been completed, and only the answer was lost
        await self._up.segments.free(key, upload, [stored.name for stored in known])

    async def _record(self, key: Key, upload: str) -> Record:
        checked_key(key)
        path = container_of(key.bucket), record_of(check_id(upload))
        answer = await self._up.client.call(Request(method="GET", path=path), 404)
        if answer.status == 404:
            raise await self._up.missing(key.bucket, NoSuchUpload())
        record = read_record(answer.body)
        if (record.bucket, record.name) != (key.bucket, key.name):
            raise NoSuchUpload
        return record

    async def _parts(self, key: Key, upload: str) -> list[StoredPart]:
        prefix = prefix_of(key.name, upload)
        return newest(await self._listed(container_of(key.bucket), prefix))

    async def _under_way(self, bucket: str) -> list[Upload]:
        """All uploads of a bucket. A record never changes: each is read once, and forgotten when it is not listed."""
        container = container_of(bucket)
        rows = await self._listed(container, UPLOADS)
        turns = asyncio.Semaphore(AT_ONCE)

        async def read(name: str) -> Upload | None:
            identifier = name.removeprefix(UPLOADS)
            if (record := self._records.get(identifier)) is None:
                async with turns:
                    answer = await self._up.client.call(Request(method="GET", path=(container, name)), 404)
                if answer.status == 404:
                    return None
                record = self._records[identifier] = read_record(answer.body)
                if len(self._records) > MAX_RECORDS:
                    self._records.popitem(last=False)
            return record.upload(identifier) if record.bucket == bucket else None

        async with together() as group:
            tasks = [group.create_task(read(row.name)) for row in rows]
        return [upload for task in tasks if (upload := task.result()) is not None]

    async def _listed(self, container: str, prefix: str) -> list[Meta]:
        """All objects below a prefix; none where there is no container."""
        found: list[Meta] = []
        query = ListQuery(prefix=prefix, limit=PAGE)
        listing = listing_of(self._up, container)
        try:
            while True:
                page = await listing.page(query)
                found += [row for row in page.items if isinstance(row, Meta)]
                if page.next is None:
                    return found
                query = replace(query, marker=page.next)
        except NotFound:
            return []

    async def _drop_record(self, container: str, upload: str) -> None:
        await self._remove_one(Key(container, record_of(upload)))

    async def _remove_one(self, place: Key) -> None:
        answer = await self._up.client.call(Request(method="DELETE", path=(place.bucket, place.name)), 404)
        self._up.objects.deleted(place.bucket, place.name, end_of(answer.headers), sure=False)

    async def _write(self, place: Key, request: Request) -> None:
        await self._up.client.call(request)
        found = await self._up.found(place)
        if found is not None:
            self._up.objects.wrote(place.bucket, place.name, found.meta, found.stamp)


def _raw(checksum: str) -> bytes:
    return base64.b64decode(checksum)
