"""Transfers of files: RETR, STOR, STOU, APPE, and ABOR, which ends them."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from gateway.core import ops
from gateway.core.body import Body
from gateway.core.conditions import ABSENT, ANY, When
from gateway.core.errors import BadRange
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Key, Meta, Put
from gateway.frontends.ftp.replies import Refused, Reply
from gateway.frontends.ftp.session import Session, Target, Type
from gateway.frontends.ftp.transfers import Upload, send_file, transferring

Write = Callable[[Key, Body, Put], Awaitable[Meta]]

COMPLETE = Reply(226, "Transfer complete")
INVALID_OFFSET = 554


async def retr(session: Session, target: Target) -> Reply:
    offset = session.take_restart()
    async with (
        _reading(target, offset) as reader,
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
async def _reading(target: Target, offset: int) -> AsyncIterator[Reader | None]:
    """The file from `offset` on; None where that is its very end, as for a client that has the whole already."""
    async with AsyncExitStack() as stack:
        try:
            reader = await stack.enter_async_context(target.tree.open(target.path, Span(offset) if offset else None))
        except BadRange as error:
            if error.size != offset:
                raise
            reader = None
        yield reader


async def stor(session: Session, target: Target) -> Reply:
    """Behind REST the upload goes on where the file ends now, if nobody else has changed that; nowhere else."""
    offset, store = session.take_restart(), target.tree.store
    key = await target.tree.target(target.path)
    if not offset:
        return await _receive(session, target, key, store.put)
    found = await target.tree.file(target.path)
    if found.size != offset:
        raise Refused(INVALID_OFFSET, f"An upload goes on at the end of the file, at {found.size}")
    return await _receive(session, target, key, partial(ops.append, store), when=When(if_match=(found.etag,)))


async def appe(session: Session, target: Target) -> Reply:
    _refuse_restart(session)
    key = await target.tree.target(target.path)
    return await _receive(session, target, key, partial(ops.append, target.tree.store))


async def stou(session: Session, target: Target) -> Reply:
    """The name is the gateway's choice (RFC 1123, 4.1.2.9), below the current directory or beginning as asked for."""
    _refuse_restart(session)
    token = secrets.token_hex(8)
    path = target.path
    target.path = path.parent.child(f"{path.last}.{token}") if target.text else path.child(token)
    key = await target.tree.target(target.path)
    announcement = f"FILE: {target.path.last}"
    return await _receive(session, target, key, target.tree.store.put, when=ABSENT, announcement=announcement)


def _refuse_restart(session: Session) -> None:
    if session.take_restart():
        raise Refused(INVALID_OFFSET, "Only RETR and STOR go on at an offset")


async def _receive(
    session: Session, target: Target, key: Key, write: Write, *, when: When = ANY, announcement: str = ""
) -> Reply:
    """Reply after the commit only; what breaks before the end of the data raises inside the body."""
    options = Put(when=when, owner=target.bucket.owner if target.bucket else None)
    async with transferring(session, target, announcement or f"Ready for {target.path}") as data:
        await write(key, Upload(session, data), options)
    return COMPLETE


def abor(session: Session, text: str) -> Reply:
    """The transfer was ended when this command was seen; here it has its turn to be answered."""
    session.end_abort()
    session.agree(None)
    return Reply(226, "Abort successful")
