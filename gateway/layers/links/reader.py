"""Objects that were reached by a link, open for reading."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from gateway.core.conditions import When
from gateway.core.errors import BadRange, ConditionFailed, NotModified, Unavailable
from gateway.core.links import link_of
from gateway.core.ranges import Extent, Span
from gateway.core.store import Reader, Region
from gateway.core.types import Key, Meta

if TYPE_CHECKING:
    from gateway.layers.links.layer import Linked

TRIES = 3
"""An object may become another while it is looked at; so often it is looked at again."""


class FollowedReader(Reader):
    """Another object's bytes under the link's name."""

    def __init__(self, target: Reader, meta: Meta) -> None:
        self.meta = meta
        self.extent = target.extent
        self.data = target.data
        self._target = target

    def chunks(self) -> AsyncIterator[bytes]:
        return self._target.chunks()

    def stored(self, extent: Extent) -> AsyncIterator[bytes]:
        return self._target.stored(extent)

    def regions(self) -> AsyncIterator[Region] | None:
        return self._target.regions()


class Opening(AbstractAsyncContextManager[Reader]):
    """`Store.open`: what is no link is opened by the store inside, and nobody else has a part in it."""

    def __init__(self, layer: "Linked", key: Key, span: Span | None, version: str | None, when: When) -> None:
        self._layer = layer
        self._key = key
        self._asked = span, version, when
        self._inside: AbstractAsyncContextManager[Reader] | None = None

    async def __aenter__(self) -> Reader:
        for _ in range(TRIES):
            reader = await self._plain() or await self._followed()
            if reader is not None:
                return reader
        raise Unavailable("The object changes all the time")

    async def _plain(self) -> Reader | None:
        """The reader of an object that is no link; None for a link."""
        span, version, when = self._asked
        inside = self._layer.unfollowed.open(self._key, span=span, version=version, when=when)
        try:
            reader = await inside.__aenter__()
        except (ConditionFailed, NotModified, BadRange):
            if link_of((await self._layer.unfollowed.stat(self._key, version)).props.system):
                return None
            raise
        if link_of(reader.meta.props.system) is None:
            self._inside = inside
            return reader
        await inside.__aexit__(None, None, None)
        return None

    async def _followed(self) -> Reader | None:
        """The reader of what a link leads to; None where that is another object by now, or the link has become one."""
        span, version, when = self._asked
        found = await self._layer.unfollowed.stat(self._key, version)
        if link_of(found.props.system) is None:
            return None
        target = await self._layer.follow(found)
        inside = self._layer.unfollowed.open(target.key, span=span, when=when)
        reader = await inside.__aenter__()
        if reader.meta.etag != target.meta.etag or link_of(reader.meta.props.system):
            await inside.__aexit__(None, None, None)
            return None
        self._inside = inside
        return FollowedReader(reader, target.shown(found))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._inside is None:
            return None
        return await self._inside.__aexit__(kind, error, trace)
