"""The layer through which symbolic links read as what they lead to."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace

from gateway.core.body import Body
from gateway.core.capabilities.manifests import Links
from gateway.core.capabilities.multipart import Multipart, Parted
from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.errors import (
    BrokenLink,
    ConditionFailed,
    DanglingLink,
    Denied,
    NoSuchBucket,
    NotFound,
    NotModified,
    Unsupported,
)
from gateway.core.links import FOLLOWED, MAX_HOPS, Followed, Link, link_of, without_link
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, Props, PropsChange, Put
from gateway.core.uploads import ObjectParts, Part, PartRef
from gateway.layers.layer import Layer
from gateway.layers.links.reader import LinkOpening
from gateway.layers.manifests.conditions import hinges
from gateway.layers.manifests.gate import Read


@dataclass(frozen=True, slots=True)
class Target:
    """What a link led to in the end. `owner` is the account that it belongs to."""

    meta: Meta
    owner: str

    @property
    def key(self) -> Key:
        return self.meta.key

    def shown(self, link: Meta) -> Meta:
        """The object as it reads under the link's name."""
        props = self.meta.props
        place = Link(owner=self.owner, container=self.key.bucket, name=self.key.name).path
        system = {**props.system, FOLLOWED: Followed(place, self.meta.version).packed}
        return replace(self.meta, key=link.key, version=link.version, props=replace(props, system=system))


class Linked(Layer):
    """Follows links; `capabilities.Links`. What is written, renamed or deleted by a link's name is the link itself.

    An object that is no link costs one look at the properties that came with it. What a link leads to is read with the
    rights of whoever asks at that moment.
    """

    def __init__(self, inner: Store, read: Read) -> None:
        super().__init__(inner)
        self._read = read

    def offers(self, capability: type) -> bool:
        return capability is Links or super().offers(capability)

    @property
    def unfollowed(self) -> Store:
        """The store in which a link is the object that it is by itself."""
        return self.inner

    async def follow(self, found: Meta) -> Target:
        """What a link leads to. Raises `DanglingLink`, `Denied`, `BrokenLink`."""
        owner = (await self.inner.stat_bucket(found.key.bucket)).owner
        hops = 0
        while (link := link_of(found.props.system)) is not None:
            hops += 1
            if hops > MAX_HOPS:
                raise BrokenLink(f"Too many levels of symbolic links, maximum allowed is {MAX_HOPS}")
            owner = link.owner or owner
            found = await self._next(replace(link, owner=owner))
        return Target(found, owner)

    async def _next(self, link: Link) -> Meta:
        """The object that a link names, which may be a link itself."""
        try:
            bucket = await self.inner.stat_bucket(link.container)
            if bucket.owner != link.owner:
                raise NoSuchBucket
            await self._read(self.inner, bucket, link.name)
            found = await self.inner.stat(Key(link.container, link.name))
        except NotFound as missing:
            raise DanglingLink(place=link.path) from missing
        further = link_of(found.props.system)
        etag = (further and further.etag) or found.etag
        if link.etag not in {"", etag}:
            if further is not None:
                raise BrokenLink("X-Symlink-Target-Etag headers do not match", place=link.path)
            text = f"Object Etag {etag!r} does not match X-Symlink-Target-Etag header {link.etag!r}"
            raise BrokenLink(text, place=link.path)
        return found

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        try:
            found = await self.inner.stat(key, version, when)
        except (ConditionFailed, NotModified):
            found = await self.inner.stat(key, version)
            if link_of(found.props.system) is None:
                raise
        if link_of(found.props.system) is None:
            return found
        meta = (await self.follow(found)).shown(found)
        check_read(when, meta)
        return meta

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return LinkOpening(self, key, span, version, when)

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        page = await self.inner.list(bucket, query)
        if not any(isinstance(row, Meta) and link_of(row.props.system) for row in page.items):
            return page
        return Page(tuple([await self._row(row) if isinstance(row, Meta) else row for row in page.items]), page.next)

    async def _row(self, meta: Meta) -> Meta:
        """An object as a row shows it. A link that leads nowhere, or not for the caller, is what it is by itself."""
        if link_of(meta.props.system) is not None:
            with suppress(NotFound, Denied, BrokenLink):
                return (await self.follow(meta)).shown(meta)
        return meta

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        opts = replace(opts, props=_plain(opts.props), when=await self._pinned(key, opts.when))
        return await self.inner.put(key, body, opts)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        if await self._link(key) is not None:
            raise Unsupported("Nothing can be appended to a symbolic link; write to what it leads to")
        return await super().append(key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        pinned = await self._pinned(key, change.when, version)
        return await self.inner.update(key, replace(change, when=pinned), version)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        opts = replace(opts, when=await self._pinned(target, opts.when))
        if opts.props is not None:
            opts = replace(opts, props=_plain(opts.props))
        found = await self._link(source, opts.source_version)
        if found is None:
            return await self.inner.copy(source, target, opts)
        led = await self.follow(found)
        return await self.inner.copy(led.key, target, replace(opts, source_version=None))

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        return await self.inner.delete(key, version, await self._pinned(key, when, version))

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        return await super().withdraw(key, await self._pinned(key, when))

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        pinned = await self._pinned(key, when)
        return await self._native(Multipart).complete_upload(key, upload, parts, when=pinned, min_part=min_part)

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
        if (found := await self._link(source, version)) is not None:
            source, version = (await self.follow(found)).key, None
        native = self._native(Multipart)
        return await native.copy_part(key, upload, number, source, span=span, version=version, when=when)

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        native, found = self._native(Parted), await self._link(key, version)
        if found is None:
            return await native.object_parts(key, version, marker=marker, limit=limit)
        led = await self.follow(found)
        parts = await native.object_parts(led.key, marker=marker, limit=limit)
        return replace(parts, meta=led.shown(found))

    async def _link(self, key: Key, version: str | None = None) -> Meta | None:
        """The link that stands, as it is by itself; None where there is none."""
        try:
            found = await self.inner.stat(key, version)
        except NotFound:
            return None
        return None if link_of(found.props.system) is None else found

    async def _pinned(self, key: Key, when: When, version: str | None = None) -> When:
        """A writer's condition as the link has to meet it, where one stands that reads as what meets it."""
        if not hinges(when):
            return when
        found = await self._link(key, version)
        if found is None:
            return when
        shown = await self._row(found)
        if when.if_match == (found.etag,):
            return when
        check_write(when, shown)
        return replace(when, if_match=(found.etag,), if_none_match=(), size=None)


def _plain(props: Props) -> Props:
    system = without_link(props.system)
    return props if system is props.system else replace(props, system=system)
