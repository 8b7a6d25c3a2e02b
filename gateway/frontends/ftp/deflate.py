"""MODE Z: data connections whose bytes are one zlib stream (draft-preston-ftpext-deflate).

Memory is bounded both ways: what comes in is unpacked a piece at a time, however much it unpacks to. Packing and
unpacking happen in threads.
"""

import os
import zlib

from gateway.core.errors import BadRequest, Corrupt, IncompleteBody
from gateway.core.store import Region
from gateway.frontends.ftp.data import DataConnection

LEVEL = 6
"""The level of compression that OPTS can change, from 1 to 9."""

INPUT = 64 * 1024
"""Bytes that are unpacked at a time: what is left of them is copied once for every piece of output."""

OUTPUT = 256 * 1024
"""Bytes that are packed, or come of unpacking, at a time."""


class Deflated:
    """A data connection as its transfer sees it. Whatever breaks the stream raises `IncompleteBody`."""

    def __init__(self, data: DataConnection, level: int) -> None:
        self._data = data
        self._packer = zlib.compressobj(level)
        self._unpacker = zlib.decompressobj()
        self._waiting = memoryview(b"")
        self._receives = False

    @property
    def has_ended(self) -> bool:
        """The end of the stream is looked for when all before it was received."""
        return False

    async def receive(self) -> bytes:
        """The next bytes, unpacked; empty at the end of the stream, which has to be that of the data, too."""
        self._receives = True
        while not self._unpacker.eof:
            if not self._unpacker.unconsumed_tail and not self._waiting:
                self._waiting = memoryview(await self._data.receive())
                if not self._waiting:
                    raise IncompleteBody("The compressed data ended too soon")
            if block := await self._data.in_thread(self._unpack):
                return block
        if self._waiting or self._unpacker.unused_data or await self._data.receive():
            raise BadRequest("There is something behind the end of the compressed data")
        return b""

    def _unpack(self) -> bytes:
        packed = self._unpacker.unconsumed_tail
        if not packed:
            packed, self._waiting = bytes(self._waiting[:INPUT]), self._waiting[INPUT:]
        try:
            return self._unpacker.decompress(packed, OUTPUT)
        except zlib.error:
            raise BadRequest("This is no compressed data, as MODE Z has it") from None

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            await self._data.send(await self._data.in_thread(self._packer.compress, rest[:OUTPUT]))
            rest = rest[OUTPUT:]

    async def send_region(self, region: Region) -> None:
        """Raises `Corrupt` where the file is shorter."""
        for done in range(0, region.length, OUTPUT):
            packed = await self._data.in_thread(self._pack, region, done)
            await self._data.send(packed)

    def _pack(self, region: Region, done: int) -> bytes:
        length = min(region.length - done, OUTPUT)
        piece = os.pread(region.file.fileno(), length, region.offset + done)
        if len(piece) < length:
            raise Corrupt("The stored file is shorter than it should be")
        return self._packer.compress(piece)

    async def finish(self) -> None:
        """Say that everything was sent, or heard."""
        if not self._receives:
            await self._data.send(self._packer.flush())
        await self._data.finish()

    def check(self) -> None:
        """Raise what the connection was broken off with."""
        self._data.check()
