"""Tar archives, read as a stream: of each file its name, its size and what describes it, then its bytes.

Formats: ustar, pax (IEEE Std 1003.1-2024) and GNU's, as `tarfile` decodes their headers.
"""

import re
import tarfile
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from gateway.core.body import Body
from gateway.core.errors import IncompleteBody
from gateway.frontends.swift.bulk.unpack import BadArchive

BLOCK = tarfile.BLOCKSIZE
MAX_EXTENDED = 256 * 1024
"""Bytes of a header that extends another: pax records, or a long name."""

CUT = "unexpected end of data"

_RECORD = re.compile(rb"([1-9][0-9]{0,7}) ([^=\0]+)=")
_PAX = {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}
_LONG = {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}


class Feed:
    """A stream of bytes out of which as many are taken as are wanted."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks
        self._rest = b""

    async def some(self, most: int) -> bytes:
        """The next bytes, `most` at most; none where the stream has ended."""
        if not self._rest:
            self._rest = await anext(self._chunks, b"")
        taken, self._rest = self._rest[:most], self._rest[most:]
        return taken

    async def take(self, count: int) -> bytes:
        """So many bytes; fewer where the stream ends before."""
        pieces = []
        while count and (piece := await self.some(count)):
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    async def skip(self, count: int) -> None:
        """Raises `BadArchive` where the stream ends before."""
        while count:
            piece = await self.some(count)
            if not piece:
                raise BadArchive(CUT)
            count -= len(piece)

    async def drain(self) -> None:
        """Pass over all that is left."""
        while await self.some(BLOCK):
            self._rest = b""


class Content(Body):
    """The bytes of a file in the archive, which can be read before the next file is looked at."""

    def __init__(self, feed: Feed, size: int) -> None:
        self.size = self.left = size
        self._feed = feed

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        while self.left:
            try:
                piece = await self._feed.some(self.left)
            except BadArchive as bad:
                raise IncompleteBody(str(bad)) from bad
            if not piece:
                raise IncompleteBody(CUT)
            self.left -= len(piece)
            yield piece


@dataclass(frozen=True, slots=True)
class Member:
    """A file. `name` as it stands in the archive; `pax`: records that describe it."""

    name: str
    size: int
    pax: Mapping[str, str]
    content: Content


async def members(feed: Feed) -> AsyncGenerator[Member, None]:
    """The files of an archive; directories, links and devices are passed over. Raises `BadArchive`."""
    shared: dict[str, str] = {}
    own: dict[str, str] = {}
    found = False
    while block := await feed.take(BLOCK):
        if not any(block) and len(block) == BLOCK:
            return
        header, found = _header(block), True
        if header.type in _PAX:
            own |= _records(await _extension(feed, header.size))
        elif header.type == tarfile.XGLTYPE:
            shared |= _records(await _extension(feed, header.size))
        elif header.type in _LONG:
            text = (await _extension(feed, header.size)).partition(b"\0")[0]
            if header.type == tarfile.GNUTYPE_LONGNAME:
                own["path"] = text.decode(errors="surrogateescape")
        else:
            member = _member(feed, header, {**shared, **own})
            own = {}
            if member is not None:
                if header.isreg():
                    yield member
                await feed.skip(member.content.left)
                await feed.skip(-member.size % BLOCK)
    if not found:
        raise BadArchive("empty file")


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise BadArchive(CUT if len(block) < BLOCK else str(error)) from error


def _member(feed: Feed, header: tarfile.TarInfo, pax: Mapping[str, str]) -> Member | None:
    """What a header describes; None for what has no bytes of its own."""
    if header.type == tarfile.GNUTYPE_SPARSE or any(name.startswith("GNU.sparse.") for name in pax):
        raise BadArchive("files with holes (sparse ones) can't be extracted; pack them whole")
    if not header.isreg() and header.type in tarfile.SUPPORTED_TYPES:
        return None
    text = pax.get("size", str(header.size))
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise BadArchive("invalid size")
    return Member(pax.get("path", header.name), int(text), pax, Content(feed, int(text)))


async def _extension(feed: Feed, size: int) -> bytes:
    if not 0 <= size <= MAX_EXTENDED:
        raise BadArchive(f"a header of more than {MAX_EXTENDED} bytes")
    data = await feed.take(size)
    await feed.skip(size - len(data) + -size % BLOCK)
    return data


def _records(data: bytes) -> dict[str, str]:
    records: dict[str, str] = {}
    start = 0
    while start < len(data) and data[start]:
        match = _RECORD.match(data, start)
        stop = start + int(match[1]) if match else 0
        if match is None or not match.end() < stop <= len(data) or data[stop - 1] != ord("\n"):
            raise BadArchive("invalid header")
        name, value = match[2], data[match.end() : stop - 1]
        records[name.decode(errors="surrogateescape")] = value.decode(errors="surrogateescape")
        start = stop
    return records
