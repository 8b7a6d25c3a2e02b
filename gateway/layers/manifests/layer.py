"""The layer through which manifests of large objects read as the bytes of their segments."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from itertools import accumulate

from gateway.core import ops
from gateway.core.body import Body, BytesBody, StreamBody
from gateway.core.capabilities.manifests import Manifests
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Rename
from gateway.core.conditions import ANY, When, check_read
from gateway.core.errors import (
    ConditionFailed,
    NotModified,
)
from gateway.core.locks import Retention, unlocked
from gateway.core.manifest import STATIC, Entry, encode, flags_of, is_large, static_of, without_flags
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, Props, PropsChange, Put
from gateway.core.uploads import ObjectPart, ObjectParts, Part, PartRef
from gateway.core.versions import Version, VersionQuery
from gateway.layers.layer import Layer
from gateway.layers.manifests.conditions import hinges, known
from gateway.layers.manifests.gate import Gate
from gateway.layers.manifests.opening import LargeOpening
from gateway.layers.manifests.views import Views


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
        self._views = Views(inner, gate)

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
        when = await self._views.pinned(key, opts.when)
        meta = await self.inner.put(key, BytesBody(data), replace(opts, props=_with(opts.props, system), when=when))
        return await self._views.whole(meta)

    async def entries(self, meta: Meta) -> Sequence[Entry]:
        """What a static manifest lists, by its `Meta` in `plain`. Raises `ConditionFailed` for another one by now."""
        return await self._views.segments(meta.key.bucket).static(meta)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        try:
            found = await self.inner.stat(key, version, when)
        except (ConditionFailed, NotModified):
            found = await self.inner.stat(key, version)
            if not is_large(found.props.system):
                raise
        if not is_large(found.props.system):
            return found
        meta = await self._views.whole(found)
        check_read(known(when, meta), meta)
        return meta

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return LargeOpening(self._views, key, span, version, when)

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        page = await self.inner.list(bucket, query)
        if not any(isinstance(row, Meta) and is_large(row.props.system) for row in page.items):
            return page
        return Page(
            tuple([await self._views.row(row) if isinstance(row, Meta) else row for row in page.items]), page.next
        )

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        page = await super().versions(bucket, query)
        rows = [
            replace(row, meta=await self._views.row(row.meta)) if isinstance(row, Version) else row
            for row in page.items
        ]
        return Page(tuple(rows), page.next)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        if STATIC in opts.props.system:
            opts = replace(opts, props=_with(opts.props, without_flags(opts.props.system)))
        if hinges(opts.when):
            opts = replace(opts, when=await self._views.pinned(key, opts.when))
        return await self.inner.put(key, body, opts)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        if await self._views.manifest(key) is None:
            return await super().append(key, body, opts)
        return await ops.append_anew(self, key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        if hinges(change.when):
            change = replace(change, when=await self._views.pinned(key, change.when, version))
        meta = await self.inner.update(key, change, version)
        return await self._views.row(meta)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        found = await self._views.manifest(source, opts.source_version)
        if hinges(opts.when):
            opts = replace(opts, when=await self._views.pinned(target, opts.when))
        if found is None:
            return await self.inner.copy(source, target, opts)
        meta = await self._views.whole(found)
        check_read(known(opts.source_when, meta), meta)
        if source == target:
            props = unlocked(found.props) if opts.props is None else opts.props
            kept = _with(props, {**without_flags(props.system), **flags_of(found.props.system)})
            same = When(if_match=(found.etag,))
            return await self._views.row(
                await self.inner.copy(source, target, replace(opts, props=kept, source_when=same))
            )
        props = unlocked(meta.props) if opts.props is None else opts.props
        put = Put(props=_with(props, without_flags(props.system)), when=opts.when, encryption=opts.encryption)
        same = When(if_match=(meta.etag,))
        async with self.open(source, version=opts.source_version, when=same) as reader:
            return await self.inner.put(target, StreamBody(reader.chunks(), len(reader.extent)), put)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        if hinges(when):
            when = await self._views.pinned(key, when, version)
        return await self.inner.delete(key, version, when)

    async def stand(self, key: Key, version: str) -> Meta:
        return await self._views.row(await super().stand(key, version))

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        return await super().withdraw(key, await self._views.pinned(key, when) if hinges(when) else when)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        if hinges(when):
            when = await self._views.pinned(key, when, version)
        return await super().delete_governed(key, version, when)

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        return await self._views.row(await super().set_retention(key, retention, version, bypass=bypass))

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        return await self._views.row(await super().set_hold(key, version, held=held))

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        if hinges(when):
            when = await self._views.pinned(target, when)
        if hinges(source_when):
            source_when = await self._views.pinned(source, source_when)
        native = self._native(Rename)
        return await self._views.row(await native.rename(source, target, when=when, source_when=source_when))

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
        if await self._views.manifest(source, version) is None:
            return await native.copy_part(key, upload, number, source, span=span, version=version, when=when)
        async with self.open(source, span=span, version=version, when=when) as reader:
            return await native.put_part(key, upload, number, StreamBody(reader.chunks(), len(reader.extent)))

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        """The segments of a static large object are its parts."""
        found = await self._views.manifest(key, version)
        if found is None:
            return await super().object_parts(key, version, marker=marker, limit=limit)
        meta = await self._views.whole(found)
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
        pinned = await self._views.pinned(key, when) if hinges(when) else when
        return await self._native(Multipart).complete_upload(key, upload, parts, when=pinned, min_part=min_part)


def _with(props: Props, system: dict[str, str]) -> Props:
    return replace(props, system=system)
