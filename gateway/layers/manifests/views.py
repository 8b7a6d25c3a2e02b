"""What manifests are shown as."""

from contextlib import suppress
from dataclasses import replace

from gateway.core.conditions import When, check_write
from gateway.core.errors import Denied, NotFound
from gateway.core.manifest import etag_of, is_large, static_of
from gateway.core.store import Store
from gateway.core.types import Key, Meta
from gateway.layers.manifests.conditions import known
from gateway.layers.manifests.gate import Gate, Neighbours
from gateway.layers.manifests.segments import Segments, measured


class Views:
    """The manifests of a store, looked at as the large objects that they stand for."""

    def __init__(self, plain: Store, gate: Gate) -> None:
        self.plain = plain
        self._gate = gate

    def neighbours(self, bucket: str) -> Neighbours:
        """The buckets that manifests of a bucket may lead to, for one look."""
        return Neighbours(self.plain, self._gate, bucket)

    def segments(self, bucket: str) -> Segments:
        """The segments of manifests of a bucket, for one look."""
        return Segments(self.plain, self.neighbours(bucket))

    async def manifest(self, key: Key, version: str | None = None) -> Meta | None:
        """The manifest that stands, as it is by itself; None where there is none."""
        try:
            found = await self.plain.stat(key, version)
        except NotFound:
            return None
        return found if is_large(found.props.system) else None

    async def whole(self, manifest: Meta) -> Meta:
        """What a manifest stands for. Raises `NoSuchKey`, and `Denied` where a listing is not for the caller."""
        static = static_of(manifest.props.system)
        if static is not None:
            etag, size, count = static.etag, static.size, static.count
        else:
            digests, size = await measured(self.segments(manifest.key.bucket).of(manifest))
            etag, count = etag_of(digests), len(digests)
        return replace(manifest, size=size, etag=f"{etag}-{count}", checksums={})

    async def row(self, meta: Meta) -> Meta:
        """An object as a row shows it. A dynamic manifest whose segments can't be listed is what it is by itself."""
        if is_large(meta.props.system):
            with suppress(NotFound, Denied):
                return await self.whole(meta)
        return meta

    async def pinned(self, key: Key, when: When, version: str | None = None) -> When:
        """A writer's condition as the manifest has to meet it, where one stands that meets it. Raises as `put`."""
        found = await self.manifest(key, version)
        if found is None:
            return when
        meta = await self.whole(found)
        check_write(known(when, meta), meta)
        return replace(when, if_match=(found.etag,), if_none_match=(), size=None)
