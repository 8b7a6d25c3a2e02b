"""Heads of requests that HTTP's grammar refuses and some clients send: put in its form before they are parsed.

Bytes beyond ASCII in the target (RFC 9112, 3.2) and in the names of metadata (RFC 9110, 5.1) are percent-encoded.
"""

import re

END = b"\r\n\r\n"
LENGTH = b"ength: "
"""What a head holds that states the length of its body, as clients write it."""

_LINE = re.compile(rb"[A-Z]+ [^ \r\n]+ HTTP/1\.[01]\r\n")
_NAME = re.compile(rb"(?<=\n)X-(?:Remove-)?(?:Account|Container|Object)-Meta-[^:\r\n]+:", re.IGNORECASE)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def is_plain(data: bytes) -> bool:
    """Whether the first bytes of a request are nothing but a head in ASCII, as most are."""
    return data.endswith(END) and data.isascii()


def head_of(data: bytes) -> bytes:
    """The first head in `data`; all of it where the head's end has not come yet."""
    end = data.find(END)
    return data if end < 0 else data[: end + len(END)]


def begins(head: bytes) -> bool:
    """Whether a head has a request line in front, except for bytes that may not stand there."""
    return _LINE.match(head) is not None


def encoded(head: bytes) -> bytes:
    """A head with its request line and the names of its metadata in ASCII. Names of other headers stay as they are:
    what is made of them may differ between this server and a proxy in front of it.
    """
    line, feed, fields = head.partition(b"\n")
    return _encoded(line) + feed + _NAME.sub(lambda found: _encoded(found[0]), feed + fields)[1:]


def _encoded(text: bytes) -> bytes:
    return _BEYOND_ASCII.sub(lambda found: b"%%%02X" % found[0][0], text)
