"""What came of a body that broke, kept for another attempt (`Put.keep`)."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from gateway.core.body import Body, BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.encryption import SEAL
from gateway.core.errors import IncompleteBody, NoSuchBucket, NoSuchKey
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Props, Put
from gateway.core.uploads import PartRef, Upload, UploadQuery
from gateway.layers.layer import Layer
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.conformance.tools import BUCKET, OWNER, read

KEY = Key(BUCKET, "object")
FIRST, REST = b"first" * 100_000, b"rest"


class Broken(Body):
    """What somebody sends until he vanishes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        if self._data:
            yield self._data
        raise IncompleteBody("gone")


async def broken(store: Store, data: bytes, opts: Put) -> IncompleteBody:
    with pytest.raises(IncompleteBody) as raised:
        await store.put(KEY, Broken(data), opts)
    return raised.value


async def kept(multipart: Multipart) -> list[Upload]:
    page = await multipart.uploads(BUCKET, UploadQuery(kept=True))
    return [row for row in page.items if isinstance(row, Upload)]


@pytest.fixture(params=("memory", "catalog"))
async def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    inner = Memory() if request.param == "memory" else Catalog(CatalogSettings(path=tmp_path))
    store = Layer(inner)
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
    assert store.caps.keeps
    yield store
    await store.aclose()


@pytest.fixture
def multipart(keeper: Store) -> Multipart:
    found = find(keeper, Multipart)
    assert found is not None
    return found


@pytest.mark.parametrize("data", (FIRST, b"few"), ids=("large", "small"))
async def test_what_came_is_a_part_of_an_upload_that_can_be_completed(
    keeper: Store, multipart: Multipart, data: bytes
) -> None:
    opts = Put(keep="somebody", props=Props(content_type="text/plain", user={"a": "1"}))
    upload = (await broken(keeper, data, opts)).kept
    (found,) = await kept(multipart)
    assert (found.id, found.owner, found.key) == (upload, "~kept:somebody", KEY)
    (part,) = (await multipart.parts(KEY, upload)).items
    assert (part.number, part.size) == (1, len(data) - 1)
    more = await multipart.put_part(KEY, upload, 2, BytesBody(REST))
    refs = (PartRef(1, part.etag), PartRef(2, more.etag))
    meta = await multipart.complete_upload(KEY, upload, refs)
    assert (meta.size, meta.props.content_type, meta.props.user) == (
        len(data) + len(REST) - 1,
        "text/plain",
        {"a": "1"},
    )
    assert await read(keeper, KEY) == data[:-1] + REST
    assert await kept(multipart) == []


async def test_nothing_shows_what_is_kept(keeper: Store, multipart: Multipart) -> None:
    begun = await multipart.create_upload(KEY, Put())
    upload = (await broken(keeper, FIRST, Put(keep="somebody"))).kept
    shown = (await multipart.uploads(BUCKET, UploadQuery())).items
    assert [row.id for row in shown if isinstance(row, Upload)] == [begun.id]
    assert (await keeper.list(BUCKET, ListQuery())).items == ()
    with pytest.raises(NoSuchKey):
        await keeper.stat(KEY)
    assert (await keeper.stat_bucket(BUCKET)).bytes == 0
    await multipart.abort_upload(KEY, upload)
    assert await kept(multipart) == []


async def test_the_object_that_stands_stays(keeper: Store, multipart: Multipart) -> None:
    await keeper.put(KEY, BytesBody(b"old"), Put())
    await broken(keeper, FIRST, Put(keep="somebody"))
    assert await read(keeper, KEY) == b"old"


@pytest.mark.parametrize(
    ("data", "opts"),
    (
        (FIRST, Put()),
        (b"", Put(keep="somebody")),
        (b"x", Put(keep="somebody")),
        (FIRST, Put(keep="somebody", owner="another account")),
        (FIRST, Put(keep="somebody", props=Props(system={SEAL: "sealed"}))),
    ),
    ids=("unasked", "nothing", "one byte", "another's bucket", "encrypted"),
)
async def test_what_is_not_kept(keeper: Store, multipart: Multipart, data: bytes, opts: Put) -> None:
    with pytest.raises((IncompleteBody, NoSuchBucket)) as raised:
        await keeper.put(KEY, Broken(data), opts)
    assert getattr(raised.value, "kept", "") == ""
    assert await kept(multipart) == []


async def test_kept_uploads_go_with_their_bucket(keeper: Store, multipart: Multipart) -> None:
    await broken(keeper, FIRST, Put(keep="somebody"))
    await keeper.delete_bucket(BUCKET)
    with pytest.raises(NoSuchBucket):
        await kept(multipart)
