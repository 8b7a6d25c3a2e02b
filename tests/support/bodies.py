"""Bodies that do as they are told."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from gateway.core.body import Body

Hook = Callable[[int], Awaitable[None]]


class Scripted(Body):
    """Yields `pieces`; before the piece `n`, and with n = len(pieces) before the end, `hook(n)` is awaited."""

    def __init__(self, pieces: Sequence[bytes], hook: Hook | None = None, size: int | None = None) -> None:
        self._pieces = pieces
        self._hook = hook or _go_on
        self.size = size
        self.closed = False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            for number, piece in enumerate(self._pieces):
                await self._hook(number)
                yield piece
            await self._hook(len(self._pieces))
        finally:
            self.closed = True


async def _go_on(number: int) -> None:
    await asyncio.sleep(0)


class Broken(Exception):
    """What a `failing_at` body dies of: nothing that a store could know."""


def failing_at(place: int) -> Hook:
    async def hook(number: int) -> None:
        if number == place:
            raise Broken

    return hook


class Stall:
    """A hook that stops at a place for ever; `reached` tells that it has been reached."""

    def __init__(self, place: int) -> None:
        self._place = place
        self.reached = asyncio.Event()

    async def __call__(self, number: int) -> None:
        if number == self._place:
            self.reached.set()
            await asyncio.Event().wait()


def split(data: bytes, size: int) -> list[bytes]:
    """`data` in pieces of `size` bytes."""
    return [data[start : start + size] for start in range(0, len(data), size)]
