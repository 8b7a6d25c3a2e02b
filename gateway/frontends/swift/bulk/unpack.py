"""Archives as they come in, unpacked step by step in worker threads."""

import asyncio
import bz2
import zlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

STEP = 1024 * 1024
"""Bytes that one step unpacks at most, whatever came in."""

FREE = 64 * 1024 * 1024
MAX_RATIO = 1100
"""An archive may unpack to `FREE` bytes, and to so many times what has come in: gzip can't do more, a bomb would."""

Chunks = AsyncGenerator[bytes, None]


class BadArchive(Exception):
    """What came in is no archive, or a broken one."""


class _Unpacker(ABC):
    """Unpacks bytes in steps. `hungry`: nothing is left to do before more come in. `ended`: nothing can follow."""

    hungry = True
    ended = False

    @abstractmethod
    def step(self, data: bytes) -> bytes:
        """The next bytes, `STEP` at most. Raises `zlib.error`, `OSError`."""


class _Gzip(_Unpacker):
    MAGIC = b"\x1f\x8b"

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._rest = b""

    def step(self, data: bytes) -> bytes:
        unpacked = self._stream.decompress(self._rest + data, STEP)
        self._rest = self._stream.unconsumed_tail
        if self._stream.eof:
            self._rest = self._stream.unused_data
            self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
            self.ended = bool(self._rest) and not self._rest.startswith(self.MAGIC[: len(self._rest)])
        self.hungry = not self._rest and len(unpacked) < STEP
        return unpacked


class _Bzip2(_Unpacker):
    MAGIC = b"BZh"

    def __init__(self) -> None:
        self._stream = bz2.BZ2Decompressor()

    def step(self, data: bytes) -> bytes:
        unpacked = self._stream.decompress(data, STEP)
        self.hungry = self._stream.needs_input
        if self._stream.eof:
            rest, self._stream = self._stream.unused_data, bz2.BZ2Decompressor()
            self.ended = bool(rest) and not rest.startswith(self.MAGIC[: len(rest)])
            self.hungry = self.ended or not rest
            if not self.hungry:
                unpacked += self._stream.decompress(rest, STEP)
                self.hungry = self._stream.needs_input
        return unpacked


UNPACKERS: Mapping[str, Callable[[], _Unpacker] | None] = {"tar": None, "tar.gz": _Gzip, "tar.bz2": _Bzip2}
"""The kinds of archives."""


async def unpacked(chunks: Chunks, kind: str) -> Chunks:
    """The bytes of an archive of that kind. Raises `BadArchive`, and what `chunks` raises."""
    make = UNPACKERS[kind]
    if make is None:
        async for chunk in chunks:
            yield chunk
        return
    unpacker, received, made = make(), 0, 0
    async with aclosing(chunks):
        async for chunk in chunks:
            received += len(chunk)
            data = chunk
            while data or not unpacker.hungry:
                try:
                    block = await asyncio.to_thread(unpacker.step, data)
                except (zlib.error, OSError, EOFError) as error:
                    raise BadArchive(str(error)) from error
                data = b""
                made += len(block)
                if made > FREE + MAX_RATIO * received:
                    raise BadArchive("it unpacks to far more than was sent")
                if block:
                    yield block
                if unpacker.ended:
                    return
