"""multipart/form-data as browsers upload files by it: a parser that is fed bytes and gives events, without I/O.

Source: RFC 7578, RFC 2046 (5.1.1), and "Browser-based uploads using POST" in the Amazon S3 API Reference. The fields
before the file are held in memory, within a limit; the file is not.
"""

import re
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from gateway.core.errors import IncompleteBody
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import BadBody

MAX_FIELDS = 20 * 1024
"""Bytes of all fields with their heads, before the file and again behind it: S3's own limit."""

MAX_HEAD = 4 * 1024
"""Bytes of the head of one part."""

MAX_BOUNDARY = 70
FILE = "file"

_CRLF = b"\r\n"
_BOUNDARY = re.compile(r";\s*boundary=(?:\"([^\"]+)\"|([^\s\";]+))", re.IGNORECASE)
_BOUNDARY_TEXT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_DISPOSITION = re.compile(r"form-data((?:\s*;\s*[\w*]+=(?:\"(?:[^\"\\]|\\.)*\"|[^\";\s]*))*)\s*", re.IGNORECASE)
_PARAMETER = re.compile(r"([\w*]+)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\";\s]*))")
_QUOTED_PAIR = re.compile(r"\\([\"\\])")


class Field(NamedTuple):
    """A field with its value; `name` is in lower case."""

    name: str
    value: str


class FileBegin(NamedTuple):
    """The file begins. `name` is what it is called at the client's, without folders."""

    name: str


class Data(NamedTuple):
    """Bytes of the file."""

    data: bytes


class FileEnd(NamedTuple):
    """The file is complete."""


Event: TypeAlias = Field | FileBegin | Data | FileEnd


class _State(Enum):
    BOUNDARY = auto()
    HEAD = auto()
    VALUE = auto()
    FILE = auto()
    DONE = auto()


def boundary_of(content_type: str) -> bytes | None:
    """The boundary in a Content-Type; None where that is no form with a boundary."""
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        return None
    match = _BOUNDARY.search(content_type)
    found = (match[1] or match[2]) if match else ""
    if not _BOUNDARY_TEXT.fullmatch(found) or len(found) > MAX_BOUNDARY:
        return None
    return found.encode()


class FormDecoder:
    """Takes a form apart, however its bytes are split.

    `feed` raises `BadBody` for what is no form, has several files, or has fields over the limit; `finish` raises
    `IncompleteBody` where the end is missing.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = _CRLF + b"--" + boundary
        self._held = _CRLF
        """What could not be told apart yet. The first boundary has no line before it that its CRLF would end."""
        self._state = _State.BOUNDARY
        self._name = ""
        self._has_file = False
        self._left = MAX_FIELDS

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in their order."""
        events: list[Event] = []
        self._held += data
        while self._step(events):
            pass
        return events

    def finish(self) -> None:
        """The form has no more bytes."""
        if self._state is not _State.DONE:
            raise IncompleteBody

    def _step(self, events: list[Event]) -> bool:
        """Go on as far as one thing; False where more bytes are needed."""
        match self._state:
            case _State.BOUNDARY:
                return self._pass_boundary()
            case _State.HEAD:
                return self._read_head(events)
            case _State.VALUE:
                return self._read_value(events)
            case _State.FILE:
                return self._read_file(events)
            case _State.DONE:
                self._held = b""
                return False

    def _pass_boundary(self) -> bool:
        """A boundary stands here, or was found already; what follows it says whether it is the last."""
        size = len(self._delimiter)
        if not self._delimiter.startswith(self._held[:size]):
            raise _malformed()
        rest = self._held[size : size + 2]
        if len(rest) < 2:
            return False
        if rest == b"--":
            self._state = _State.DONE
            return True
        if rest != _CRLF:
            raise _malformed()
        self._held = self._held[size:]
        self._state = _State.HEAD
        return True

    def _read_head(self, events: list[Event]) -> bool:
        """The head of a part, with the CRLF of the boundary's line before it."""
        end = self._held.find(_CRLF + _CRLF)
        if end < 0 or end > MAX_HEAD:
            if len(self._held) > MAX_HEAD:
                raise BadBody(Code.MAX_POST_PRE_DATA_LENGTH_EXCEEDED)
            return False
        self._spend(end)
        head, self._held = self._held[:end], self._held[end + 4 :]
        name, file_name = _parse_head(head)
        if name == FILE:
            if self._has_file:
                raise BadBody(Code.INCORRECT_NUMBER_OF_FILES_IN_POST)
            self._has_file = True
            events.append(FileBegin(file_name))
            self._state = _State.FILE
        else:
            self._name = name
            self._state = _State.VALUE
        return True

    def _read_value(self, events: list[Event]) -> bool:
        end = self._held.find(self._delimiter)
        if end < 0:
            if len(self._held) > self._left + len(self._delimiter):
                raise BadBody(Code.MAX_POST_PRE_DATA_LENGTH_EXCEEDED)
            return False
        self._spend(end)
        try:
            events.append(Field(self._name, self._held[:end].decode()))
        except UnicodeDecodeError:
            raise _malformed() from None
        self._held = self._held[end:]
        self._state = _State.BOUNDARY
        return True

    def _read_file(self, events: list[Event]) -> bool:
        """Give what can't be the beginning of a boundary."""
        end = self._held.find(self._delimiter)
        sure = len(self._held) - len(self._delimiter) + 1 if end < 0 else end
        if sure > 0:
            events.append(Data(self._held[:sure]))
            self._held = self._held[sure:]
        if end < 0:
            return False
        events.append(FileEnd())
        self._left = MAX_FIELDS
        self._state = _State.BOUNDARY
        return True

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BadBody(Code.MAX_POST_PRE_DATA_LENGTH_EXCEEDED)


def _parse_head(head: bytes) -> tuple[str, str]:
    """The name of a part in lower case, and the name of its file. Raises `BadBody`."""
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise _malformed() from None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if line and (not colon or name.lower() in headers):
            raise _malformed()
        headers[name.lower()] = value.strip()
    match = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
    if match is None:
        raise _malformed()
    parameters = {found[1].lower(): _unquoted(found) for found in _PARAMETER.finditer(match[1])}
    name = parameters.get("name", "").lower()
    if not name:
        raise _malformed()
    file_name = parameters.get("filename", "").replace("\\", "/").rpartition("/")[2]
    return name, file_name


def _unquoted(match: re.Match[str]) -> str:
    """A parameter's value. Browsers write quotes as `%22`, other clients with a backslash (RFC 7578, 2)."""
    return match[3] if match[2] is None else _QUOTED_PAIR.sub(r"\1", match[2]).replace("%22", '"')


def _malformed() -> BadBody:
    return BadBody(Code.MALFORMED_POST_REQUEST)
