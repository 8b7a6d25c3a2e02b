"""Conditions of writes. The remote itself checks them when it commits, or the write is refused.

A condition is evaluated on what stands, by the one pure rule, and then pinned: the write goes through only if still
exactly that stands. If it has changed meanwhile, the condition is evaluated anew.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from gateway.core.conditions import ABSENT, ANY, ANYTHING, When, check_write
from gateway.core.errors import Busy, ConditionFailed, NoSuchBucket, NotFound, StoreError, Unsupported
from gateway.core.locks import lock_of
from gateway.core.tasks import wholly
from gateway.core.types import Key, Meta
from gateway.stores.s3.buckets import Buckets
from gateway.stores.s3.client import Client

T = TypeVar("T")
Find = Callable[[Key], Awaitable[Meta | None]]

ROUNDS = 8
"""So often a condition is evaluated anew while others keep changing the object."""

IF_MATCH, IF_NONE_MATCH = BOTH = "IfMatch", "IfNoneMatch"
"""Members of PutObject, CompleteMultipartUpload and DeleteObject."""

_NO_TAG = '"00000000000000000000000000000000"'


@dataclass(frozen=True, slots=True)
class Pin:
    """What must still stand at the commit: the object with `etag`, none (`absent`), or anything."""

    etag: str = ""
    absent: bool = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """What a request states of it."""
        if self.absent:
            return {IF_NONE_MATCH: ANYTHING}
        return {IF_MATCH: quoted(self.etag)} if self.etag else {}


FREE = Pin()


def quoted(etag: str) -> str:
    return f'"{etag}"'


class Write(StrEnum):
    """Requests that may bear a condition, by their names in botocore."""

    PUT = "put_object"
    COMPLETE = "complete_multipart_upload"
    DELETE = "delete_object"


_DONE = {Write.PUT: "write", Write.COMPLETE: "write in parts", Write.DELETE: "delete"}


class Probe:
    """Learns which conditions of which requests the remote minds: many take the headers and pass over them.

    It is asked, once for each, with a condition that can't hold, on a name of its own. What a remote that does not
    mind it has then written are a few bytes, which are deleted again. Where they could not be, since the bucket retains
    what is written to it, nothing is tried: what is not known from another bucket, or the settings, is refused.
    """

    def __init__(self, client: Client, buckets: Buckets, minds: bool | None) -> None:
        self._client = client
        self._buckets = buckets
        self._minds = minds
        self._known: dict[tuple[Write, str], bool] = {}
        self._turn = asyncio.Lock()

    async def require(self, bucket: str, when: When, *writes: Write) -> None:
        """Raises `Unsupported` where the remote would do one of these `writes` whether `when` holds or not."""
        members = (IF_NONE_MATCH,) if when == ABSENT else (IF_MATCH,) if writes == (Write.DELETE,) else BOTH
        for write in writes:
            for member in members:
                if not await self._is_minded(bucket, write, member):
                    raise Unsupported(f"This store can't {_DONE[write]} on that condition")

    async def _is_minded(self, bucket: str, write: Write, member: str) -> bool:
        if self._minds is not None:
            return self._minds
        async with self._turn:
            if (write, member) not in self._known:
                if await self._retains(bucket):
                    return False
                self._known[write, member] = await wholly(self._tried(bucket, write, member))
        return self._known[write, member]

    async def _retains(self, bucket: str) -> bool:
        lock = lock_of((await self._buckets.stat(bucket)).system)
        return lock is not None and lock.default is not None

    async def _tried(self, bucket: str, write: Write, member: str) -> bool:
        at = {"Bucket": bucket, "Key": f"portico-probe-{secrets.token_hex(8)}"}
        condition = {member: ANYTHING if member == IF_NONE_MATCH else _NO_TAG}
        try:
            if member == IF_NONE_MATCH:
                await self._client.call("put_object", **at, Body=b"")
            if write is Write.COMPLETE:
                return await self._completed(at, condition)
            return await self._refused(write, **at, **condition)
        finally:
            with suppress(StoreError):
                await self._clear(at)

    async def _clear(self, at: Mapping[str, str]) -> None:
        answer = await self._client.call("delete_object", **at)
        if answer.flag("DeleteMarker"):  # the bucket keeps versions
            left = await self._client.call("list_object_versions", Bucket=at["Bucket"], Prefix=at["Key"])
            for row in (*left.rows("Versions"), *left.rows("DeleteMarkers")):
                await self._client.call("delete_object", **at, VersionId=row.text("VersionId"))

    async def _completed(self, at: Mapping[str, str], condition: Mapping[str, str]) -> bool:
        upload = {**at, "UploadId": (await self._client.call("create_multipart_upload", **at)).text("UploadId")}
        try:
            part = await self._client.call("upload_part", **upload, PartNumber=1, Body=b"probe")
            parts = {"Parts": [{"PartNumber": 1, "ETag": part.text("ETag")}]}
            return await self._refused(Write.COMPLETE, **upload, MultipartUpload=parts, **condition)
        finally:
            with suppress(StoreError):
                await self._client.call("abort_multipart_upload", **upload)

    async def _refused(self, operation: str, **parameters: object) -> bool:
        try:
            await self._client.call(operation, **parameters)
        except NoSuchBucket:
            raise
        except (ConditionFailed, NotFound):
            return True
        except Unsupported:
            return False
        return False


class Guard:
    """A condition of one write. Make it with `begin`, before the body is read."""

    def __init__(self, find: Find, key: Key, when: When, pin: Pin) -> None:
        self._find = find
        self._key = key
        self._when = when
        self._pin = pin

    @classmethod
    async def begin(cls, find: Find, key: Key, when: When) -> "Guard":
        """Evaluate `when`. Raises `ConditionFailed`."""
        return cls(find, key, when, await _pinned(find, key, when))

    @property
    def conditional(self) -> bool:
        return self._when != ANY

    async def commit(self, write: Callable[[Pin], Awaitable[T]]) -> T:
        """Have `write` done while the condition holds. Raises `ConditionFailed`, `Busy`."""
        if not self.conditional:
            return await write(FREE)
        pin = self._pin
        for _ in range(ROUNDS):
            try:
                return await write(pin)
            except ConditionFailed:
                pin = await _pinned(self._find, self._key, self._when)
        raise Busy("The object is being changed by too many at once")


async def _pinned(find: Find, key: Key, when: When) -> Pin:
    if when == ANY:
        return FREE
    found = await find(key)
    check_write(when, found)
    if when == ABSENT or found is None:
        return Pin(absent=True)
    return Pin(etag=found.etag)
