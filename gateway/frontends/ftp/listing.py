"""Lines of LIST, NLST, MLSD and MLST. No I/O; times are in UTC whatever the process's time zone is."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from gateway.core.conditions import SECOND
from gateway.core.entries import Entry
from gateway.core.paths import TreePath
from gateway.frontends.ftp.names import encoded
from gateway.frontends.ftp.replies import one_line

MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

HALF_A_YEAR = 182 * 86400
LAST_SECOND = 253402300799
"""The end of the year 9999; times beyond it have no form in any listing."""

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Rights:
    """The `perm` facts (RFC 3659, 7.5.5) of the files and of the directories in a listing."""

    file: str
    directory: str


@dataclass(frozen=True, slots=True)
class Place:
    """What the facts of an entry need beside the entry: the directory that it lies in and what may be done to it."""

    directory: TreePath
    rights: Rights


Line = Callable[[Entry], str]
"""Writes an entry as one line, without its end."""

Form = Callable[[Iterable[Entry]], bytes]
"""Writes entries as they are sent."""

Fact = Callable[[Entry, Place], str]
"""Tells a fact with its name, or nothing where an entry has none."""


def lines_of(line: Line, encoding: str) -> Form:
    """Lines one behind the other; `encoding`: see `names.encoded`."""
    return lambda entries: encoded("".join([line(entry) + "\r\n" for entry in entries]), encoding)


def name_line(above: str) -> Line:
    """Nothing but names, behind what leads to them from the current directory."""
    return lambda entry: above + one_line(entry.name)


def unix_line(owner: str, now: float) -> Line:
    """Entries as `ls -l` shows them; `now` in seconds since the epoch decides between a time of day and a year."""
    file, folder = (f"{mode} 1 {owner:<8} {owner:<8} " for mode in ("-rw-r--r--", "drwxr-xr-x"))

    def line(entry: Entry) -> str:
        date = list_time(entry.modified or 0, now)
        return f"{folder if entry.is_directory else file}{entry.size:>12} {date} {one_line(entry.name)}"

    return line


def owner_name(account: str) -> str:
    """An account as the owner and group in a listing: one word, since old clients split lines at spaces."""
    return _NO_NAME.sub("_", account)[:32] or "-"


def list_time(modified: int, now: float) -> str:
    """A time in ns since the epoch as `ls` shows it, in the form of twelve characters that POSIX gives it."""
    seconds = modified // SECOND
    return _date(seconds // 60, now - HALF_A_YEAR < seconds <= now + 60)


@lru_cache(4096)
def _date(minutes: int, is_recent: bool) -> str:
    """Files of a directory have often come together, so that the same few times are written for all."""
    t = _moment(minutes * 60)
    clock = f"{t.tm_hour:02}:{t.tm_min:02}" if is_recent else f"{t.tm_year:>5}"
    return f"{MONTHS[t.tm_mon]} {t.tm_mday:>2} {clock}"


def fact_time(modified: int) -> str:
    """A time in ns since the epoch as MDTM, MFMT and MLSD write it (RFC 3659, 2.3)."""
    return _stamp(modified // SECOND)


@lru_cache(4096)
def _stamp(seconds: int) -> str:
    return time.strftime("%Y%m%d%H%M%S", _moment(seconds))


def _moment(seconds: int) -> time.struct_time:
    return time.gmtime(min(max(seconds, 0), LAST_SECOND))


def _type(entry: Entry, place: Place) -> str:
    return "type=dir;" if entry.is_directory else "type=file;"


def _size(entry: Entry, place: Place) -> str:
    return "" if entry.is_directory else f"size={entry.size};"


def _modify(entry: Entry, place: Place) -> str:
    return "" if entry.modified is None else f"modify={fact_time(entry.modified)};"


def _create(entry: Entry, place: Place) -> str:
    return "" if entry.created is None else f"create={fact_time(entry.created)};"


def _perm(entry: Entry, place: Place) -> str:
    perm = place.rights.directory if entry.is_directory else place.rights.file
    return f"perm={perm};" if perm else ""


def _unique(entry: Entry, place: Place) -> str:
    digest = blake2b(str(place.directory.child(entry.name)).encode(), digest_size=10)
    return f"unique={digest.hexdigest()};"


def _mode(entry: Entry, place: Place) -> str:
    return "UNIX.mode=0755;" if entry.is_directory else "UNIX.mode=0644;"


def _media_type(entry: Entry, place: Place) -> str:
    kind = entry.content_type
    return f"media-type={one_line(kind)};" if kind and ";" not in kind else ""


FACTS: Mapping[str, Fact] = {
    "type": _type,
    "size": _size,
    "modify": _modify,
    "perm": _perm,
    "unique": _unique,
    "UNIX.mode": _mode,
    "media-type": _media_type,
    "create": _create,
}
"""All facts that can be asked for. One that an entry does not have is left out of its line."""

DEFAULT_FACTS = ("type", "size", "modify", "perm")


def chosen_facts(names: Iterable[str]) -> tuple[str, ...]:
    """The facts that OPTS MLST names, in the order of `FACTS`; unknown ones are ignored (RFC 3659, 7.9)."""
    wanted = {name.lower() for name in names}
    return tuple(fact for fact in FACTS if fact.lower() in wanted)


def facts_line(facts: Sequence[str], place: Place) -> Line:
    """Entries as MLSD shows them."""
    told = facts_of(facts, place)
    return lambda entry: f"{told(entry)} {one_line(entry.name)}"


def facts_of(facts: Sequence[str], place: Place) -> Line:
    """What stands before the name of an entry."""
    told = [FACTS[fact] for fact in facts]
    return lambda entry: "".join([fact(entry, place) for fact in told])


def features_of(facts: Sequence[str]) -> str:
    """The line of FEAT that names all facts and marks those that are on."""
    return "MLST " + "".join(f"{fact}{'*' if fact in facts else ''};" for fact in FACTS)
