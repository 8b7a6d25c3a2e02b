"""Notes of uploads whose segments may belong to nobody: one small object each, beside the segments.

A note is written before the first segment of an upload, and before an object that has segments is replaced or deleted.
It goes when the object stands, or when the segments are gone; that of an object that is to vanish at a time of its own
stays as long as the object, since Swift removes the manifest alone. So what a killed process leaves is noted, and the
segments of a note that is old are nobody's, unless the object of that name is made of them.

What is kept of a body that broke is told by its note: which segments, and for whom.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from gateway.core.errors import StoreError
from gateway.core.kept import mark_of
from gateway.core.segments import Kept, LeftUpload
from gateway.core.tasks import wholly
from gateway.core.types import Key
from gateway.core.uploads import Part
from gateway.stores.swift.client import Client
from gateway.stores.swift.names import NOTES, container_of, note_of
from gateway.stores.swift.request import Request
from gateway.stores.swift.together import together
from gateway.stores.swift.walking import walk

AT_ONCE = 8

log = logging.getLogger("portico.swift")


class _Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """The object that the upload is, or was, of. `kept`: the ETags and sizes of segments that are kept for `label`."""

    bucket: str
    name: str
    label: str = ""
    kept: tuple[tuple[str, int], ...] = ()

    @property
    def parts(self) -> list[Part]:
        rows = enumerate(self.kept, 1)
        return [Part(number=number, size=size, etag=etag, modified=0) for number, (etag, size) in rows]


class Notes:
    """The notes of one account."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, key: Key, upload: str) -> None:
        """Write a note."""
        await self._write(upload, _Note(key.bucket, key.name))

    async def keep(self, key: Key, upload: str, label: str, parts: Sequence[Part]) -> None:
        """Write what is kept of an upload into its note."""
        rows = tuple((part.etag, part.size) for part in parts)
        await self._write(upload, _Note(key.bucket, key.name, label, rows))

    async def renew(self, key: Key, upload: str) -> None:
        """Make a note young again, whatever it says."""
        await self._write(upload, await self._read(key.bucket, upload) or _Note(key.bucket, key.name))

    async def _write(self, upload: str, note: _Note) -> None:
        body = msgspec.json.encode(note)
        await wholly(self._client.call(Request(method="PUT", path=self._place(note.bucket, upload), body=body)))

    async def parts(self, key: Key, upload: str) -> list[Part]:
        """The segments that are kept of an upload; none where nothing is."""
        note = await self._read(key.bucket, upload)
        return note.parts if note is not None and note.name == key.name else []

    async def clear(self, key: Key, upload: str) -> None:
        """Delete a note. One that can't be deleted is found again by a sweep, which is no harm."""
        try:
            await self._client.call(Request(method="DELETE", path=self._place(key.bucket, upload)), 404)
        except StoreError as error:
            log.warning("the note of upload %s was not cleared: %s", upload, error)

    async def older(self, bucket: str, before: int) -> Sequence[LeftUpload]:
        """The uploads whose notes were written before that time, in ns since the epoch."""
        found = await self._all(bucket, before)
        return [LeftUpload(Key(bucket, note.name), upload) for upload, _, note in found]

    async def kept(self, bucket: str) -> Sequence[Kept]:
        """What is kept in a bucket, the newest first."""
        return [
            Kept(
                key=Key(bucket, note.name),
                id=upload,
                mark=mark_of(note.label),
                size=sum(part.size for part in note.parts),
                since=stamp,
            )
            for upload, stamp, note in sorted(await self._all(bucket), key=lambda each: -each[1])
            if note.kept
        ]

    async def _all(self, bucket: str, before: int | None = None) -> list[tuple[str, int, _Note]]:
        """The uploads of a bucket with the time of their notes and these."""
        rows = await walk(self._client, container_of(bucket), NOTES)
        turns = asyncio.Semaphore(AT_ONCE)

        async def read(upload: str) -> _Note | None:
            async with turns:
                return await self._read(bucket, upload)

        wanted = [(row.name.removeprefix(NOTES), row.stamp) for row in rows if before is None or row.stamp < before]
        async with together() as group:
            tasks = [group.create_task(read(upload)) for upload, _ in wanted]
        found = zip(wanted, tasks, strict=True)
        return [(upload, stamp, note) for (upload, stamp), task in found if (note := task.result()) is not None]

    async def _read(self, bucket: str, upload: str) -> _Note | None:
        answer = await self._client.call(Request(method="GET", path=self._place(bucket, upload)), 404)
        try:
            note = msgspec.json.decode(answer.body, type=_Note)
        except msgspec.DecodeError:
            return None
        return note if note.bucket == bucket else None

    def _place(self, bucket: str, upload: str) -> tuple[str, str]:
        return container_of(bucket), note_of(upload)
