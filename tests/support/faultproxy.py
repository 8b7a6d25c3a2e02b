"""A proxy that does to HTTP what networks and overloaded servers do: wait, break off, answer 503, cut short, lie.

It stands before a real server and forwards requests byte for byte, one at a time on each connection, apart from those
that a `Fault` is meant for.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BLOCK = 64 * 1024
LIMIT = 256 * 1024

_LENGTH = re.compile(rb"^content-length:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_ETAG = re.compile(rb"^etag:[^\r]*", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding:[ \t]*chunked", re.IGNORECASE | re.MULTILINE)
_EXPECTS = re.compile(rb"^expect:.*\r\n", re.IGNORECASE | re.MULTILINE)
_NO_BODY = re.compile(rb"HTTP/1\.1 (?:1\d\d|204|304)")


@dataclass(kw_only=True)
class Fault:
    """What is done to requests whose first line matches `when`, for the first `times` of them.

    `delay`: seconds before the request goes on. `answer`: an answer in place of the server's. `lose_answer`: the
    server does what it is asked, and the connection is reset in place of its answer. `cut_request`, `cut_answer`: the
    connection is reset after so many bytes of the body. `length`, `etag`: stand as Content-Length and ETag in the
    answer. `untagged`: the answer has no ETag. `drip`: seconds between one byte of the answer's body and the next.
    `endless`: the body never ends.
    """

    when: str = ""
    times: int = 1_000_000
    delay: float = 0.0
    answer: bytes = b""
    lose_answer: bool = False
    cut_request: int | None = None
    cut_answer: int | None = None
    length: int | None = None
    etag: str = ""
    untagged: bool = False
    drip: float = 0.0
    endless: bool = False
    seen: int = 0

    def meets(self, line: str) -> bool:
        if self.seen >= self.times or not re.search(self.when, line):
            return False
        self.seen += 1
        return True


class Reset(Exception):
    """The connection is to be reset."""


@dataclass
class FaultProxy:
    """`faults` may be changed at any time; the first that meets a request is done to it. `heads`: the requests."""

    upstream: str
    faults: list[Fault] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    port: int = 0
    down: bool = False
    """Connections are refused as by a server that is not there."""
    open: int = 0
    most: int = 0
    """Connections that are open, and were at most."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """The first lines of the requests so far."""
        return [head.partition("\r\n")[0] for head in self.heads]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, and one to the server for it."""
        server: asyncio.StreamWriter | None = None
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            if self.down:
                raise Reset
            target = urlsplit(self.upstream)
            answers, server = await asyncio.open_connection(target.hostname, target.port, limit=LIMIT)
            while await self._exchange(reader, server, answers, writer):
                pass
        except (Reset, ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            self.open -= 1
            ends = [writer] if server is None else [writer, server]
            for end in ends:  # all of them first: the wait for one may be cancelled
                end.close()
            for end in ends:
                with suppress(ConnectionError):
                    await end.wait_closed()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """One request and its answer; False when the client has no more."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return False
        self.heads.append(head.decode("latin-1"))
        line = self.lines[-1]
        fault = next((fault for fault in self.faults if fault.meets(line)), Fault())
        await asyncio.sleep(fault.delay)
        if fault.endless:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
            while True:
                writer.write(b" " * BLOCK)
                await writer.drain()
        if fault.answer:
            if not _EXPECTS.search(head):  # otherwise no body comes
                await _forward(reader, _length(head), lambda _: None)
            writer.write(fault.answer)
            await writer.drain()
            return True
        if _EXPECTS.search(head):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        server.write(_EXPECTS.sub(b"", head))
        await _forward(reader, _length(head), server.write, server, fault.cut_request)
        return await self._answer(line, fault, answers, writer)

    async def _answer(
        self, line: str, fault: Fault, answers: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        head = await answers.readuntil(b"\r\n\r\n")
        if _CHUNKED.search(head):
            writer.write(head)
            await _forward_chunks(answers, writer)
            return True
        size = 0 if line.startswith("HEAD ") or _NO_BODY.match(head) else _length(head)
        if fault.lose_answer:
            await _forward(answers, size, lambda _: None)
            raise Reset
        if fault.length is not None:
            head = _LENGTH.sub(b"Content-Length: %d" % fault.length, head)
        if fault.untagged:
            head = _ETAG.sub(b"X-No-Tag: ", head)
        if fault.etag:
            head = _ETAG.sub(b'ETag: "%s"' % fault.etag.encode(), head)
        writer.write(head)
        if fault.drip:
            await _drip(answers, size, writer, fault.drip)
        await _forward(answers, 0 if fault.drip else size, writer.write, writer, fault.cut_answer)
        return fault.length is None


def _length(head: bytes) -> int:
    if _CHUNKED.search(head):
        raise Reset  # no request to be forwarded is chunked
    match = _LENGTH.search(head)
    return int(match[1]) if match else 0


async def _forward(
    source: asyncio.StreamReader,
    size: int,
    write: Callable[[bytes], None],
    sink: asyncio.StreamWriter | None = None,
    cut: int | None = None,
) -> None:
    left = size if cut is None else min(cut, size)
    while left:
        block = await source.read(min(BLOCK, left))
        if not block:
            raise Reset
        left -= len(block)
        write(block)
        if sink is not None:
            await sink.drain()
    if cut is not None and sink is not None:
        raise Reset


async def _forward_chunks(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """An answer of Swift's that is long in coming; faults spare it."""
    size = 1
    while size:
        line = await source.readline()
        size = int(line, 16)
        sink.write(line + await source.readexactly(size + 2))
        await sink.drain()


async def _drip(source: asyncio.StreamReader, size: int, sink: asyncio.StreamWriter, pause: float) -> None:
    for _ in range(size):
        sink.write(await source.readexactly(1))
        await sink.drain()
        await asyncio.sleep(pause)


@asynccontextmanager
async def proxied(upstream: str, *faults: Fault) -> AsyncIterator[FaultProxy]:
    """A proxy before the server at the URL `upstream`."""
    proxy = FaultProxy(upstream, list(faults))
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=LIMIT)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def refusal(status: int, reason: str, code: str = "", **headers: str) -> bytes:
    """An answer as S3 gives it in an error."""
    body = f"<Error><Code>{code}</Code><Message>told by the proxy</Message></Error>".encode() if code else b""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", "Content-Type: application/xml"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
