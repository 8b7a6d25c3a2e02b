"""What the tests of the catalog share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.core.body import BytesBody
from gateway.core.ranges import Span
from gateway.core.types import Key, Meta, Put
from gateway.core.uploads import Part, PartRef
from gateway.stores.catalog import Catalog, CatalogSettings

BUCKET = "bucket"
KEY = Key(BUCKET, "object")
INLINE_MAX = 1000
SMALL = b"0123456789" * 10
LARGE = bytes(range(256)) * 400
"""Of more than `INLINE_MAX` bytes: it lies in a file."""


def settings(path: Path) -> CatalogSettings:
    return CatalogSettings(path=path, inline_max=INLINE_MAX)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Catalog]:
    store = Catalog(settings(path))
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


def key(name: str) -> Key:
    return Key(BUCKET, name)


async def put(store: Catalog, name: Key | str, data: bytes) -> Meta:
    return await store.put(key(name) if isinstance(name, str) else name, BytesBody(data), Put())


async def read(store: Catalog, name: Key | str, span: Span | None = None) -> bytes:
    async with store.open(key(name) if isinstance(name, str) else name, span=span) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


async def put_part(store: Catalog, target: Key, upload: str, number: int, data: bytes) -> Part:
    return await store.put_part(target, upload, number, BytesBody(data))


async def assembled(store: Catalog, target: Key, *parts: bytes) -> Meta:
    """An object put together from parts."""
    upload = await store.create_upload(target, Put())
    made = [await put_part(store, target, upload.id, number, data) for number, data in enumerate(parts, 1)]
    return await store.complete_upload(target, upload.id, [PartRef(part.number, part.etag) for part in made])
