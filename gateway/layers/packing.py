"""Records of the Store contract as compact bytes and back, for caches."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from gateway.core.buckets import BucketMeta
from gateway.core.errors import NoSuchBucket, NoSuchKey, NotFound
from gateway.core.types import Meta, Page, Prefix

R = TypeVar("R")

_ABSENCES: tuple[type[NotFound], ...] = (NoSuchBucket, NoSuchKey)


class _Packed(msgspec.Struct, array_like=True, omit_defaults=True):
    """An answer of a store. `rows` of a page keep their order: an index tells a prefix's place among the records."""

    absence: int = -1
    bucket: BucketMeta | None = None
    meta: Meta | None = None
    buckets: list[BucketMeta] | None = None
    metas: list[Meta] | None = None
    prefixes: list[tuple[int, str]] | None = None
    next: str | None = None


def _plain(value: object) -> Any:
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(type(value).__name__)


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_decoder = msgspec.msgpack.Decoder(_Packed)

Answer = BucketMeta | Meta | Page[Meta | Prefix] | Page[BucketMeta | Prefix] | NotFound


class Unreadable(Exception):
    """Bytes that this version did not write."""


def pack(answer: Answer) -> bytes:
    """An answer, or that the thing is not there."""
    return _encoder.encode(_packed(answer))


def _packed(answer: Answer) -> _Packed:
    match answer:
        case NotFound():
            return _Packed(absence=_ABSENCES.index(type(answer)))
        case BucketMeta():
            return _Packed(bucket=answer)
        case Meta():
            return _Packed(meta=answer)
        case Page():
            return _packed_page(answer)


def _packed_page(page: Page[Meta | Prefix] | Page[BucketMeta | Prefix]) -> _Packed:
    return _Packed(
        buckets=[item for item in page.items if isinstance(item, BucketMeta)],
        metas=[item for item in page.items if isinstance(item, Meta)],
        prefixes=[(place, item.name) for place, item in enumerate(page.items) if isinstance(item, Prefix)],
        next=page.next,
    )


def unpack(data: bytes) -> Answer:
    """What `pack` was given. Raises `Unreadable`."""
    try:
        packed = _decoder.decode(data)
    except msgspec.MsgspecError:
        raise Unreadable from None
    if packed.absence >= 0:
        return _ABSENCES[packed.absence % len(_ABSENCES)]()
    if packed.bucket is not None:
        return packed.bucket
    if packed.meta is not None:
        return packed.meta
    if packed.metas is None or packed.buckets is None or packed.prefixes is None:
        raise Unreadable
    if packed.buckets:
        return Page(_mixed(packed.buckets, packed.prefixes), packed.next)
    return Page(_mixed(packed.metas, packed.prefixes), packed.next)


def _mixed(records: Sequence[R], prefixes: Sequence[tuple[int, str]]) -> tuple[R | Prefix, ...]:
    rows: list[R | Prefix] = list(records)
    for place, name in prefixes:
        rows.insert(place, Prefix(name))
    return tuple(rows)
