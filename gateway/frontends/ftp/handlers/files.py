"""Transfers of files: RETR, STOR, STOU, APPE, and ABOR, which ends them."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from gateway.core import filetimes, ops
from gateway.core.body import Body
from gateway.core.conditions import ABSENT, ANY, When
from gateway.core.errors import BadRange
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Key, Meta, PropsChange, Put
from gateway.frontends.ftp.replies import INVALID_OFFSET, Refused, Reply
from gateway.frontends.ftp.session import Session, Target, Type
from gateway.frontends.ftp.transfers import Upload, send_file, transferring

Write = Callable[[Key, Body, Put], Awaitable[Meta]]

COMPLETE = Reply(226, "Transfer complete")


async def retr(session: Session, target: Target) -> Reply:
    async with (
        _reading(target, session.take_span()) as reader,
        transferring(session, target, _announcement(session, target, reader)) as data,
    ):
        if reader:
            await send_file(session, data, reader)
    return COMPLETE


def _announcement(session: Session, target: Target, reader: Reader | None) -> str:
    """With the count of bytes to come, which clients show, where it is known before they are sent."""
    text = f"Opening {session.type.value} mode data connection for {target.path}"
    return text if session.type is Type.ASCII else f"{text} ({len(reader.extent) if reader else 0} bytes)"


@asynccontextmanager
async def _reading(target: Target, span: Span | None) -> AsyncIterator[Reader | None]:
    """What `span` is of the file; None where it begins at the very end, as for a client that has the whole already."""
    async with AsyncExitStack() as stack:
        try:
            reader = await stack.enter_async_context(target.tree.open(target.path, span))
        except BadRange as error:
            if span is None or error.size != span.first:
                raise
            reader = None
        yield reader


async def stor(session: Session, target: Target) -> Reply:
    """Behind REST the upload goes on where the file ends now, if nobody else has changed that; nowhere else."""
    offset = session.take_restart()
    if not offset:
        await target.tree.standing(target.path)
        return await _receive(session, target, target.tree.store.put)
    found = await target.tree.file(target.path)
    if found.size != offset:
        raise Refused(INVALID_OFFSET, f"An upload goes on at the end of the file, at {found.size}")
    return await _extend(session, target, found, when=When(if_match=(found.etag,)))


async def appe(session: Session, target: Target) -> Reply:
    _refuse_restart(session)
    return await _extend(session, target, await target.tree.standing(target.path))


async def _extend(session: Session, target: Target, found: Meta | None, when: When = ANY) -> Reply:
    """Add to what stands, if anything does. A time that was stated of it is none of the longer file."""
    reply = await _receive(session, target, partial(ops.append, target.tree.store), when=when)
    if found is not None and filetimes.MODIFIED in found.props.user:
        await target.tree.store.update(found.key, PropsChange(user={filetimes.MODIFIED: None}))
    return reply


async def stou(session: Session, target: Target) -> Reply:
    """The name is the gateway's choice (RFC 1123, 4.1.2.9), below the current directory or beginning as asked for."""
    _refuse_restart(session)
    token = secrets.token_hex(8)
    path = target.path
    target.path = path.parent.child(f"{path.last}.{token}") if target.text else path.child(token)
    await target.tree.standing(target.path)
    announcement = f"FILE: {target.path.last}"
    return await _receive(session, target, target.tree.store.put, when=ABSENT, announcement=announcement)


def _refuse_restart(session: Session) -> None:
    if session.take_restart():
        raise Refused(INVALID_OFFSET, "Only RETR and STOR go on at an offset")


async def _receive(
    session: Session, target: Target, write: Write, *, when: When = ANY, announcement: str = ""
) -> Reply:
    """Reply after the commit only; what breaks before the end of the data raises inside the body."""
    options = Put(when=when, owner=target.bucket.owner if target.bucket else None)
    async with transferring(session, target, announcement or f"Ready for {target.path}") as data:
        await write(target.path.key, Upload(session, data), options)
    return COMPLETE


def abor(session: Session, text: str) -> Reply:
    """The transfer was ended when this command was seen; here it has its turn to be answered."""
    session.end_abort()
    session.agree(None)
    return Reply(226, "Abort successful")
