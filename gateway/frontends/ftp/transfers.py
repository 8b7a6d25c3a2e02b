"""One transfer over a data connection, and its two directions."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from gateway.core.body import Body
from gateway.core.errors import IncompleteBody, QuotaExceeded
from gateway.core.store import Reader
from gateway.frontends.ftp.ascii import FromNetwork, ToNetwork
from gateway.frontends.ftp.data import DataConnection, DataStream
from gateway.frontends.ftp.deflate import Deflated
from gateway.frontends.ftp.rates import NO_PACE, Paced
from gateway.frontends.ftp.replies import Refused, Reply
from gateway.frontends.ftp.securedata import SecureData
from gateway.frontends.ftp.session import Session, Target, Type
from gateway.frontends.ftp.sources import CANNOT_CONNECT, DataSource

COMPLETE = Reply(226, "Transfer complete")

UNPROTECTED = 521
NOT_RESUMED = 522


class Transfer:
    """A transfer from its announcement to its end, which can be broken off at any point of it.

    One that `sends` may wait for the store, too, and is taken out of that.
    """

    def __init__(self, source: DataSource, session: Session, *, sends: bool) -> None:
        self._source = source
        self._session = session
        self._services = session.services
        self._sender = asyncio.current_task() if sends else None
        self.data: DataConnection | None = None
        self.broken: Exception | None = None

    async def connect(self) -> DataConnection:
        """Have the data connection made. Raises `Refused` (425, 522)."""
        sock = await self._source.connect(self._services.settings.data_timeout)
        context = self._session.channel.context
        if self._session.protects_data and context is not None:
            return await self._secure(sock, context)
        self.data = DataConnection(sock, self._services.settings.stall_timeout, self._services.threads)
        return self.data

    async def _secure(self, sock: socket.socket, context: ssl.SSLContext) -> DataConnection:
        settings = self._services.settings
        self.data = data = SecureData(sock, settings.stall_timeout, self._services.threads, context)
        try:
            async with asyncio.timeout(settings.data_timeout):
                await data.shake_hands()
        except TimeoutError:
            raise Refused(CANNOT_CONNECT, "The TLS handshake took too long") from None
        if self._services.security.binds_data and not data.is_resumed:
            raise Refused(NOT_RESUMED, "Data connections must resume the TLS session of the control connection")
        return data

    def break_off(self, error: Exception) -> None:
        (self.data or self._source).break_off(error)
        if self._sender is not None and self.broken is None:
            self.broken = error
            self._sender.cancel()

    def was_broken_off(self) -> bool:
        """Whether a cancellation was that of `break_off`, and no other one."""
        return self.broken is not None and self._sender is not None and not self._sender.uncancel()


@asynccontextmanager
async def transferring(
    session: Session, target: Target, announcement: str, *, sends: bool = False
) -> AsyncIterator[DataStream]:
    """Announce a transfer (150) and make its data connection; an exception breaks that, so that the client sees it.

    One that `sends` need not wait for the client, who may be told of its beginning and its end at once.

    Raises `Refused` (425, 521, 522), and `IncompleteBody` where the client aborts it.
    """
    if session.needs_tls and not session.protects_data:
        raise Refused(UNPROTECTED, "Data connections must be protected: send PBSZ 0 and PROT P")
    source = session.take_source()
    transfer = Transfer(source, session, sends=sends)
    try:
        session.begin(transfer)
        tell = session.channel.send_soon if sends else session.channel.send
        tell(Reply(150, announcement))
        connection = await transfer.connect()
        data: DataStream = connection if session.level is None else Deflated(connection, session.level)
        if session.pace != NO_PACE:
            data = Paced(data, session.pace)
        yield data
        await data.finish()
    except BaseException as error:
        if transfer.data is not None:
            transfer.data.reset()
        if isinstance(error, asyncio.CancelledError) and transfer.was_broken_off() and transfer.broken is not None:
            raise transfer.broken from None
        raise
    finally:
        session.transfer = None
        source.close()
        if transfer.data is not None:
            target.sent, target.received = transfer.data.sent, transfer.data.received
            transfer.data.close()


class Upload(Body):
    """What a client sends, as a body. It ends only where client and control connection let nothing doubt the end.

    With the `offset` bytes of the file that lie before it, it must have `Target.least` bytes; of its own, no more than
    `Target.room`. Raises `IncompleteBody`, `BodyTimeout` and `QuotaExceeded` inside the stream, so that nothing of a
    broken upload is ever committed.
    """

    def __init__(self, session: Session, data: DataStream, target: Target, offset: int = 0) -> None:
        self._session = session
        self._data = data
        self._size = offset
        self._least = target.least
        self._most = None if target.room is None else offset + target.room
        self._first = b""

    async def begin(self) -> None:
        """Take what comes first. If that is all, as with most uploads, the size is known now."""
        if self._session.type is Type.IMAGE:
            self._first = await self._data.receive()
            if self._data.has_ended and self._size + len(self._first) >= self._least:
                self.size = len(self._first)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        if self._session.type is Type.IMAGE:
            while block := self._first or await self._data.receive():
                self._first = b""
                self._count(block)
                yield block
        else:
            text = FromNetwork()
            while block := await self._data.receive():
                lines = text.feed(block)
                self._count(lines)
                yield lines
            yield text.rest()
        self._data.check()
        self._session.check_control()
        if self._size < self._least:
            raise IncompleteBody(f"The file would have {self._size} bytes, and ALLO told of {self._least}")

    def _count(self, block: bytes) -> None:
        self._size += len(block)
        if self._most is not None and self._size > self._most:
            raise QuotaExceeded("You have no room for this file")


async def send_file(session: Session, data: DataStream, reader: Reader) -> None:
    """Send what `reader` reads: from files by sendfile where it offers them and the bytes stay as they are."""
    if session.type is Type.ASCII:
        text = ToNetwork()
        async for chunk in reader.chunks():
            await data.send(text.feed(chunk))
    elif regions := reader.regions():
        async for region in regions:
            await data.send_region(region)
    else:
        async for chunk in reader.chunks():
            await data.send(chunk)
