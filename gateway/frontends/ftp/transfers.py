"""One transfer over a data connection, and its two directions."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from gateway.core.body import Body
from gateway.core.store import Reader
from gateway.frontends.ftp.ascii import FromNetwork, ToNetwork
from gateway.frontends.ftp.data import DataConnection
from gateway.frontends.ftp.replies import Reply
from gateway.frontends.ftp.session import Services, Session, Target, Type
from gateway.frontends.ftp.sources import DataSource


class Transfer:
    """A transfer from its announcement to its end, which can be broken off at any point of it."""

    def __init__(self, source: DataSource, services: Services) -> None:
        self._source = source
        self._services = services
        self.data: DataConnection | None = None

    async def connect(self) -> DataConnection:
        """Have the data connection made. Raises `Refused` (425)."""
        settings = self._services.settings
        sock = await self._source.connect(settings.data_timeout)
        self.data = DataConnection(sock, settings.stall_timeout, self._services.threads)
        return self.data

    def break_off(self, error: Exception) -> None:
        (self.data or self._source).break_off(error)


@asynccontextmanager
async def transferring(session: Session, target: Target, announcement: str) -> AsyncIterator[DataConnection]:
    """Announce a transfer (150) and make its data connection; an exception breaks that, so that the client sees it.

    Raises `Refused` (425), and `IncompleteBody` where the client aborts it.
    """
    source = session.take_source()
    transfer = Transfer(source, session.services)
    try:
        session.begin(transfer)
        session.channel.send(Reply(150, announcement))
        yield await transfer.connect()
    except BaseException:
        if transfer.data is not None:
            transfer.data.reset()
        raise
    finally:
        session.transfer = None
        source.close()
        if transfer.data is not None:
            target.sent, target.received = transfer.data.sent, transfer.data.received
            transfer.data.close()


class Upload(Body):
    """What a client sends, as a body. It ends only where client and control connection let nothing doubt the end.

    Raises `IncompleteBody` and `BodyTimeout` inside the stream, so that nothing of a broken upload is ever committed.
    """

    def __init__(self, session: Session, data: DataConnection) -> None:
        self._session = session
        self._data = data

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        if self._session.type is Type.IMAGE:
            while block := await self._data.receive():
                yield block
        else:
            text = FromNetwork()
            while block := await self._data.receive():
                yield text.feed(block)
            yield text.rest()
        self._data.check()
        self._session.check_control()


async def send_file(session: Session, data: DataConnection, reader: Reader) -> None:
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
