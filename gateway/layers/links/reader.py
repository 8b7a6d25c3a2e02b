"""Objects that were reached by a link, open for reading."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from gateway.core.conditions import When
from gateway.core.links import link_of
from gateway.core.ranges import Extent, Span
from gateway.core.store import Reader, Region
from gateway.core.types import Key, Meta
from gateway.layers.opening import Opening

if TYPE_CHECKING:
    from gateway.layers.links.layer import Linked


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


class LinkOpening(Opening):
    """`Store.open` of the layer that follows links."""

    def __init__(self, layer: "Linked", key: Key, span: Span | None, version: str | None, when: When) -> None:
        super().__init__(layer.unfollowed, key, span, version, when)
        self._layer = layer

    def is_plain(self, meta: Meta) -> bool:
        return link_of(meta.props.system) is None

    async def other(self) -> Reader | None:
        span, version, when = self.asked
        found = await self.inside.stat(self.key, version)
        if self.is_plain(found):
            return None
        target = await self._layer.follow(found)
        opened = self.inside.open(target.key, span=span, when=when)
        reader = await opened.__aenter__()
        if reader.meta.etag != target.meta.etag or not self.is_plain(reader.meta):
            await opened.__aexit__(None, None, None)
            return None
        self.opened = opened
        return FollowedReader(reader, target.shown(found))
