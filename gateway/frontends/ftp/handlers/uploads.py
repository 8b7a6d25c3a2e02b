"""Uploads: STOR, STOU, APPE, and how those that broke go on."""

import secrets
from collections.abc import Awaitable, Callable
from functools import partial as bound

from gateway.core import filetimes, ops
from gateway.core.body import Body
from gateway.core.conditions import ABSENT, ANY, When
from gateway.core.errors import ConditionFailed, IncompleteBody, NoSuchKey, NotFound
from gateway.core.segments import Base
from gateway.core.types import Key, Meta, PropsChange, Put
from gateway.frontends.ftp.partials import Partial, identity
from gateway.frontends.ftp.replies import INVALID_OFFSET, NAME_REFUSED, Refused, Reply
from gateway.frontends.ftp.room import allow
from gateway.frontends.ftp.session import Session, Target, Type
from gateway.frontends.ftp.transfers import COMPLETE, Upload, transferring

Write = Callable[[Key, Body, Put], Awaitable[Meta]]


async def stor(session: Session, target: Target) -> Reply:
    """Behind REST the upload goes on where the file ends, or what came of an upload that broke; nowhere else."""
    offset = _take_parameters(session, target)
    await allow(target)
    standing = await target.tree.standing(target.path)
    if not offset:
        return await _begin(session, target, standing)
    if standing is not None and standing.size == offset:
        return await _extend(session, target, standing, when=_same(standing.etag))
    partial = _partial(session, target, standing)
    if partial is not None and partial.size == offset:
        return await _resume(session, target, partial, standing)
    ends = [str(found.size) for found in (standing, partial) if found is not None]
    if not ends:
        raise NoSuchKey
    raise Refused(INVALID_OFFSET, f"An upload goes on at the end of the file, at {' or '.join(ends)}")


async def appe(session: Session, target: Target) -> Reply:
    """Where no file stands, this goes on with an upload that broke: clients resume so, too."""
    _refuse_restart(session, target)
    await allow(target)
    standing = await target.tree.standing(target.path)
    partial = _partial(session, target, None) if standing is None else None
    if partial is not None:
        return await _resume(session, target, partial, None)
    return await _extend(session, target, standing)


async def stou(session: Session, target: Target) -> Reply:
    """The name is the gateway's choice (RFC 1123, 4.1.2.9), below the current directory or beginning as asked for."""
    _refuse_restart(session, target)
    token = secrets.token_hex(8)
    above, name = (target.shown.parent, f"{target.shown.last}.{token}") if target.text else (target.shown, token)
    if not target.login.profile.takes_name(name):
        raise Refused(553, NAME_REFUSED)
    target.shown = above.child(name)
    target.path = target.login.view.real(target.shown)
    await allow(target)
    await target.tree.standing(target.path)
    return await _receive(session, target, target.tree.store.put, ABSENT, announcement=f"FILE: {target.path.last}")


def _take_parameters(session: Session, target: Target) -> int:
    """What REST and ALLO said holds for this upload, even if it is refused. Where it is to begin."""
    target.least = session.take_allocation() if session.type is Type.IMAGE else 0
    return session.take_restart()


def _refuse_restart(session: Session, target: Target) -> None:
    if _take_parameters(session, target):
        raise Refused(INVALID_OFFSET, "Only RETR and STOR go on at an offset")


async def _begin(session: Session, target: Target, standing: Meta | None) -> Reply:
    """Have what comes take the place of `standing`. If the upload breaks, what came of it is kept."""
    partials, store, user = session.services.partials, target.tree.store, identity(target.login.principal)
    keep = partials.label(store, user, standing) if session.type is Type.IMAGE else ""
    try:
        reply = await _receive(session, target, store.put, keep=keep)
    except IncompleteBody as error:
        if error.kept:
            await partials.note(store, user, target.path.key, standing, error.kept)
        raise
    await partials.forget(user, target.path.key, standing)
    return reply


async def _extend(session: Session, target: Target, found: Meta | None, when: When = ANY) -> Reply:
    """Add to what stands, if anything does. A time that was stated of it is none of the longer file."""
    store = target.tree.store
    offset = found.size if found else 0
    reply = await _receive(session, target, bound(ops.append, store), when, offset=offset)
    if found is not None and filetimes.MODIFIED in found.props.user:
        await store.update(found.key, PropsChange(user={filetimes.MODIFIED: None}))
    return reply


async def _resume(session: Session, target: Target, partial: Partial, standing: Meta | None) -> Reply:
    """Make the file of what came before and what comes now, if what stood then stands still."""
    partials = session.services.partials
    async with partials.taken(partial) as keeper, transferring(session, target, f"Go on at {partial.size}") as data:
        body = Upload(session, data, target, partial.size)
        options = _put(target, ANY, partials.label(target.tree.store, partial.user, standing))
        try:
            await keeper.resume_kept(partial.kept, body, options, Base(standing))
        except IncompleteBody as error:
            await (partials.lengthen(partial) if error.kept else partials.end(partial))
            raise
        except (NotFound, ConditionFailed) as error:
            await partials.end(partial)
            raise ConditionFailed("The file was changed, or the upload dropped: begin anew") from error
    partials.pop(partial)
    return COMPLETE


async def _receive(
    session: Session,
    target: Target,
    write: Write,
    when: When = ANY,
    *,
    keep: str = "",
    offset: int = 0,
    announcement: str = "",
) -> Reply:
    """Reply after the commit only; what breaks before the end of the data raises inside the body.

    `keep`: see `Put.keep`. An upload that has come whole can't break.
    """
    async with transferring(session, target, announcement or f"Ready for {target.shown}") as data:
        upload = Upload(session, data, target, offset)
        await upload.begin()
        await write(target.path.key, upload, _put(target, when, keep if upload.size is None else ""))
    return COMPLETE


def _partial(session: Session, target: Target, standing: Meta | None) -> Partial | None:
    if session.type is not Type.IMAGE:
        return None
    return session.services.partials.find(identity(target.login.principal), target.path.key, standing)


def _same(etag: str) -> When:
    return When(if_match=(etag,)) if etag else ABSENT


def _put(target: Target, when: When, keep: str) -> Put:
    owner = target.bucket.owner if target.bucket else None
    return Put(when=when if target.may_replace else ABSENT, owner=owner, keep=keep)
