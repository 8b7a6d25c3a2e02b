import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

import pytest
import uvloop
from aiohttp import web
from multidict import CIMultiDict

from gateway.core.conditions import ANY, When, check_read
from gateway.core.errors import StoreError
from gateway.core.ranges import Extent, Span, resolve
from gateway.core.store import Reader, Region, Store
from gateway.core.types import Key, Meta
from gateway.frontends.http.sending import Source
from gateway.frontends.http.server import Handler, HttpServer
from gateway.frontends.http.settings import HttpSettings
from tests.support.loops import SettlingLoop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The servers are tested on each event loop that they may run on."""
    return {"asyncio": SettlingLoop, "uvloop": uvloop.new_event_loop}


class FileReader(Reader):
    """Bytes of a file, offered as two regions; `short` bytes fewer than promised."""

    def __init__(self, meta: Meta, extent: Extent, file: BinaryIO, *, local: bool, short: int = 0) -> None:
        self.meta, self.extent = meta, extent
        self._file, self._local, self._stop = file, local, extent.stop - short

    async def chunks(self) -> AsyncIterator[bytes]:
        self._file.seek(self.extent.start)
        yield self._file.read(self._stop - self.extent.start)

    def regions(self) -> AsyncIterator[Region] | None:
        return self._regions() if self._local else None

    async def _regions(self) -> AsyncIterator[Region]:
        middle = (self.extent.start + self._stop) // 2
        yield Region(self._file, self.extent.start, middle - self.extent.start)
        yield Region(self._file, middle, self._stop - middle)


@dataclass
class OneObject:
    """The part of a store that answers read from: one object in a file."""

    file: BinaryIO
    meta: Meta
    local: bool = True
    short: int = 0
    opened: list[Span | None] = field(default_factory=list)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        check_read(when, self.meta)
        return self.meta

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return self._open(span, when)

    @asynccontextmanager
    async def _open(self, span: Span | None, when: When) -> AsyncIterator[Reader]:
        self.opened.append(span)
        check_read(when, self.meta)
        extent = resolve(span, self.meta.size)
        yield FileReader(self.meta, extent, self.file, local=self.local, short=self.short)

    def source(self, stall: float = 10.0) -> Source:
        store: Store = self  # type: ignore[assignment]
        return Source(store, self.meta.key, _head, stall=stall)


def _head(meta: Meta) -> CIMultiDict[str]:
    return CIMultiDict({"ETag": f'"{meta.etag}"', "Content-Type": "text/x-test"})


def malformed(status: int, message: str) -> web.Response:
    return web.Response(status=status, text=f"malformed: {message}")


Serve = Callable[..., Awaitable[HttpServer]]
Keep = Callable[..., OneObject]


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Make objects of given bytes; their files are closed when the test ends."""
    with ExitStack() as stack:

        def make(data: bytes, *, local: bool = True, short: int = 0) -> OneObject:
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(data)
            file.flush()
            meta = Meta(key=Key("b", "k"), size=len(data), etag="abc", modified=1_700_000_000_000_000_000)
            return OneObject(file, meta, local, short)

        yield make


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers that are closed when the test ends."""
    servers: list[HttpServer] = []

    async def start(handler: Handler, *, lenient: bool = False, **settings: object) -> HttpServer:
        chosen = HttpSettings.model_validate(settings)
        server = HttpServer(answering(handler), malformed, chosen, lenient=lenient)
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.aclose()


def answering(handler: Handler) -> Handler:
    """`handler`, with store errors answered by the name of their class."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except StoreError as error:
            return web.Response(status=400, text=type(error).__name__)

    return answer
