"""Bytes that come from elsewhere, compared with the ETag that was told with them."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from gateway.core.digest import Algorithm
from gateway.core.errors import Corrupt, StoreError
from gateway.core.hashing import Hashing

BLOCK = 256 * 1024
"""Bytes that are gathered before they are hashed and handed on: each hop to the hashing thread has its price."""

_MD5 = re.compile("[0-9a-f]{32}")


def is_md5(etag: str) -> bool:
    """Whether an ETag has the form of the MD5 of the bytes."""
    return _MD5.fullmatch(etag) is not None


async def verified(chunks: AsyncGenerator[bytes, None], etag: str) -> AsyncGenerator[bytes, None]:
    """The same bytes, if their MD5 is `etag`; the last of them are held back until that is known. Raises `Corrupt`.

    A reader of bytes that are others never has all of them, so that it can't take them for the object. Of a stream that
    breaks all is handed on but one byte: whoever goes on from there need not fetch it again.
    """
    hashing = Hashing((Algorithm.MD5,))
    held = b""
    broken: StoreError | None = None
    async with aclosing(_blocks(chunks)) as blocks:
        try:
            async for block in blocks:
                await hashing.update(block)
                if held:
                    yield held
                held = block
        except StoreError as error:
            broken = error
    if broken is not None:
        if len(held) > 1:
            yield held[:-1]
        raise broken
    digests = await hashing.digests()
    if digests[Algorithm.MD5].hex() != etag:
        raise Corrupt("The object is not the one that its ETag tells of")
    if held:
        yield held


async def _blocks(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes in larger blocks. What came before a break comes before its error."""
    gathered: list[bytes] = []
    size = 0
    broken: StoreError | None = None
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                gathered.append(chunk)
                size += len(chunk)
                if size >= BLOCK:
                    yield b"".join(gathered)
                    gathered, size = [], 0
        except StoreError as error:
            broken = error
    if any(gathered):
        yield b"".join(gathered)
    if broken is not None:
        raise broken
