"""Multipart uploads: `capabilities.Multipart` over the remote's own. Ids are the remote's.

What S3 does not tell of an upload under way is not told: its properties, and who began it.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from gateway.core.body import Body, checked
from gateway.core.conditions import When
from gateway.core.digest import Algorithm
from gateway.core.errors import (
    BadDigest,
    BadRequest,
    NoSuchUpload,
    StoreError,
    Unavailable,
    Unsupported,
)
from gateway.core.names import check_bucket, checked_key
from gateway.core.parts import check_number, choose
from gateway.core.ranges import Span, resolve
from gateway.core.tasks import wholly
from gateway.core.types import Key, Meta, Page, Prefix, Props, Put
from gateway.core.uploads import Part, PartRef, Upload, UploadQuery
from gateway.stores.s3.answer import Answer
from gateway.stores.s3.checksums import FULL_OBJECT, chosen, found_in, members_of
from gateway.stores.s3.client import Client
from gateway.stores.s3.guard import Write, quoted
from gateway.stores.s3.listing import REPEATED
from gateway.stores.s3.metadata import Stated
from gateway.stores.s3.objects import Objects
from gateway.stores.s3.streamed import Streamed
from gateway.stores.s3.upload import GATHERED, Place, gathered

PAGE = 1000
MAX_REMEMBERED = 4096

_ID = re.compile(r"[\x21-\x7e]{1,1024}")


class Uploads:
    """Multipart uploads. A part up to `GATHERED` bytes lies in memory while it is sent; a larger one streams."""

    def __init__(self, client: Client, objects: Objects, owner: str) -> None:
        self._client = client
        self._objects = objects
        self._owner = owner
        self._algorithms: dict[str, Algorithm | None] = {}
        self.hidden: set[str] = set()
        """Uploads that are no client's."""

    async def create(self, key: Key, opts: Put, owner: str, checksum: Algorithm | None, whole: bool) -> Upload:
        checked_key(key)
        await self._objects.check_locks(key.bucket, opts.props)
        described = Stated(props=opts.props, modified=opts.modified)
        place = await self._objects.uploader.begin(key, described, checksum, whole=whole)
        self._remember(place.upload, checksum)
        try:
            created = (await self._found(place)).created
        except StoreError:
            created = 0
        return Upload(
            key=key,
            id=place.upload,
            created=created,
            props=opts.props,
            owner=owner or self._owner,
            checksum=checksum,
            whole=whole,
        )

    async def stat(self, key: Key, upload: str) -> Upload:
        return await self._found(place_of(key, upload))

    async def _found(self, place: Place) -> Upload:
        name = place.key.name
        query = UploadQuery(prefix=name)
        while True:
            rows, more = await self.page(place.key.bucket, query, PAGE)
            for row in rows:
                if isinstance(row, Upload) and row.name == name and row.id == place.upload:
                    self._remember(row.id, row.checksum)
                    return row
            if more is None or more.key_marker != name:
                raise NoSuchUpload
            query = more

    async def put_part(self, place: Place, number: int, body: Body, checksums: frozenset[Algorithm]) -> Part:
        check_number(number)
        algorithm = await self._algorithm(place) or chosen(checksums)
        if body.size is not None and body.size > GATHERED:
            return await self._stream_part(place, number, body, algorithm)
        stage = checked(body, {Algorithm.MD5, *([algorithm] if algorithm else ())})
        data = await gathered(stage)
        uploader = self._objects.uploader
        answer = await wholly(uploader.put_part(place, number, data, stage.digests, algorithm))
        return part_of(number, len(data), answer, answer.date)

    async def _stream_part(self, place: Place, number: int, body: Body, algorithm: Algorithm | None) -> Part:
        """Send a part as it comes. Its digest is known behind its end only, so the remote's is compared with it."""
        async with Streamed(body, {Algorithm.MD5}) as stream:
            try:
                answer = await self._client.call(
                    "upload_part", **place.parameters, PartNumber=number, Body=stream, ContentLength=body.size
                )
            except StoreError:
                if stream.failure is not None:
                    raise stream.failure from None
                raise
        etag = answer.etag()
        if len(etag) == 32 and "-" not in etag and etag != stream.body.digests[Algorithm.MD5].hex():
            raise BadDigest
        if algorithm and algorithm not in found_in(answer):
            raise BadRequest(f"A part of that size needs its {algorithm} checksum computed by the store")
        return part_of(number, stream.body.count, answer, answer.date)

    async def copy_part(
        self, place: Place, number: int, source: Key, span: Span | None, version: str | None, when: When
    ) -> Part:
        check_number(number)
        await self._algorithm(place)  # there has to be an upload, whatever is wrong with the source
        found = await self._objects.source(source, version, when)
        extent = resolve(span, found.meta.size)
        whole = len(extent) == found.meta.size
        answer = await wholly(
            self._client.call(
                "upload_part_copy",
                **place.parameters,
                PartNumber=number,
                CopySourceRange=None if whole else f"bytes={extent.start}-{extent.stop - 1}",
                **found.parameters,
            )
        )
        result = answer.row("CopyPartResult")
        return part_of(number, len(extent), result, result.time("LastModified"))

    async def parts(self, place: Place, marker: int, limit: int) -> Page[Part]:
        wanted = max(0, limit)
        answer = await self._client.call(
            "list_parts",
            **place.parameters,
            PartNumberMarker=marker or None,
            MaxParts=max(1, min(wanted, PAGE)),
        )
        parts = [
            part_of(row.number("PartNumber"), row.number("Size"), row, row.time("LastModified"))
            for row in answer.rows("Parts")
            if row.number("PartNumber") > marker
        ]
        more = answer.flag("IsTruncated") or len(parts) > wanted
        if more and not parts:
            raise Unavailable(REPEATED)
        return Page(tuple(parts[:wanted]), str(parts[:wanted][-1].number) if more and wanted else None)

    async def list(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        check_bucket(bucket)
        items: list[Upload | Prefix] = []
        following: UploadQuery | None = query
        while following is not None and len(items) < max(1, query.limit):
            rows, following = await self.page(bucket, following, max(1, query.limit - len(items)))
            items += [row for row in rows if isinstance(row, Prefix) or row.id not in self.hidden]
        items = items[: max(0, query.limit)]
        return Page(tuple(items), items[-1].name if items and following else None)

    async def page(
        self, bucket: str, query: UploadQuery, limit: int
    ) -> tuple[Sequence[Upload | Prefix], UploadQuery | None]:
        """Some of the uploads that a query shows, and what to ask for the rest; None: there are no more."""
        try:
            answer = await self._client.call(
                "list_multipart_uploads",
                Bucket=bucket,
                Prefix=query.prefix or None,
                Delimiter=query.delimiter or None,
                KeyMarker=query.key_marker or None,
                UploadIdMarker=query.id_marker or None if query.key_marker else None,
                MaxUploads=min(limit, PAGE),
                EncodingType="url",
            )
        except NoSuchUpload:  # the remote takes the request for one about a single upload
            raise Unsupported("This store does not tell which uploads are under way") from None
        decode = unquote_plus if answer.text("EncodingType") == "url" else str
        rows: list[Upload | Prefix] = [
            Upload(
                key=Key(bucket, decode(row.text("Key"))),
                id=row.text("UploadId"),
                created=row.time("Initiated"),
                props=Props(),
                owner=self._owner,
                checksum=_algorithm(row.text("ChecksumAlgorithm")),
                whole=row.text("ChecksumType") == FULL_OBJECT,
            )
            for row in answer.rows("Uploads")
        ]
        groups = (decode(row.text("Prefix")) for row in answer.rows("CommonPrefixes"))
        rows += [Prefix(group) for group in groups if group != query.key_marker]
        rows.sort(key=lambda row: (row.name, row.id if isinstance(row, Upload) else ""))
        if not answer.flag("IsTruncated"):
            return rows, None
        key_marker, id_marker = decode(answer.text("NextKeyMarker")), answer.text("NextUploadIdMarker")
        if (key_marker, id_marker) == (query.key_marker, query.id_marker):
            raise Unavailable(REPEATED)
        return rows, replace(query, key_marker=key_marker, id_marker=id_marker)

    async def complete(self, place: Place, refs: Sequence[PartRef], when: When, min_part: int) -> Meta:
        guard = await self._objects.guard(place.key, when, Write.COMPLETE)
        parts = await self._all_parts(place)
        chosen_parts = choose(parts, refs, min_part)
        rows = [row_of(part) for part in chosen_parts]
        size = sum(part.size for part in chosen_parts)
        written = await self._objects.uploader.complete(place, rows, size, guard)
        self._algorithms.pop(place.upload, None)
        return await self._objects.told(place.key, written, Props())

    async def _all_parts(self, place: Place) -> Mapping[int, Part]:
        found: dict[int, Part] = {}
        marker: str | None = "0"
        while marker is not None:
            page = await self.parts(place, int(marker), PAGE)
            found |= {part.number: part for part in page.items}
            marker = page.next
        return found

    async def abort(self, place: Place) -> None:
        await self._client.call("list_parts", **place.parameters, MaxParts=1)  # there are remotes that don't mind
        await wholly(self._client.call("abort_multipart_upload", **place.parameters))
        self._algorithms.pop(place.upload, None)

    async def _algorithm(self, place: Place) -> Algorithm | None:
        if place.upload not in self._algorithms:
            with suppress(Unsupported):
                await self._found(place)
        return self._algorithms.get(place.upload)

    def _remember(self, upload: str, algorithm: Algorithm | None) -> None:
        if len(self._algorithms) >= MAX_REMEMBERED:
            self._algorithms.clear()
        self._algorithms[upload] = algorithm


def place_of(key: Key, upload: str) -> Place:
    """Raises `NoSuchUpload` for what is no id: a request with an empty one might mean the object itself."""
    checked_key(key)
    if not _ID.fullmatch(upload):
        raise NoSuchUpload
    return Place(key, upload)


def row_of(part: Part) -> Mapping[str, Any]:
    """A part as a completion names it to the remote."""
    return {"PartNumber": part.number, "ETag": quoted(part.etag), **members_of(part.checksums)}


def part_of(number: int, size: int, told: Answer, modified: int) -> Part:
    return Part(number=number, size=size, etag=told.etag(), modified=modified, checksums=found_in(told))


def _algorithm(name: str) -> Algorithm | None:
    try:
        return Algorithm(name.lower())
    except ValueError:
        return None
