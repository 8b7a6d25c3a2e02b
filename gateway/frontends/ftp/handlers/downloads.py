"""Downloads (RETR), and ABOR, which ends transfers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.core.errors import BadRange
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.frontends.ftp.replies import Reply
from gateway.frontends.ftp.session import Session, Target, Type
from gateway.frontends.ftp.transfers import COMPLETE, send_file, transferring


async def retr(session: Session, target: Target) -> Reply:
    async with (
        _reading(target, session.take_span()) as reader,
        transferring(session, target, _announcement(session, target, reader), sends=True) as data,
    ):
        if reader:
            await send_file(session, data, reader)
    return COMPLETE


def _announcement(session: Session, target: Target, reader: Reader | None) -> str:
    """With the count of bytes to come, which clients show, where it is known before they are sent."""
    text = f"Opening {session.type.value} mode data connection for {target.shown}"
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


def abor(session: Session, text: str) -> Reply:
    """The transfer was ended when this command was seen; here it has its turn to be answered."""
    session.end_abort()
    session.agree(None)
    return Reply(226, "Abort successful")
