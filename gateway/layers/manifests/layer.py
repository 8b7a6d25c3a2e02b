"""The layer through which manifests of large objects read as the bytes of their segments."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from itertools import accumulate
from types import TracebackType

from gateway.core import ops
from gateway.core.body import Body, BytesBody, StreamBody
from gateway.core.capabilities.manifests import Manifests
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Rename
from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.errors import (
    BadRange,
    ConditionFailed,
    Denied,
    NotFound,
    NotModified,
    Unavailable,
)
from gateway.core.locks import Retention, unlocked
from gateway.core.manifest import STATIC, Entry, encode, etag_of, flags_of, is_large, static_of, without_flags
from gateway.core.ranges import Span, resolve
from gateway.core.store import Reader, Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, Props, PropsChange, Put
from gateway.core.uploads import ObjectPart, ObjectParts, Part, PartRef
from gateway.core.versions import Version, VersionQuery
from gateway.layers.layer import Layer
from gateway.layers.manifests.conditions import hinges, known
from gateway.layers.manifests.gate import Gate, Neighbours
from gateway.layers.manifests.reader import LargeReader
from gateway.layers.manifests.segments import Segments, measured, walk

TRIES = 3
"""An object may become another while it is looked at; so often it is looked at again."""


class LargeObjects(Layer):
    """Shows large objects assembled, with the size and the ETag of the whole; `capabilities.Manifests`.

    An object that is no manifest costs one look at the properties that came with it. A copy of a large object is a
    plain one, unless it is a copy onto itself; so is one that was appended to. Segments are read with the rights of
    whoever asks at that moment.
    """

    def __init__(self, inner: Store, gate: Gate) -> None:
        if not inner.caps.listed_props:
            raise ValueError("the store does not tell manifests in its listings")
        super().__init__(inner)
        self._gate = gate

    def offers(self, capability: type) -> bool:
        return capability is Manifests or super().offers(capability)

    @property
    def plain(self) -> Store:
        """The store in which a manifest is the object that it is by itself."""
        return self.inner

    async def put_manifest(self, key: Key, entries: Sequence[Entry], opts: Put) -> Meta:
        """Store a static manifest. Raises as `Store.put`."""
        data, static = encode(entries)
        system = {**without_flags(opts.props.system), STATIC: static.packed}
        when = await self._pinned(key, opts.when)
        meta = await self.inner.put(key, BytesBody(data), replace(opts, props=_with(opts.props, system), when=when))
        return await self._shown(meta)

    async def entries(self, meta: Meta) -> Sequence[Entry]:
        """What a static manifest lists, by its `Meta` in `plain`. Raises `ConditionFailed` for another one by now."""
        return await self._segments(meta.key.bucket).static(meta)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        try:
            found = await self.inner.stat(key, version, when)
        except (ConditionFailed, NotModified):
            found = await self.inner.stat(key, version)
            if not is_large(found.props.system):
                raise
        if not is_large(found.props.system):
            return found
        meta = await self._shown(found)
        check_read(known(when, meta), meta)
        return meta

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return _Opening(self, key, span, version, when)

    async def assembled(self, key: Key, span: Span | None, version: str | None, when: When) -> LargeReader | None:
        """A reader of the large object, not yet entered; None where the object is no manifest, or another by now."""
        found = await self.inner.stat(key, version)
        if not is_large(found.props.system):
            return None
        meta = await self._shown(found)
        check_read(known(when, meta), meta)
        extent = resolve(span, meta.size)
        neighbours = Neighbours(self.inner, self._gate, key.bucket)
        segments = Segments(self.inner, neighbours)
        entries = segments.of(found)
        if static_of(found.props.system) is not None:
            try:
                entries = walk(await segments.static(found))
            except (ConditionFailed, NotFound):
                return None
        return LargeReader(self.inner, neighbours, meta, extent, segments.pieces(entries, extent))

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        page = await self.inner.list(bucket, query)
        if not any(isinstance(row, Meta) and is_large(row.props.system) for row in page.items):
            return page
        return Page(tuple([await self._row(row) if isinstance(row, Meta) else row for row in page.items]), page.next)

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        page = await super().versions(bucket, query)
        rows = [replace(row, meta=await self._row(row.meta)) if isinstance(row, Version) else row for row in page.items]
        return Page(tuple(rows), page.next)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        if STATIC in opts.props.system:
            opts = replace(opts, props=_with(opts.props, without_flags(opts.props.system)))
        if hinges(opts.when):
            opts = replace(opts, when=await self._pinned(key, opts.when))
        return await self.inner.put(key, body, opts)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        if await self._large(key) is None:
            return await super().append(key, body, opts)
        return await ops.append_anew(self, key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        if hinges(change.when):
            change = replace(change, when=await self._pinned(key, change.when, version))
        meta = await self.inner.update(key, change, version)
        return await self._row(meta)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        found = await self._large(source, opts.source_version)
        if hinges(opts.when):
            opts = replace(opts, when=await self._pinned(target, opts.when))
        if found is None:
            return await self.inner.copy(source, target, opts)
        meta = await self._shown(found)
        check_read(known(opts.source_when, meta), meta)
        if source == target:
            props = unlocked(found.props) if opts.props is None else opts.props
            kept = _with(props, {**without_flags(props.system), **flags_of(found.props.system)})
            same = When(if_match=(found.etag,))
            return await self._row(await self.inner.copy(source, target, replace(opts, props=kept, source_when=same)))
        props = unlocked(meta.props) if opts.props is None else opts.props
        put = Put(props=_with(props, without_flags(props.system)), when=opts.when, encryption=opts.encryption)
        same = When(if_match=(meta.etag,))
        async with self.open(source, version=opts.source_version, when=same) as reader:
            return await self.inner.put(target, StreamBody(reader.chunks(), len(reader.extent)), put)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        if hinges(when):
            when = await self._pinned(key, when, version)
        return await self.inner.delete(key, version, when)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        if hinges(when):
            when = await self._pinned(key, when, version)
        return await super().delete_governed(key, version, when)

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        return await self._row(await super().set_retention(key, retention, version, bypass=bypass))

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        return await self._row(await super().set_hold(key, version, held=held))

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        if hinges(when):
            when = await self._pinned(target, when)
        if hinges(source_when):
            source_when = await self._pinned(source, source_when)
        native = self._native(Rename)
        return await self._row(await native.rename(source, target, when=when, source_when=source_when))

    async def copy_part(
        self,
        key: Key,
        upload: str,
        number: int,
        source: Key,
        *,
        span: Span | None = None,
        version: str | None = None,
        when: When = ANY,
    ) -> Part:
        native = self._native(Multipart)
        if await self._large(source, version) is None:
            return await native.copy_part(key, upload, number, source, span=span, version=version, when=when)
        async with self.open(source, span=span, version=version, when=when) as reader:
            return await native.put_part(key, upload, number, StreamBody(reader.chunks(), len(reader.extent)))

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        """The segments of a static large object are its parts."""
        found = await self._large(key, version)
        if found is None:
            return await super().object_parts(key, version, marker=marker, limit=limit)
        meta = await self._shown(found)
        if static_of(found.props.system) is None:
            return ObjectParts(meta)
        sizes = [len(entry) for entry in await self.entries(found)]
        starts = [0, *accumulate(sizes)]
        last = min(marker + limit, len(sizes))
        parts = [ObjectPart(number=n, offset=starts[n - 1], size=sizes[n - 1]) for n in range(marker + 1, last + 1)]
        return ObjectParts(meta, len(sizes), tuple(parts))

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        pinned = await self._pinned(key, when) if hinges(when) else when
        return await self._native(Multipart).complete_upload(key, upload, parts, when=pinned, min_part=min_part)

    def _segments(self, bucket: str) -> Segments:
        return Segments(self.inner, Neighbours(self.inner, self._gate, bucket))

    async def _large(self, key: Key, version: str | None = None) -> Meta | None:
        """The manifest that stands, as it is by itself; None where there is none."""
        try:
            found = await self.inner.stat(key, version)
        except NotFound:
            return None
        return found if is_large(found.props.system) else None

    async def _shown(self, manifest: Meta) -> Meta:
        """What a manifest stands for. Raises `NoSuchKey`, and `Denied` where a listing is not for the caller."""
        static = static_of(manifest.props.system)
        if static is not None:
            etag, size, count = static.etag, static.size, static.count
        else:
            digests, size = await measured(self._segments(manifest.key.bucket).of(manifest))
            etag, count = etag_of(digests), len(digests)
        return replace(manifest, size=size, etag=f"{etag}-{count}", checksums={})

    async def _row(self, meta: Meta) -> Meta:
        """An object as a row shows it. A dynamic manifest whose segments can't be listed is what it is by itself."""
        if is_large(meta.props.system):
            with suppress(NotFound, Denied):
                return await self._shown(meta)
        return meta

    async def _pinned(self, key: Key, when: When, version: str | None = None) -> When:
        """A writer's condition as the manifest has to meet it, where one stands that meets it. Raises as `put`."""
        found = await self._large(key, version)
        if found is None:
            return when
        meta = await self._shown(found)
        check_write(known(when, meta), meta)
        return replace(when, if_match=(found.etag,), if_none_match=(), size=None)


class _Opening(AbstractAsyncContextManager[Reader]):
    """`Store.open`: plain objects are opened by the store inside, and nobody else has a part in it."""

    def __init__(self, layer: LargeObjects, key: Key, span: Span | None, version: str | None, when: When) -> None:
        self._layer = layer
        self._key = key
        self._asked = span, version, when
        self._inside: AbstractAsyncContextManager[Reader] | None = None

    async def __aenter__(self) -> Reader:
        span, version, when = self._asked
        for _ in range(TRIES):
            reader = await self._plain()
            if reader is not None:
                return reader
            large = await self._layer.assembled(self._key, span, version, when)
            if large is not None:
                self._inside = large
                return await large.__aenter__()
        raise Unavailable("The object changes all the time")

    async def _plain(self) -> Reader | None:
        """The reader of a plain object; None where there is a manifest."""
        span, version, when = self._asked
        inside = self._layer.plain.open(self._key, span=span, version=version, when=when)
        try:
            reader = await inside.__aenter__()
        except (ConditionFailed, NotModified, BadRange):
            if is_large((await self._layer.plain.stat(self._key, version)).props.system):
                return None
            raise
        self._inside = inside
        if not is_large(reader.meta.props.system):
            return reader
        self._inside = None
        await inside.__aexit__(None, None, None)
        return None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._inside is None:
            return None
        return await self._inside.__aexit__(kind, error, trace)


def _with(props: Props, system: dict[str, str]) -> Props:
    return replace(props, system=system)
