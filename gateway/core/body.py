"""Bodies: streams of bytes on their way into a store, and the stage that counts, hashes and checks them."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import aclosing

from gateway.core.blocks import CROWD
from gateway.core.digest import Algorithm, Digests, digest
from gateway.core.errors import BadDigest, BadRequest, IncompleteBody, TooLarge
from gateway.core.hashing import Hashing

BLOCK = 512 * 1024
"""Bytes that a `CheckedBody` gathers before it hashes and hands them on; fewer where many bodies come in at once."""

Check = Callable[[Digests], None]
"""Looks at the digests of a body that has ended; raises `BadDigest` (or another `StoreError`) to refuse it."""


class Body(ABC):
    """An asynchronous stream of bytes. `size` is its length in bytes where that is known beforehand."""

    size: int | None = None
    rewinds: bool = False
    """`chunks` may be called again, and starts from the beginning: a retry can replay the body."""

    @abstractmethod
    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes. Close the generator (`contextlib.aclosing`) when it is left early."""


class BytesBody(Body):
    """A body that lies in memory."""

    rewinds = True

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        if self.data:
            yield self.data


class StreamBody(Body):
    """A body over any asynchronous iterator; it can be read once. A generator is closed with the body's own."""

    def __init__(self, stream: AsyncIterator[bytes], size: int | None = None) -> None:
        self._stream = stream
        self.size = size

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in self._stream:
                yield chunk
        finally:
            if isinstance(self._stream, AsyncGenerator):
                await self._stream.aclose()


class Salvage(Body):
    """A body whose break is an end: what came before it is taken as if it was all. `error`: what it broke by.

    The last byte before a break is left out. Whoever had sent all of them would else be told, when he asks where to go
    on, that nothing is left to be sent.
    """

    def __init__(self, source: Body) -> None:
        self._source = source
        self.error: IncompleteBody | None = None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        held = b""
        async with aclosing(self._source.chunks()) as chunks:
            try:
                async for chunk in chunks:
                    if held:
                        yield held
                    held = chunk
            except IncompleteBody as error:
                self.error = error
                held = held[:-1]
        if held:
            yield held


class CheckedBody(Body):
    """A body that is counted, hashed and verified while it passes; a body that fails raises inside the stream.

    Small pieces are gathered into blocks. A block is hashed in a worker thread while the consumer has it already and
    the next ones are being gathered. The last check happens before the stream ends, so a consumer that reaches the end
    holds a sound body.

    One that is encrypted on its way hands on, and is as large as, what is to be stored: only its `count` and `digests`,
    which a store keeps as the object's, are of the plain bytes.

    Raises `IncompleteBody` (shorter than its size), `BadRequest` (longer), `TooLarge` (over `limit` bytes), and what
    the checks raise.
    """

    def __init__(
        self,
        source: Body,
        algorithms: Collection[Algorithm] = (),
        checks: Sequence[Check] = (),
        limit: int | None = None,
    ) -> None:
        self._source = source
        self._algorithms = set(algorithms)
        self._checks = checks
        self._limit = limit
        self._count = 0
        self._digests: Digests | None = None
        self.size = source.size
        self.rewinds = source.rewinds

    def want(self, algorithms: Collection[Algorithm]) -> None:
        """Have these digests computed too. Only before the stream has started."""
        self._algorithms.update(algorithms)

    @property
    def count(self) -> int:
        """Bytes that have passed."""
        return self._count

    @property
    def digests(self) -> Digests:
        """The digests, once the stream has ended and every check has passed."""
        if self._digests is None:
            raise RuntimeError("the body has not been read to its sound end")
        return self._digests

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        self._count, self._digests = 0, None
        self._refuse_excess(self.size or 0)
        hashing = Hashing(self._algorithms)
        with CROWD.joined():
            async with aclosing(self._blocks()) as blocks:
                async for block in blocks:
                    await hashing.update(block)
                    yield block
        self._finish(await hashing.digests())

    async def small(self) -> bytes:
        """All bytes of a body whose size is known to be small. Raises what `chunks` raises."""
        self._count, self._digests = 0, None
        self._refuse_excess(self.size or 0)
        pieces: list[bytes] = []
        async with aclosing(self._source.chunks()) as source:
            async for piece in source:
                self._count += len(piece)
                self._refuse_excess(self._count)
                pieces.append(piece)
        data = b"".join(pieces)
        self._finish({algorithm: digest(algorithm, data) for algorithm in self._algorithms})
        return data

    async def _blocks(self) -> AsyncGenerator[bytes, None]:
        pieces: list[bytes] = []
        gathered = 0
        async with aclosing(self._source.chunks()) as source:
            async for piece in source:
                self._count += len(piece)
                self._refuse_excess(self._count)
                pieces.append(piece)
                gathered += len(piece)
                if gathered >= min(BLOCK, CROWD.block()):
                    yield b"".join(pieces)
                    pieces, gathered = [], 0
        if gathered:
            yield b"".join(pieces)

    def _refuse_excess(self, count: int) -> None:
        if self._limit is not None and count > self._limit:
            raise TooLarge(f"The body is larger than {self._limit} bytes")
        if self.size is not None and count > self.size:
            raise BadRequest("The body is longer than its stated length")

    def _finish(self, digests: Digests) -> None:
        if self.size is not None and self._count < self.size:
            raise IncompleteBody
        for check in self._checks:
            check(digests)
        self._digests = digests


class ReadyBody(CheckedBody):
    """A body that has come in whole and sound: its digests are known before it is sent, and it rewinds."""

    def __init__(self, source: Body, size: int, digests: Digests) -> None:
        super().__init__(source)
        self.size = self._count = size
        self._digests = digests

    def want(self, algorithms: Collection[Algorithm]) -> None:
        """Raises `ValueError` for digests that nobody has computed."""
        if missing := set(algorithms) - self.digests.keys():
            raise ValueError(f"unknown digests: {missing}")

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._source.chunks()) as chunks:
            async for chunk in chunks:
                yield chunk

    async def small(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])


def checked(body: Body, algorithms: Collection[Algorithm]) -> CheckedBody:
    """`body` as one whose digests of `algorithms` are known at its end; what is hashed already is not hashed again."""
    if isinstance(body, CheckedBody):
        body.want(algorithms)
        return body
    return CheckedBody(body, algorithms)


def expect(algorithm: Algorithm, digest: bytes) -> Check:
    """A check that the body's digest is `digest`. Raises `BadDigest`."""

    def check(digests: Digests) -> None:
        if digests[algorithm] != digest:
            raise BadDigest(algorithm)

    return check
