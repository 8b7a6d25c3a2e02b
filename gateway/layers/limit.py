"""How much may be under way in a store at once, and how much may wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from gateway.core import context
from gateway.core.conditions import When
from gateway.core.errors import Busy, DeadlineExceeded
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Key
from gateway.layers.around import Around, Attempt, Operation

T = TypeVar("T")

RETRY_AFTER = 1.0
"""Seconds after which who was refused may come again."""

_inside: ContextVar[tuple["Turns", ...]] = ContextVar("portico_turns", default=())
"""Of which stores the running operation has a turn: what it does there as a part of itself needs no other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`operations` are under way at most, `waiting` more wait for their turn, for up to `patience` seconds."""

    operations: int
    waiting: int
    patience: float


class Turns:
    """Turns of a store, which several layers may share: one for each caller's credentials."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._turns = asyncio.Semaphore(bounds.operations)
        self.running = self.waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Raises `Busy` where too many wait, or it takes too long; `DeadlineExceeded`."""
        held = _inside.get()
        if self in held:
            yield
            return
        await self._wait()
        _inside.set((*held, self))
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._turns.release()
            _inside.set(tuple(turns for turns in _inside.get() if turns is not self))

    async def _wait(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        if self.waiting >= self._bounds.waiting:
            raise Busy(retry_after=RETRY_AFTER)
        patience, remaining = self._bounds.patience, context.current().remaining()
        self.waiting += 1
        try:
            async with asyncio.timeout(patience if remaining is None else min(patience, remaining)):
                await self._turns.acquire()
        except TimeoutError:
            if context.current().remaining() == 0:
                raise DeadlineExceeded from None
            raise Busy(retry_after=RETRY_AFTER) from None
        finally:
            self.waiting -= 1


class Limit(Around):
    """Lets so many operations into the store at once; further ones wait, in order, and too many are refused.

    An object that is open counts for as long as it is. An operation that is a part of another one (a body that is read
    from the same store) has the turn of that one, so that nobody waits for somebody who waits for him.
    """

    def __init__(self, inner: Store, turns: Turns) -> None:
        super().__init__(inner)
        self._turns = turns

    async def around(self, operation: Operation, attempt: Attempt[T]) -> T:
        async with self._turns.one():
            return await attempt()

    @asynccontextmanager
    async def opening(self, key: Key, span: Span | None, version: str | None, when: When) -> AsyncIterator[Reader]:
        async with self._turns.one(), self.inner.open(key, span=span, version=version, when=when) as reader:
            yield reader
