"""multipart/form-data as browsers upload files by it: a parser that is fed bytes and gives events, without I/O.

Source: RFC 7578 and RFC 2046 (5.1.1). The fields before each file are held in memory, within a limit; files are not.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from gateway.core.errors import BadRequest, IncompleteBody

MAX_FIELDS = 20 * 1024
"""Bytes of all fields with their heads, before each file and again behind the last: S3's own limit."""

MAX_HEAD = 4 * 1024
"""Bytes of the head of one part."""

MAX_BOUNDARY = 70

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
    """A file begins. `name` is what it is called at the client's; the rest is as its part states it."""

    name: str
    content_type: str = ""
    encoding: str = ""


class Data(NamedTuple):
    """Bytes of a file."""

    data: bytes


class FileEnd(NamedTuple):
    """A file is complete."""


Event: TypeAlias = Field | FileBegin | Data | FileEnd


class Fault(Enum):
    """What is wrong with a form."""

    MALFORMED = "The form is malformed"
    TOO_MUCH = "The fields of the form are too long"


class BadForm(BadRequest):
    """What was sent is no form, or one with too much beside its files."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


IsFile = Callable[[str, str], bool]
"""Whether a part is a file, by its name in lower case and that of its file."""


class _Head(NamedTuple):
    name: str
    file: FileBegin


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

    `feed` raises `BadForm` for what is no form or has fields over the limit; `finish` raises `IncompleteBody` where the
    end is missing.
    """

    def __init__(self, boundary: bytes, is_file: IsFile) -> None:
        self._is_file = is_file
        self._delimiter = _CRLF + b"--" + boundary
        self._held = _CRLF
        """What could not be told apart yet. The first boundary has no line before it that its CRLF would end."""
        self._state = _State.BOUNDARY
        self._name = ""
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
                raise BadForm(Fault.TOO_MUCH)
            return False
        self._spend(end)
        head, self._held = self._held[:end], self._held[end + 4 :]
        name, file = _parse_head(head)
        if self._is_file(name, file.name):
            events.append(file)
            self._state = _State.FILE
        else:
            self._name = name
            self._state = _State.VALUE
        return True

    def _read_value(self, events: list[Event]) -> bool:
        end = self._held.find(self._delimiter)
        if end < 0:
            if len(self._held) > self._left + len(self._delimiter):
                raise BadForm(Fault.TOO_MUCH)
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
            raise BadForm(Fault.TOO_MUCH)


def _parse_head(head: bytes) -> _Head:
    """The name of a part in lower case, and what it says of its file. Raises `BadForm`."""
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
    file = parameters.get("filename", ""), headers.get("content-type", ""), headers.get("content-encoding", "")
    return _Head(name, FileBegin(*file))


def _unquoted(match: re.Match[str]) -> str:
    """A parameter's value. Browsers write quotes as `%22`, other clients with a backslash (RFC 7578, 2)."""
    return match[3] if match[2] is None else _QUOTED_PAIR.sub(r"\1", match[2]).replace("%22", '"')


def _malformed() -> BadForm:
    return BadForm(Fault.MALFORMED)
