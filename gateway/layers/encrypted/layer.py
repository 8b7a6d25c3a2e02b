"""The layer that encrypts what comes in and decrypts what goes out."""

import hmac
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from gateway.core import ops
from gateway.core.body import Body, CheckedBody, StreamBody, checked
from gateway.core.buckets import BucketMeta
from gateway.core.capabilities.multipart import Parted
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm
from gateway.core.encryption import (
    BY_DEFAULT,
    MANAGED,
    SEAL,
    CustomerKey,
    Encryption,
    Managed,
    Seal,
    refuse_key,
    seal_of,
)
from gateway.core.errors import NoSuchKey, Unavailable
from gateway.core.locks import unlocked
from gateway.core.parts import MAX_PARTS, check_number
from gateway.core.ranges import Span
from gateway.core.store import Caps, Reader, Store
from gateway.core.tasks import Turns
from gateway.core.types import Copy, Key, Meta, Props, PropsChange, Put
from gateway.core.uploads import ObjectParts, Part, Upload
from gateway.layers.encrypted.body import SealedBody
from gateway.layers.encrypted.frames import Layout
from gateway.layers.encrypted.keys import MasterKeys
from gateway.layers.encrypted.reader import SealedReader
from gateway.layers.layer import Layer

ATTEMPTS = 5
"""How often an object is opened that is replaced while it is being opened."""

LAYOUTS = 32
"""Objects of many parts whose layout is kept at hand."""

_NONE = Props()
_CURRENT = (MANAGED, Managed(service=True))
"""Asks for the current key, whichever that is."""


class Encrypted(Layer):
    """Around a store that keeps what bodies tell of themselves (`core.body.CheckedBody`), and tells parts of objects.

    That store holds the sealed bytes, and everything else of the plain ones: so whatever does not touch bytes passes
    through. The seal is a property of the object, and goes with its bytes by copies and renames.
    """

    def __init__(self, inner: Store, keys: MasterKeys, *, default: bool) -> None:
        """`default`: all objects are encrypted, else those whose writer or bucket asks for it."""
        super().__init__(inner)
        self._keys = keys
        self._default = MANAGED if default else None
        self._turns = Turns()
        self._layouts: OrderedDict[bytes, Layout] = OrderedDict()

    @property
    def caps(self) -> Caps:  # type: ignore[override]
        return replace(self.inner.caps, encryption=True)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        if default := change.system.get(BY_DEFAULT):
            self._keys.check(Managed.unpack(default))
        return await super().update_bucket(name, change)

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        for _ in range(ATTEMPTS):
            async with AsyncExitStack() as stack:
                stored = await stack.enter_async_context(self.inner.open(key, span=span, version=version, when=when))
                reader = await self._opened(stored, version, when.secret)
                if reader is not None:
                    yield reader
                    return
        raise Unavailable("The object changes too often to be opened")

    async def _opened(self, stored: Reader, version: str | None, secret: CustomerKey | None) -> Reader | None:
        """What reads the plain bytes; None where the object was replaced before its parts were known."""
        seal = seal_of(stored.meta.props.system)
        if seal is None:
            refuse_key(secret)
            return stored
        key = self._keys.open(seal, secret)
        layout = await self._layout(stored.meta, seal, version)
        if layout is None:
            return None
        reader = SealedReader(stored, key, seal.content, layout)
        await reader.load()
        return reader

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        how = opts.encryption or await self._usual(key.bucket)
        if how is None:
            return await self.inner.put(key, body, _bare(opts))
        seal, own = self._keys.create(how)
        sealed = SealedBody(_checked(body), seal, own)
        return await self.inner.put(key, sealed, replace(opts, props=_sealed(opts.props, seal), encryption=None))

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        """`capabilities.Append`. What is encrypted is written anew, one append of this process after the other."""
        async with self._turns.of(key):
            how = await self._of_append(key, opts)
            if how is None:
                return await super().append(key, body, _bare(opts))
            return await ops.append_anew(self, key, body, replace(opts, encryption=how))

    async def _of_append(self, key: Key, opts: Put) -> Encryption | None:
        """How the object is encrypted that stands, or is to be. Raises `KeyRequired`."""
        try:
            seal = seal_of((await self.inner.stat(key)).props.system)
        except NoSuchKey:
            return opts.encryption or await self._usual(key.bucket)
        if seal is None:
            return None
        seal.check(None)
        return seal.how

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        found = await self.inner.stat(source, opts.source_version, opts.source_when)
        seal = seal_of(found.props.system)
        if seal is None:
            refuse_key(opts.source_when.secret)
        else:
            seal.check(opts.source_when.secret)
        kept = None if seal is None else seal.how
        how = opts.encryption or await self._stated(target.bucket) or kept or self._default
        if _is_so(seal, how) and not (opts.encryption in _CURRENT and self._is_old(seal)):
            return await self.inner.copy(source, target, opts)
        async with self.open(source, version=opts.source_version, when=opts.source_when) as reader:
            meta = reader.meta
            written = Put(
                props=unlocked(meta.props) if opts.props is None else opts.props,
                when=opts.when,
                checksums=frozenset(map(Algorithm, meta.checksums)),
                encryption=how,
            )
            return await self.put(target, StreamBody(reader.chunks(), meta.size), written)

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        how = opts.encryption or await self._usual(key.bucket)
        props = _plain(opts.props) if how is None else _sealed(opts.props, self._keys.create(how)[0])
        begun = replace(opts, props=props, encryption=None)
        return await super().create_upload(key, begun, owner=owner, checksum=checksum, whole=whole)

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        check_number(number)
        seal = seal_of((await self.stat_upload(key, upload)).props.system)
        if seal is None:
            refuse_key(secret)
            return await super().put_part(key, upload, number, body, checksums)
        sealed = SealedBody(_checked(body), seal, self._keys.open(seal, secret), number)
        return await super().put_part(key, upload, number, sealed, checksums)

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
        pending = await self.stat_upload(key, upload)
        found = await self.inner.stat(source, version, when)
        if SEAL not in pending.props.system and SEAL not in found.props.system:
            refuse_key(when.secret)
            return await super().copy_part(key, upload, number, source, span=span, version=version, when=when)
        async with self.open(source, span=span, version=version, when=when) as reader:
            return await self.put_part(key, upload, number, StreamBody(reader.chunks(), len(reader.extent)))

    def _is_old(self, seal: Seal | None) -> bool:
        """Whether a key has locked the object that is not used any more: who asks for a copy gets it by the new one."""
        return seal is not None and not self._keys.is_current(seal)

    async def _usual(self, bucket: str) -> Encryption | None:
        """How objects are encrypted of which nothing is said. Raises `NoSuchBucket`."""
        return await self._stated(bucket) or self._default

    async def _stated(self, bucket: str) -> Managed | None:
        """How a bucket has its objects encrypted. Raises `NoSuchBucket`."""
        stated = (await self.inner.stat_bucket(bucket)).system.get(BY_DEFAULT)
        return None if stated is None else Managed.unpack(stated)

    async def _layout(self, meta: Meta, seal: Seal, version: str | None) -> Layout | None:
        """The runs of an object; None where another one stands by now."""
        if not meta.is_composite:
            return Layout((meta.size,), parted=False)
        found = self._layouts.get(seal.content)
        if found is None:
            told = await self._native(Parted).object_parts(meta.key, version, limit=MAX_PARTS)
            if told.meta.props.system.get(SEAL) != meta.props.system[SEAL]:
                return None
            found = self._layouts[seal.content] = _layout_of(told)
            if len(self._layouts) > LAYOUTS:
                self._layouts.popitem(last=False)
        self._layouts.move_to_end(seal.content)
        return found


def _layout_of(found: ObjectParts) -> Layout:
    if not found.total:
        return Layout((found.meta.size,), parted=False)
    return Layout((part.size for part in found.parts), parted=True)


def _checked(body: Body) -> CheckedBody:
    return checked(body, ())


def _bare(opts: Put) -> Put:
    """Options without the seal of other bytes that their properties may come from."""
    return replace(opts, props=_plain(opts.props)) if SEAL in opts.props.system else opts


def _plain(props: Props) -> Props:
    return props.with_seal_of(_NONE)


def _sealed(props: Props, seal: Seal) -> Props:
    return replace(props, system={**props.system, SEAL: str(seal)})


def _is_so(seal: Seal | None, how: Encryption | None) -> bool:
    """Whether what bears `seal` is encrypted as it is to be."""
    if seal is None or how is None:
        return seal is None and how is None
    if isinstance(how, CustomerKey):
        return not seal.is_managed and hmac.compare_digest(how.proof(seal.content), seal.proof)
    return seal.suits(how)
