"""The framing of aws-chunked bodies: a parser that is fed bytes and gives events, without I/O and without keys.

Source: "Signature calculations for the authorization header: transferring payload in multiple chunks" and
"... including trailing headers" in the Amazon S3 API Reference.
"""

import re
from collections.abc import Collection, Mapping
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from gateway.core.errors import BadRequest, IncompleteBody
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import BadBody

MAX_LINE = 128
"""Bytes of a chunk's header line: the longest that is well formed has 99."""

MAX_TRAILERS = 8 * 1024
"""Bytes of all trailers."""

MIN_CHUNK = 8 * 1024
"""Bytes of every chunk but the last: S3's own rule, which also bounds the work that a body of given size can cause."""

TRAILER_SIGNATURE = "x-amz-trailer-signature"

_CRLF = b"\r\n"
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,16})")
_SIGNED_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})")
_TRAILER_LINE = re.compile(rb"([a-z0-9-]{1,128}):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*")


class Data(NamedTuple):
    """Bytes of a chunk; valid as long as the bytes that were fed."""

    data: memoryview


class ChunkEnd(NamedTuple):
    """A chunk is complete; the last one has no data. `signature` is empty where chunks are not signed."""

    signature: str


class Trailer(NamedTuple):
    """The end, with the trailers under lower-case names, without their signature, which is empty if there is none."""

    fields: Mapping[str, str]
    signature: str


Event: TypeAlias = Data | ChunkEnd | Trailer


class _State(Enum):
    HEADER = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()
    DONE = auto()


_ENDS = {
    _State.HEADER: (_CRLF, MAX_LINE),
    _State.DATA_END: (_CRLF, 0),
    _State.TRAILERS: (_CRLF + _CRLF, MAX_TRAILERS),
}
"""What ends each thing that is gathered, and the bytes that it may have before. The trailers, which may be none, are
gathered with the CRLF before them.
"""


class ChunkDecoder:
    """Takes a body apart, however its bytes are split.

    `size` is the length of the data, `signed` whether chunks bear signatures, `trailers` the names that must follow the
    data (lower case), each once and no other; `signed_trailers` whether their signature must too.

    `feed` raises `BadRequest` or `BadBody` for what is not such a body, also for bytes behind its end, and
    `IncompleteBody` where chunks end before `size`; `finish` raises it where the end is missing.
    """

    def __init__(
        self, size: int, *, signed: bool, trailers: Collection[str] = (), signed_trailers: bool = False
    ) -> None:
        self._missing = size
        self._line = _SIGNED_SIZE_LINE if signed else _SIZE_LINE
        self._trailers = frozenset(trailers)
        self._signed_trailers = signed_trailers
        self._state = _State.HEADER
        self._held = b""
        self._left = 0
        self._signature = ""
        self._small = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in their order."""
        events: list[Event] = []
        view = memoryview(data)
        position = 0
        while position < len(data):
            match self._state:
                case _State.DATA:
                    piece = view[position : position + self._left]
                    position += len(piece)
                    self._take(piece, events)
                case _State.DONE:
                    raise BadRequest("The body goes on behind its last chunk")
                case _:
                    position = self._collect(data, position, events)
        return events

    def finish(self) -> None:
        """The body has no more bytes."""
        if self._state is not _State.DONE:
            raise IncompleteBody

    def _take(self, piece: memoryview, events: list[Event]) -> None:
        events.append(Data(piece))
        self._left -= len(piece)
        if not self._left:
            events.append(ChunkEnd(self._signature))
            self._state = _State.DATA_END

    def _collect(self, data: bytes, position: int, events: list[Event]) -> int:
        """Gather a line, or all trailers, and act on it once it is whole. Returns where to go on in `data`."""
        end, limit = _ENDS[self._state]
        held = len(self._held)
        window = self._held + data[position : position + limit + len(end) - held]
        found = window.find(end)
        if found < 0:
            if len(window) == limit + len(end):
                raise BadRequest("The framing of the body's chunks is not valid")
            self._held = window
            return position + len(window) - held
        self._held = b""
        match self._state:
            case _State.HEADER:
                self._begin(window[:found], events)
            case _State.TRAILERS:
                events.append(self._trailer(window[:found]))
                self._state = _State.DONE
            case _:
                self._state = _State.HEADER
        return position + found + len(end) - held

    def _begin(self, line: bytes, events: list[Event]) -> None:
        """A chunk begins; one of no bytes is the last."""
        match = self._line.fullmatch(line)
        if match is None:
            raise BadRequest("The header of a chunk is not valid")
        self._left = int(match[1], 16)
        self._signature = match[2].decode() if match.lastindex == 2 else ""
        self._missing -= self._left
        if self._missing < 0:
            raise BadRequest("The body is longer than its stated length")
        if self._left:
            if self._small:
                raise BadBody(Code.INVALID_CHUNK_SIZE)
            self._small = self._left < MIN_CHUNK
            self._state = _State.DATA
            return
        if self._missing:
            raise IncompleteBody
        events.append(ChunkEnd(self._signature))
        self._state = _State.TRAILERS
        self._held = _CRLF

    def _trailer(self, section: bytes) -> Trailer:
        """The trailers. A line may end in LF before its CRLF: that is how minio-go sends what it has signed."""
        fields: dict[str, str] = {}
        for line in section.replace(b"\n\r\n", _CRLF).split(_CRLF)[1:]:
            match = _TRAILER_LINE.fullmatch(line)
            if match is None or match[1].decode() in fields:
                raise BadBody(Code.MALFORMED_TRAILER)
            fields[match[1].decode()] = match[2].decode()
        signature = fields.pop(TRAILER_SIGNATURE, "") if self._signed_trailers else ""
        if fields.keys() != self._trailers or bool(signature) != self._signed_trailers:
            raise BadBody(Code.MALFORMED_TRAILER)
        return Trailer(fields, signature)
