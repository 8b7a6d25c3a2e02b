"""Bytes that come from elsewhere, compared with the ETag that was told with them."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from gateway.core.digest import Algorithm, new
from gateway.core.errors import Corrupt

INLINE = 16 * 1024
"""So many bytes are hashed on the event loop; more of them in a thread."""

_MD5 = re.compile("[0-9a-f]{32}")


def is_md5(etag: str) -> bool:
    """Whether an ETag has the form of the MD5 of the bytes."""
    return _MD5.fullmatch(etag) is not None


async def verified(chunks: AsyncGenerator[bytes, None], etag: str) -> AsyncGenerator[bytes, None]:
    """The same bytes, if their MD5 is `etag`; the last of them are held back until that is known. Raises `Corrupt`.

    A reader of bytes that are others never has all of them, so that it can't take them for the object.
    """
    state = new(Algorithm.MD5)
    held = b""
    hashing: asyncio.Future[None] | None = None
    async with aclosing(chunks):
        async for chunk in chunks:
            if not chunk:  # nothing to hold back
                continue
            if hashing is not None:
                await hashing
                hashing = None
            if len(chunk) <= INLINE:
                state.update(chunk)
            else:
                hashing = asyncio.get_running_loop().run_in_executor(None, state.update, chunk)
            if held:
                yield held
            held = chunk
    if hashing is not None:
        await hashing
    if state.digest().hex() != etag:
        raise Corrupt("The object is not the one that its ETag tells of")
    if held:
        yield held
