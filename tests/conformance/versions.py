"""What tests of versions share."""

from collections.abc import Sequence

from gateway.core.capabilities.versions import Versions
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Deleted, Key, Meta
from gateway.core.versions import NULL, Version, VersionQuery
from tests.conformance.tools import BUCKET, KEY

UNKNOWN = "0" * 32
"""The id of no version."""


async def suspend(versions: Versions) -> None:
    await versions.set_versioning(BUCKET, enabled=False)


async def read_version(store: Store, version: str | None, key: Key = KEY, span: Span | None = None) -> bytes:
    async with store.open(key, version=version, span=span) as reader:
        assert reader.meta.version == (None if version == NULL else version)
        return b"".join([chunk async for chunk in reader.chunks()])


async def rows(versions: Versions, bucket: str = BUCKET) -> Sequence[Version]:
    page = await versions.versions(bucket, VersionQuery())
    return [row for row in page.items if isinstance(row, Version)]


def shown(rows: Sequence[Version]) -> list[tuple[str, str | None, bool, bool]]:
    return [(row.name, row.meta.version, row.latest, row.marker) for row in rows]


def id_of(meta: Meta) -> str:
    assert meta.version is not None
    return meta.version


def removed(deleted: Deleted) -> str:
    assert deleted.version is not None
    return deleted.version
