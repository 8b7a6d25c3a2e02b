"""`Store.open` through a layer for which some objects stand for the bytes of others."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from gateway.core.conditions import When
from gateway.core.errors import BadRange, ConditionFailed, NotModified, Unavailable
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Key, Meta

TRIES = 3
"""An object may become another while it is looked at; so often it is looked at again."""


class Opening(AbstractAsyncContextManager[Reader], ABC):
    """A plain object is opened by the store `inside`, and nobody else has a part in it."""

    def __init__(self, inside: Store, key: Key, span: Span | None, version: str | None, when: When) -> None:
        self.inside = inside
        self.key = key
        self.asked = span, version, when
        self.opened: AbstractAsyncContextManager[Reader] | None = None
        """What has to be closed behind the reader."""

    @abstractmethod
    def is_plain(self, meta: Meta) -> bool:
        """Whether an object is to be read as it is."""

    @abstractmethod
    async def other(self) -> Reader | None:
        """The reader of what the object stands for, with `opened` set; None where it is plain, or another one, by now.

        Raises as `Store.open`.
        """

    async def __aenter__(self) -> Reader:
        for _ in range(TRIES):
            reader = await self._plain() or await self.other()
            if reader is not None:
                return reader
        raise Unavailable("The object changes all the time")

    async def _plain(self) -> Reader | None:
        """The reader of a plain object; None where there is another."""
        span, version, when = self.asked
        found = self.inside.open(self.key, span=span, version=version, when=when)
        try:
            reader = await found.__aenter__()
        except (ConditionFailed, NotModified, BadRange):
            if self.is_plain(await self.inside.stat(self.key, version)):
                raise
            return None
        if self.is_plain(reader.meta):
            self.opened = found
            return reader
        await found.__aexit__(None, None, None)
        return None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return None if self.opened is None else await self.opened.__aexit__(kind, error, trace)
