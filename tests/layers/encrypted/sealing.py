"""What the tests of encryption at rest share."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import When
from gateway.core.encryption import MANAGED, SEAL, CustomerKey, Encryption
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Key, Meta, Put
from gateway.core.uploads import PartRef
from gateway.layers.encrypted import Encrypted, MasterKeys
from gateway.layers.encrypted.frames import FRAME
from gateway.stores.catalog import Catalog, CatalogSettings

KEY, OTHER = Key("bucket", "object"), Key("bucket", "other")
SECRET, WRONG = CustomerKey(bytes(range(32))), CustomerKey(bytes(32))
TEXT = b"these words are for nobody else. "
LARGE = TEXT * (3 * FRAME // len(TEXT))
OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


def layer(inner: Store, keys: dict[str, bytes] = OLD, *, default: bool = True) -> Encrypted:
    return Encrypted(inner, MasterKeys(keys, next(reversed(keys))), default=default)


@asynccontextmanager
async def opened(path: Path, keys: dict[str, bytes] = OLD, *, default: bool = True) -> AsyncIterator[Encrypted]:
    """Over a catalog whose bytes all lie in files."""
    store = layer(Catalog(CatalogSettings(path=path, inline_max=0)), keys, default=default)
    await store.start()
    try:
        await store.create_bucket("bucket", BucketProps(owner="owner"))
        yield store
    finally:
        await store.aclose()


async def put(store: Store, data: bytes, key: Key = KEY, how: Encryption | None = None) -> Meta:
    return await store.put(key, BytesBody(data), Put(encryption=how))


async def read(store: Store, key: Key = KEY, span: Span | None = None, secret: CustomerKey | None = None) -> bytes:
    async with store.open(key, span=span, when=When(secret=secret)) as reader:
        assert reader.regions() is None or SEAL not in reader.meta.props.system
        return b"".join([chunk async for chunk in reader.chunks()])


async def assembled(store: Encrypted, parts: dict[int, bytes], how: Encryption = MANAGED) -> Meta:
    secret = how if isinstance(how, CustomerKey) else None
    upload = await store.create_upload(KEY, Put(encryption=how))
    made = [
        await store.put_part(KEY, upload.id, number, BytesBody(data), secret=secret) for number, data in parts.items()
    ]
    return await store.complete_upload(KEY, upload.id, [PartRef(part.number, part.etag) for part in made])


def files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file())


def segment(path: Path) -> Path:
    """The one file that holds bytes."""
    (found,) = (file for file in (path / "volumes").rglob("*") if file.is_file())
    return found
