"""Parameters of transfers: TYPE, MODE, STRU, ALLO, REST, OPTS, and where the data connection comes from."""

import re
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Address

from gateway.core.ranges import Span
from gateway.frontends.ftp.addresses import Address, check_target, epsv_text, parse_eprt, parse_port, pasv_text
from gateway.frontends.ftp.deflate import LEVEL
from gateway.frontends.ftp.digests import DIGESTS
from gateway.frontends.ftp.listing import chosen_facts
from gateway.frontends.ftp.passive import Passive
from gateway.frontends.ftp.replies import Refused, Reply
from gateway.frontends.ftp.session import Session, Type
from gateway.frontends.ftp.sources import Active

MAX_OFFSET = 2**63

_LEVEL = re.compile(r"Z(?: ENGINE ZLIB)?(?: LEVEL ([1-9]))?")
_ALLOCATION = re.compile(r"(\d{1,19})( R \d{1,19})?", re.ASCII | re.IGNORECASE)

_TYPES = {"A": Type.ASCII, "A N": Type.ASCII, "I": Type.IMAGE, "L 8": Type.IMAGE, "L8": Type.IMAGE}
_VERSIONS = {"1": 4, "2": 6}


def type_(session: Session, text: str) -> Reply:
    chosen = _TYPES.get(" ".join(text.upper().split()))
    if chosen is None:
        return Reply(504 if text else 501, "Types are A, A N, I and L 8")
    session.type = chosen
    return Reply(200, f"Type is {chosen.value}")


def mode(session: Session, text: str) -> Reply:
    """The level of MODE Z is that which OPTS has chosen before or chooses later."""
    chosen = text.upper()
    if chosen not in ("S", "Z"):
        return Reply(504 if text else 501, "Modes are S and Z")
    session.level = session.chosen_level if chosen == "Z" else None
    return Reply(200, "Mode is deflate" if chosen == "Z" else "Mode is stream")


def stru(session: Session, text: str) -> Reply:
    return Reply(200, "Structure is file") if text.upper() == "F" else Reply(504, "The only structure is F")


def allo(session: Session, text: str) -> Reply:
    """A size is what the next upload must have at least; one in records, or of 0, asks for room alone.

    Room need not be asked for: what is not there is told when the bytes come.
    """
    match = _ALLOCATION.fullmatch(text)
    if match is None:
        return Reply(501, "ALLO takes a size in bytes")
    size, most = int(match[1]), session.require_login().tree.store.caps.max_object
    if most is not None and size > most:
        return Reply(552, f"No file may have more than {most} bytes")
    is_promise = session.services.settings.check_allocation and not match[2]
    session.allocation = size if is_promise else 0
    return Reply(200, "Noted") if session.allocation else Reply(202, "Space need not be allocated")


def rest(session: Session, text: str) -> Reply:
    offset = _offset(text)
    if offset is None:
        return Reply(501, "REST takes an offset in bytes, below 2^63")
    if offset and session.type is Type.ASCII:
        return Reply(504, "Transfers are not resumed in ASCII; use TYPE I")
    session.span = Span(offset) if offset else None
    return Reply(350, f"The next transfer begins at {offset}")


def rang(session: Session, text: str) -> Reply:
    """The first and the last byte; `1 0` takes them back (draft-bryan-ftp-range, section 3)."""
    first, last = (_offset(word) for word in (text.split() if text.count(" ") == 1 else ("", "")))
    if first is None or last is None or (last < first and (first, last) != (1, 0)):
        return Reply(501, "RANG takes the offsets of the first and the last byte, below 2^63")
    if last < first:
        session.span = None
        return Reply(350, "The next transfer is whole")
    if session.type is Type.ASCII:
        return Reply(504, "Ranges are not known in ASCII; use TYPE I")
    session.span = Span(first, last)
    return Reply(350, f"The next transfer begins at {first} and ends at {last}")


def _offset(text: str) -> int | None:
    offset = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else MAX_OFFSET
    return offset if offset < MAX_OFFSET else None


def opts(session: Session, text: str) -> Reply:
    name, _, value = text.partition(" ")
    option = _OPTIONS.get(name.upper())
    return option(session, value) if option else Reply(501, "No such option")


def _utf8(session: Session, value: str) -> Reply:
    """RFC 2640 has names be UTF-8; OFF is for old devices, in whose encoding all names then come and go."""
    chosen = value.upper()
    if chosen not in ("", "ON", "OFF"):
        return Reply(501, "OPTS UTF8 takes ON or OFF")
    if not session.names.choose(utf8=chosen != "OFF"):
        return Reply(504, "Names are always UTF-8")
    return Reply(200, f"Names are {session.names.encoding.upper()}")


def _mlst(session: Session, value: str) -> Reply:
    session.facts = chosen_facts(value.split(";"))
    return Reply(200, "MLST OPTS " + "".join(f"{fact};" for fact in session.facts))


def _hash(session: Session, value: str) -> Reply:
    name = value.upper() or session.digest
    if name not in DIGESTS:
        return Reply(504, f"The algorithms are {', '.join(DIGESTS)}")
    session.digest = name
    return Reply(200, name)


def _mode(session: Session, value: str) -> Reply:
    """`OPTS MODE Z [ENGINE ZLIB] LEVEL 6` (draft-preston-ftpext-deflate, section 4)."""
    match = _LEVEL.fullmatch(" ".join(value.upper().split()))
    if match is None:
        return Reply(501, "The options are those of MODE Z: LEVEL and 1 to 9")
    session.chosen_level = int(match[1] or LEVEL)
    if session.level is not None:
        session.level = session.chosen_level
    return Reply(200, f"MODE Z LEVEL is {session.chosen_level}")


_OPTIONS: Mapping[str, Callable[[Session, str], Reply]] = {
    "UTF8": _utf8,
    "UTF-8": _utf8,
    "MLST": _mlst,
    "HASH": _hash,
    "MODE": _mode,
}


def pasv(session: Session, text: str) -> Reply | Awaitable[Reply]:
    _refuse_after_epsv_all(session)
    shown = session.services.masquerade.known(session.client, session.local)
    return _resolve_and_enter(session) if shown is None else _enter_passive(session, shown)


async def _resolve_and_enter(session: Session) -> Reply:
    return _enter_passive(session, await session.services.masquerade.resolve(session.client))


def _enter_passive(session: Session, shown: Address) -> Reply:
    if not isinstance(shown, IPv4Address):
        return Reply(425, "PASV is for IPv4; use EPSV")
    source = _await_client(session)
    return Reply(227, f"Entering Passive Mode {pasv_text(shown, source.port)}")


def epsv(session: Session, text: str) -> Reply:
    if text.upper() == "ALL":
        session.passive_only = True
        return Reply(200, "Nothing but EPSV from now on")
    if text and _VERSIONS.get(text) != session.local.version:
        mine = next(number for number, version in _VERSIONS.items() if version == session.local.version)
        return Reply(522, f"Network protocol not supported, use ({mine})")
    source = _await_client(session)
    return Reply(229, f"Entering Extended Passive Mode {epsv_text(source.port)}")


def _await_client(session: Session) -> Passive:
    """Give up the old port before a new one is taken, so that one is enough."""
    session.agree(None)
    source = session.services.passive.reserve(session.local, session.client)
    session.agree(source)
    return source


def port(session: Session, text: str) -> Reply:
    _refuse_after_epsv_all(session)
    target = parse_port(text)
    check_target(target, session.client, session.services.settings.data_networks)
    session.agree(Active(target, str(session.local)))
    return Reply(200, "PORT accepted")


def eprt(session: Session, text: str) -> Reply:
    _refuse_after_epsv_all(session)
    target = parse_eprt(text)
    check_target(target, session.client, session.services.settings.data_networks)
    session.agree(Active(target, str(session.local)))
    return Reply(200, "EPRT accepted")


def _refuse_after_epsv_all(session: Session) -> None:
    if session.passive_only:
        raise Refused(501, "You sent EPSV ALL")
