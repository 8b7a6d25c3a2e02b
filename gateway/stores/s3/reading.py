"""Objects that are open for reading: one answer of GetObject, which is of one version of the object."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError

from gateway.core.errors import StoreError, Unavailable
from gateway.core.ranges import Extent, Span, resolve
from gateway.core.store import Reader
from gateway.core.types import Key, Meta
from gateway.core.verified import is_md5, verified
from gateway.stores.s3.answer import Answer
from gateway.stores.s3.metadata import meta_of

CHUNK = 256 * 1024

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.ASCII)


def range_header(span: Span | None) -> str | None:
    """The Range header of a span."""
    if span is None:
        return None
    return f"bytes={'' if span.first is None else span.first}-{'' if span.last is None else span.last}"


class S3Reader(Reader):
    """Hands on the bytes of an answer as they come, and counts them."""

    def __init__(self, key: Key, answer: Answer, span: Span | None, checks: bool = True) -> None:
        """`checks`: ETags are compared with the bytes. Raises as `_told`, with the connection given up."""
        self._stream: Any = answer.raw("Body")
        try:
            self.meta, self.extent = _told(key, answer, span)
        except StoreError:
            self.close()
            raise
        whole = len(self.extent) == self.meta.size
        self._checks = checks and whole and is_md5(self.meta.etag) and not _is_sealed(answer)

    def close(self) -> None:
        """Give the connection back where the bytes have been read, and up where they have not."""
        self._stream.close()

    def chunks(self) -> AsyncIterator[bytes]:
        return verified(self._counted(), self.meta.etag) if self._checks else self._counted()

    async def _counted(self) -> AsyncGenerator[bytes, None]:
        left = len(self.extent)
        try:
            while left and (chunk := await self._stream.read(CHUNK)):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
        except (TimeoutError, BotoCoreError, aiohttp.ClientError, OSError) as error:
            raise Unavailable("The store broke off in the middle of the object") from error
        if left:
            raise Unavailable("The store sent another number of bytes than it had stated")


def _told(key: Key, answer: Answer, span: Span | None) -> tuple[Meta, Extent]:
    """What the answer is of. Raises `BadRange`, and `Unavailable` for bytes that were not asked for."""
    try:
        size, start, stop = extent_of(answer)
        meta = meta_of(key, answer, size)
    except ValueError as error:
        raise Unavailable("The store's answer can't be understood") from error
    extent = resolve(span, size)
    if (extent.start, extent.stop) != (start, stop):
        raise Unavailable("The store answered with other bytes than it was asked for")
    return meta, extent


def _is_sealed(answer: Answer) -> bool:
    """Encrypted with a key by which the ETag is no MD5 of what is read."""
    headers = answer.headers
    by_service = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    return by_service or "x-amz-server-side-encryption-customer-algorithm" in headers


def extent_of(answer: Answer) -> tuple[int, int, int]:
    """The object's size, and the bytes of it that the answer holds. Raises `ValueError`."""
    stated = answer.headers.get("content-range")
    if stated is None:
        size = int(answer.headers.get("content-length", ""))
        return size, 0, size
    match = _CONTENT_RANGE.fullmatch(stated)
    if match is None:
        raise ValueError(stated)
    first, last, size = map(int, match.groups())
    return size, first, last + 1
