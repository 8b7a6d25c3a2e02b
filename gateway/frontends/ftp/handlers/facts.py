"""What is known of a single file: SIZE, MDTM, MFMT, MFCT, MFF, SITE UTIME."""

import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime

from gateway.core import filetimes
from gateway.core.conditions import SECOND
from gateway.core.errors import NoSuchKey, NotADirectory
from gateway.core.types import PropsChange
from gateway.frontends.ftp.listing import fact_time
from gateway.frontends.ftp.partials import identity
from gateway.frontends.ftp.replies import Refused, Reply
from gateway.frontends.ftp.room import available
from gateway.frontends.ftp.session import Session, Target, Type

CHANGEABLE = ("Modify", "Create", "Media-Type")
"""The facts that MFF can change."""

_TIME = re.compile(r"(\d{14})(?:\.\d{1,9})?", re.ASCII)
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,120}/[\w!#$&^.+-]{1,120}", re.ASCII)


async def size(session: Session, target: Target) -> Reply:
    """The bytes that a transfer would move, which in ASCII only the transfer itself could tell (RFC 3659, 4).

    Where no file stands, those that came of an upload of the user's own that broke: clients ask where to go on.
    """
    if session.type is Type.ASCII:
        raise Refused(550, "SIZE is not known in ASCII; use TYPE I")
    try:
        found = await target.tree.size(target.path)
    except NoSuchKey:
        partial = session.services.partials.find(identity(target.login.principal), target.path.key, None)
        if partial is None:
            raise
        found = partial.size
    return Reply(213, str(found))


async def avbl(session: Session, target: Target) -> Reply:
    """The bytes for which a quota leaves room (draft-peterson-streamlined-ftp-command-extensions, section 4)."""
    if not (await target.tree.stat(target.path)).is_directory:
        raise NotADirectory
    room = await available(target)
    return Reply(550, "No quota limits what is stored here") if room is None else Reply(213, str(max(0, room)))


async def mdtm(session: Session, target: Target) -> Reply:
    return Reply(213, fact_time(filetimes.modified(await target.tree.file(target.path))))


async def mfmt(session: Session, target: Target) -> Reply:
    """`MFMT time path` (draft-somers-ftp-mfxx, section 3); the time comes as the option before the path."""
    return await _change(target, {"Modify": target.options})


async def mfct(session: Session, target: Target) -> Reply:
    """`MFCT time path` (draft-somers-ftp-mfxx, section 4)."""
    return await _change(target, {"Create": target.options})


async def mff(session: Session, target: Target) -> Reply:
    """`MFF fact=value;... path` (draft-somers-ftp-mfxx, section 5): all of the facts, or none."""
    pairs = [each.partition("=") for each in target.options.rstrip(";").split(";")]
    known = {name.lower(): name for name in CHANGEABLE}
    if not all(sign and name.lower() in known for name, sign, _ in pairs):
        raise Refused(504, f"The facts that can be changed are {', '.join(CHANGEABLE)}")
    return await _change(target, {known[name.lower()]: value for name, _, value in pairs})


async def utime(session: Session, target: Target) -> Reply:
    """`SITE UTIME time path`, or `SITE UTIME path accessed modified changed UTC`, of which the second time counts."""
    times = target.options.removesuffix("UTC").split()
    modified = parse_time(times[len(times) // 2].ljust(14, "0") if times else "")
    await _update(target, PropsChange(modified=modified, user={filetimes.MODIFIED: filetimes.stated(modified)}))
    return Reply(200, "Time set")


async def _change(target: Target, facts: Mapping[str, str]) -> Reply:
    """Other frontends are shown the times as metadata, too."""
    user: dict[str, str | None] = {}
    modified = parse_time(facts["Modify"]) if "Modify" in facts else None
    if modified is not None:
        user[filetimes.MODIFIED] = filetimes.stated(modified)
    if "Create" in facts:
        user[filetimes.CREATED] = filetimes.stated(parse_time(facts["Create"]))
    media_type = facts.get("Media-Type")
    if media_type is not None and not _MEDIA_TYPE.fullmatch(media_type):
        raise Refused(501, "A media type is written type/subtype")
    await _update(target, PropsChange(content_type=media_type, modified=modified, user=user))
    changed = "".join(f"{name}={value};" for name, value in facts.items())
    return Reply(213, f"{changed} {target.shown}")


async def _update(target: Target, change: PropsChange) -> None:
    await target.tree.file(target.path)
    await target.tree.store.update(target.path.key, change)


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
