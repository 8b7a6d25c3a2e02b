"""A load of small HTTP requests over kept connections: prepared bytes out, answers counted."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from bench.process import Server

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Rate:
    """Requests a second, and microseconds of server CPU for each."""

    per_second: float
    cpu_us: float


class _Client(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], until: float, bodies: bool) -> None:
        self._requests = requests
        self._until = until
        self._bodies = bodies
        self._buffer = b""
        self.answered = 0
        self.done = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = LENGTH.search(self._buffer, 0, head) if self._bodies else None
        if len(self._buffer) < head + 4 + (int(length[1]) if length else 0):
            return
        if not self._buffer.startswith(b"HTTP/1.1 20"):
            self._fail(RuntimeError(self._buffer[:600].decode(errors="replace")))
            return
        self._buffer = b""
        self.answered += 1
        if self._transport is None or time.perf_counter() > self._until:
            self._finish()
        else:
            self._transport.write(next(self._requests))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server closed the connection"))

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


async def _drive(
    port: int, requests: Sequence[bytes], concurrency: int, seconds: float, bodies: bool
) -> tuple[int, float]:
    loop = asyncio.get_running_loop()
    feed = cycle(requests)
    start = time.perf_counter()
    clients = [_Client(feed, start + seconds, bodies) for _ in range(concurrency)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in clients))
    return sum(client.answered for client in clients), time.perf_counter() - start


def drive(
    server: Server, port: int, requests: Sequence[bytes], *, concurrency: int, seconds: float, bodies: bool = True
) -> Rate:
    """Send `requests` in turn over `concurrency` connections for `seconds`; any answer but 20x ends the run.

    Without `bodies` the answers have none, whatever length they state.
    """
    before = server.cpu()
    count, elapsed = asyncio.run(_drive(port, requests, concurrency, seconds, bodies))
    return Rate(count / elapsed, (server.cpu() - before) / count * 1e6)
