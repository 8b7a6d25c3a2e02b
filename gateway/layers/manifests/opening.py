"""Large objects that are opened to be read."""

from gateway.core.conditions import When, check_read
from gateway.core.errors import ConditionFailed, NotFound
from gateway.core.manifest import is_large, static_of
from gateway.core.ranges import Span, resolve
from gateway.core.store import Reader
from gateway.core.types import Key, Meta
from gateway.layers.manifests.conditions import known
from gateway.layers.manifests.reader import LargeReader
from gateway.layers.manifests.segments import Segments, walk
from gateway.layers.manifests.views import Views
from gateway.layers.opening import Opening


class LargeOpening(Opening):
    """`Store.open` of the layer that shows large objects assembled."""

    def __init__(self, views: Views, key: Key, span: Span | None, version: str | None, when: When) -> None:
        super().__init__(views.plain, key, span, version, when)
        self._views = views

    def is_plain(self, meta: Meta) -> bool:
        return not is_large(meta.props.system)

    async def other(self) -> Reader | None:
        span, version, when = self.asked
        found = await self.inside.stat(self.key, version)
        if self.is_plain(found):
            return None
        meta = await self._views.whole(found)
        check_read(known(when, meta), meta)
        extent = resolve(span, meta.size)
        neighbours = self._views.neighbours(self.key.bucket)
        segments = Segments(self.inside, neighbours)
        entries = segments.of(found)
        if static_of(found.props.system) is not None:
            try:
                entries = walk(await segments.static(found))
            except (ConditionFailed, NotFound):
                return None
        self.opened = LargeReader(self.inside, neighbours, meta, extent, segments.pieces(entries, extent))
        return await self.opened.__aenter__()
