"""What is known of a single file: SIZE, MDTM, MFMT."""

import re
from calendar import timegm
from datetime import UTC, datetime

from gateway.core.conditions import SECOND
from gateway.core.types import PropsChange
from gateway.frontends.ftp.listing import fact_time
from gateway.frontends.ftp.replies import Refused, Reply
from gateway.frontends.ftp.session import Session, Target, Type

_TIME = re.compile(r"(\d{14})(?:\.\d{1,9})?", re.ASCII)


async def size(session: Session, target: Target) -> Reply:
    """The bytes that a transfer would move, which in ASCII only the transfer itself could tell (RFC 3659, 4)."""
    if session.type is Type.ASCII:
        raise Refused(550, "SIZE is not known in ASCII; use TYPE I")
    return Reply(213, str(await target.tree.size(target.path)))


async def mdtm(session: Session, target: Target) -> Reply:
    return Reply(213, fact_time((await target.tree.file(target.path)).modified))


async def mfmt(session: Session, target: Target) -> Reply:
    """`MFMT time path` (draft-somers-ftp-mfxx); the time comes as the option before the path."""
    modified = parse_time(target.options)
    await target.tree.file(target.path)
    await target.tree.store.update(target.path.key, PropsChange(modified=modified))
    return Reply(213, f"Modify={fact_time(modified)}; {target.path}")


def parse_time(text: str) -> int:
    """A time as MDTM and MFMT write it, in ns since the epoch. Raises `Refused`."""
    match = _TIME.fullmatch(text)
    try:
        moment = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if match else None
    except ValueError:
        moment = None
    if moment is None or moment.year < 1970:
        raise Refused(501, "The time is written YYYYMMDDHHMMSS, in UTC")
    return timegm(moment.utctimetuple()) * SECOND
