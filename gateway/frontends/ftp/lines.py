"""From the bytes of a control connection to requests: Telnet commands are taken out, lines are bounded. No I/O."""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_LINE = 4096
"""Bytes of the longest line that is read; of a longer one nothing is kept."""

_VERB = re.compile(rb"[A-Za-z][A-Za-z0-9]{0,15}")

_IAC, _END, _WILL, _DONT = 255, 240, 251, 254

_STRAY = bytes(range(_END, _IAC + 1))
"""Bytes of Telnet commands, which no verb begins with: clients send the halves of IAC IP apart, as urgent data."""


class Request(NamedTuple):
    """A command line: the verb in upper case (empty where there is none to be seen) and the bytes behind its space."""

    verb: str
    argument: bytes = b""
    too_long: bool = False


def parse(line: bytes) -> Request:
    """The request of a line that came without its line end."""
    word, _, argument = line.removesuffix(b"\r").lstrip(_STRAY).partition(b" ")
    return Request(word.decode().upper() if _VERB.fullmatch(word) else "", argument)


class Telnet:
    """Takes Telnet commands (RFC 854) out of a stream: what clients send around ABOR, and option requests.

    The commands are dropped without an answer; `IAC IAC` is the byte 255 itself.
    """

    def __init__(self) -> None:
        self._open = b""

    def strip(self, data: bytes) -> bytes:
        """The text in `data`; the beginning of a command is kept until its rest comes."""
        if _IAC not in data and not self._open:
            return data
        data, self._open = self._open + data, b""
        text, start = bytearray(), 0
        while (at := data.find(_IAC, start)) >= 0:
            text += data[start:at]
            size = _command_size(data, at)
            if not size:
                self._open = data[at : at + 2]
                return bytes(text)
            if data[at + 1] == _IAC:
                text.append(_IAC)
            start = at + size
        return bytes(text + data[start:])


def _command_size(data: bytes, at: int) -> int:
    """The length of the Telnet command that begins at `at`; 0 where it has not come whole.

    The text of a sub-negotiation is not waited for, so that nobody can fill the memory with one: it is left in the
    line, which then names no command. Before what is no command at all the byte 255 stands alone.
    """
    if at + 1 == len(data):
        return 0
    if _WILL <= data[at + 1] <= _DONT:
        return 3 if at + 2 < len(data) else 0
    return 2 if data[at + 1] >= _END else 1


class Lines:
    """Splits a stream at its line feeds."""

    def __init__(self) -> None:
        self._telnet = Telnet()
        self._rest = b""
        self._skips = False

    def feed(self, data: bytes) -> Iterator[Request]:
        """The requests of the lines that `data` ends; empty lines are none."""
        *lines, rest = (self._rest + self._telnet.strip(data)).split(b"\n")
        self._rest = b""
        for line in lines:
            if self._skips or len(line) > MAX_LINE:
                self._skips = False
                yield Request("", too_long=True)
            elif line.strip():
                yield parse(line)
        if len(rest) > MAX_LINE:
            self._skips = True
        elif not self._skips:
            self._rest = rest
