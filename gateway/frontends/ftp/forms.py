"""How the arguments of commands divide into options and the path, which may hold spaces. No I/O."""

import re
from collections.abc import Callable

Form = Callable[[str], tuple[str, str]]
"""The options and the path in an argument; both as they were typed."""

_SWITCHES = re.compile(r"(?:-[A-Za-z0-9-]* *)*")
_WORD = re.compile(r"\S* ?")
_PATHS = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_TIME = re.compile(r"\d{12}(?:\d\d)? ", re.ASCII)
_TIMES = re.compile(r"((?: +\d{14}){3} +UTC) *", re.ASCII)


def whole(text: str) -> tuple[str, str]:
    """Nothing but a path."""
    return "", text


def nothing(text: str) -> tuple[str, str]:
    """No path at all: what stands there is not looked at."""
    return text, ""


def switches(text: str) -> tuple[str, str]:
    """`-la path`."""
    return _split(_SWITCHES, text)


def word(text: str) -> tuple[str, str]:
    """`20010203040506 path`."""
    return _split(_WORD, text)


def several(text: str) -> list[str]:
    """Words, which quotes hold together; those inside of quotes are doubled."""
    return [bare or quoted.replace('""', '"') for quoted, bare in _PATHS.findall(text)]


def first(text: str) -> tuple[str, str]:
    """`target source...`, each in quotes if it has spaces."""
    return text, next(iter(several(text)), "")


def utime(text: str) -> tuple[str, str]:
    """`200102030405 path`, or `path 20010203040506 20010203040506 20010203040506 UTC`."""
    head = text.rstrip().rsplit(maxsplit=4)
    tail = text[len(head[0]) :] if len(head) == 5 else ""
    if match := _TIMES.fullmatch(tail):
        return match[1].strip(), head[0]
    return _split(_TIME, text)


def _split(options: re.Pattern[str], text: str) -> tuple[str, str]:
    match = options.match(text)
    end = match.end() if match else 0
    return text[:end].strip(), text[end:]
