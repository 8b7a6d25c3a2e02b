"""Conditions of writes. The remote itself checks them when it commits, or the write is refused.

A condition is evaluated on what stands, by the one pure rule, and then pinned: the write goes through only if still
exactly that stands. If it has changed meanwhile, the condition is evaluated anew.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from gateway.core.conditions import ABSENT, ANY, ANYTHING, When, check_write
from gateway.core.errors import Busy, ConditionFailed, NotFound, StoreError, Unsupported
from gateway.core.tasks import wholly
from gateway.core.types import Key, Meta
from gateway.stores.s3.client import Client

T = TypeVar("T")
Find = Callable[[Key], Awaitable[Meta | None]]

ROUNDS = 8
"""So often a condition is evaluated anew while others keep changing the object."""

_NO_TAG = '"00000000000000000000000000000000"'


@dataclass(frozen=True, slots=True)
class Pin:
    """What must still stand at the commit: the object with `etag`, none (`absent`), or anything."""

    etag: str = ""
    absent: bool = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """The members of PutObject, CompleteMultipartUpload and DeleteObject."""
        if self.absent:
            return {"IfNoneMatch": ANYTHING}
        return {"IfMatch": quoted(self.etag)} if self.etag else {}


FREE = Pin()


def quoted(etag: str) -> str:
    return f'"{etag}"'


class Probe:
    """Learns whether the remote minds conditions: many take the headers and pass over them.

    It is asked with a condition that can't hold, on a name that is not there. A remote that does not mind it has then
    written an object of a few bytes, which is deleted again.
    """

    def __init__(self, client: Client, minds: bool | None) -> None:
        self._client = client
        self._writes = minds
        self._deletes = minds
        self._turn = asyncio.Lock()

    async def require_writes(self, bucket: str) -> None:
        """Raises `Unsupported` where PutObject or CompleteMultipartUpload don't mind conditions."""
        async with self._turn:
            if self._writes is None:
                self._writes = await wholly(self._try_writes(bucket))
        if not self._writes:
            raise Unsupported("This store can't write on a condition")

    async def require_deletes(self, bucket: str) -> None:
        """Raises `Unsupported` where DeleteObject doesn't mind conditions."""
        async with self._turn:
            if self._deletes is None:
                self._deletes = await self._minded("delete_object", Bucket=bucket, Key=_probe_name(), IfMatch=_NO_TAG)
        if not self._deletes:
            raise Unsupported("This store can't delete on a condition")

    async def _try_writes(self, bucket: str) -> bool:
        name = _probe_name()
        try:
            return await self._minded("put_object", Bucket=bucket, Key=name, Body=b"", IfMatch=_NO_TAG) and (
                await self._try_completion(bucket, name)
            )
        finally:
            with suppress(StoreError):
                await self._client.call("delete_object", Bucket=bucket, Key=name)

    async def _try_completion(self, bucket: str, name: str) -> bool:
        upload = (await self._client.call("create_multipart_upload", Bucket=bucket, Key=name)).text("UploadId")
        at = {"Bucket": bucket, "Key": name, "UploadId": upload}
        try:
            part = await self._client.call("upload_part", **at, PartNumber=1, Body=b"probe")
            parts = [{"PartNumber": 1, "ETag": part.text("ETag")}]
            return await self._minded(
                "complete_multipart_upload", **at, MultipartUpload={"Parts": parts}, IfMatch=_NO_TAG
            )
        finally:
            with suppress(StoreError):
                await self._client.call("abort_multipart_upload", **at)

    async def _minded(self, operation: str, **parameters: object) -> bool:
        try:
            await self._client.call(operation, **parameters)
        except (ConditionFailed, NotFound):
            return True
        except Unsupported:
            return False
        return False


def _probe_name() -> str:
    return f"portico-probe-{secrets.token_hex(8)}"


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
