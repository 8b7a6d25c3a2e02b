"""Notes of uploads whose segments may belong to nobody: one small object each, beside the segments.

A note is written before the first segment of an upload, and before an object that has segments is replaced or deleted.
It goes when the object stands, or when the segments are gone; that of an object that is to vanish at a time of its own
stays as long as the object, since Swift removes the manifest alone. So what a killed process leaves is noted, and the
segments of a note that is old are nobody's, unless the object of that name is made of them.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from gateway.core.errors import StoreError
from gateway.core.tasks import wholly
from gateway.core.types import Key, LeftUpload
from gateway.stores.swift.client import Client, Request
from gateway.stores.swift.names import NOTES, container_of, note_of
from gateway.stores.swift.walking import walk

AT_ONCE = 8

log = logging.getLogger("portico.swift")


class _Note(msgspec.Struct, frozen=True):
    """The object that the upload is, or was, of."""

    bucket: str
    name: str


class Notes:
    """The notes of one account."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def put(self, key: Key, upload: str) -> None:
        """Write a note, or make it young again."""
        body = msgspec.json.encode(_Note(key.bucket, key.name))
        await wholly(self._client.call(Request(method="PUT", path=self._place(key.bucket, upload), body=body)))

    async def clear(self, key: Key, upload: str) -> None:
        """Delete a note. One that can't be deleted is found again by a sweep, which is no harm."""
        try:
            await self._client.call(Request(method="DELETE", path=self._place(key.bucket, upload)), 404)
        except StoreError as error:
            log.warning("the note of upload %s was not cleared: %s", upload, error)

    async def older(self, bucket: str, before: int) -> Sequence[LeftUpload]:
        """The uploads whose notes were written before that time, in ns since the epoch."""
        rows = await walk(self._client, container_of(bucket), NOTES)
        turns = asyncio.Semaphore(AT_ONCE)

        async def read(name: str) -> LeftUpload | None:
            async with turns:
                answer = await self._client.call(Request(method="GET", path=(container_of(bucket), name)), 404)
            try:
                note = msgspec.json.decode(answer.body, type=_Note)
            except msgspec.DecodeError:
                return None
            return LeftUpload(Key(bucket, note.name), name.removeprefix(NOTES)) if note.bucket == bucket else None

        found = await asyncio.gather(*(read(row.name) for row in rows if row.stamp < before))
        return [upload for upload in found if upload is not None]

    def _place(self, bucket: str, upload: str) -> tuple[str, str]:
        return container_of(bucket), note_of(upload)
