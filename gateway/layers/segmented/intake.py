"""A stream of unknown length, cut into segments that lie ready."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing
from types import TracebackType
from typing import Self

from gateway.core.body import CheckedBody, ReadyBody, StreamBody
from gateway.core.digest import Algorithm
from gateway.core.segments import SegmentRules
from gateway.layers.segmented.spool import Spool

GROWTHS = 10
"""So often, at most, segments of a body of unknown length become twice as large."""


def segment_size(rules: SegmentRules, smallest: int, number: int, size: int | None) -> int:
    """Bytes of segment `number` (from 1) of a body of `size` bytes, such that the store's `most` suffice."""
    wanted = max(smallest, rules.smallest)
    if rules.most is not None:
        if size is not None:
            wanted = max(wanted, -(-size // rules.most))
        else:
            wanted *= int(2 ** ((number - 1) * GROWTHS // rules.most))
    return min(wanted, rules.largest)


class Intake:
    """Takes segments off a stream of blocks, each into a spool of its own. What is left at the end is closed."""

    def __init__(
        self, blocks: AsyncIterator[bytes], make: Callable[[], Spool], algorithms: Collection[Algorithm]
    ) -> None:
        self._blocks = blocks
        self._make = make
        self._algorithms = algorithms
        self._rest = b""
        self._held: dict[ReadyBody, Spool] = {}

    async def take(self, size: int) -> ReadyBody:
        """The next `size` bytes, or what is left of the stream. Raises what the stream and the spool do."""
        spool = self._make()
        body = CheckedBody(StreamBody(self._slice(size)), self._algorithms)
        try:
            async with aclosing(body.chunks()) as blocks:
                async for block in blocks:
                    await spool.add(block)
        except BaseException:
            spool.close()
            raise
        ready = ReadyBody(spool, spool.size, body.digests)
        self._held[ready] = spool
        return ready

    async def more(self) -> bool:
        """Whether anything is left; that nothing is means that the stream has ended soundly."""
        while not self._rest:
            try:
                self._rest = await anext(self._blocks)
            except StopAsyncIteration:
                return False
        return True

    def free(self, segment: ReadyBody) -> None:
        """Give up a segment's bytes."""
        self._held.pop(segment).close()

    async def _slice(self, size: int) -> AsyncGenerator[bytes, None]:
        while size and await self.more():
            piece, self._rest = self._rest[:size], self._rest[size:]
            size -= len(piece)
            yield piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for segment in tuple(self._held):
            self.free(segment)
