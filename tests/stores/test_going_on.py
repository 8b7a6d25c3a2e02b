"""Bodies that broke and go on, in every store that keeps what came of them, real remote ones included."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from gateway.config.settings import RemoteSwiftSettings
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.segments import Keeping
from gateway.core.errors import ConditionFailed, IncompleteBody, NoSuchUpload, Unsupported
from gateway.core.kept import keeping, mark_of
from gateway.core.segments import Base, Kept
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Props, Put
from gateway.core.uploads import UploadQuery
from gateway.layers.segmented import Segmented, SegmentSettings
from gateway.layers.segmented.sweep import sweep
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.s3 import S3Store
from gateway.stores.swift import SwiftStore
from tests.conformance.factories import started
from tests.conformance.tools import BUCKET, OWNER, read
from tests.support.bodies import Scripted, split
from tests.support.openstack.cluster import Cluster
from tests.support.remotes import pointing_at
from tests.support.servers import Remote
from tests.support.swift import QUICK

KEY = Key(BUCKET, "object")
MIB = 1024 * 1024
WHOLE = Random(5).randbytes(20 * MIB)
LABEL = "/somebody"
OPTS = Put(keep=LABEL, props=Props(content_type="text/plain"))

LINGER = 0.3
"""Seconds in which a server takes what was on its way to it when a body broke; until then the connection lives."""

Open = Callable[[], AbstractAsyncContextManager[Store]]


@dataclass(frozen=True)
class Site:
    """A kind of store. `grain`: bytes that it may lose at the end."""

    open: Open
    grain: int = 1


def _over_s3(remote: Remote, **settings: object) -> Open:
    keys = {"access_key": remote.access_key, "secret_key": remote.secret_key}
    cut = SegmentSettings.model_validate({"segment_size": "5MiB", "segment_buffer": "64MiB"})

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        async with started(Segmented(S3Store(pointing_at(remote.endpoint, **keys, **settings), OWNER), cut)) as store:
            yield store
        await asyncio.sleep(LINGER)

    return opened


def _over_swift(cluster: Cluster) -> Open:
    stated = {"auth_url": cluster.auth, "user": cluster.user, "key": cluster.key, "segment_size": "5MiB", **QUICK}
    account = cluster.account(secrets.token_hex(8))
    settings = RemoteSwiftSettings.model_validate({**stated, "storage_url": account})
    return lambda: started(Segmented(SwiftStore(settings, OWNER), settings))


@pytest.fixture(params=("catalog", "rclone", "moto", "s3api", "swift"))
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    if request.param == "catalog":
        return Site(lambda: started(Catalog(CatalogSettings(path=tmp_path / "catalog"))))
    if request.param == "swift":
        return Site(_over_swift(request.getfixturevalue("cluster")))
    remote: Remote = request.getfixturevalue(request.param)
    return Site(_over_s3(remote, segment_marks=request.param != "rclone"), grain=5 * MIB)


@pytest.fixture
async def store(site: Site) -> AsyncIterator[Store]:
    async with site.open() as store:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        yield store


def breaking(data: bytes) -> Scripted:
    """Somebody who vanishes once he has sent that."""
    pieces = split(data, 300_000)

    async def vanish(number: int) -> None:
        if number == len(pieces):
            raise IncompleteBody("gone")

    return Scripted(pieces, vanish)


def keeper_of(store: Store) -> Keeping:
    found = keeping(store)
    assert found is not None
    return found


async def broken(store: Store, data: bytes) -> Kept | None:
    """What is kept of an upload that breaks."""
    with pytest.raises(IncompleteBody) as raised:
        await store.put(KEY, breaking(data), OPTS)
    return await told(store, raised.value.kept)


async def told(store: Store, upload: str) -> Kept | None:
    if not upload:
        return None
    size = await keeper_of(store).kept_size(KEY, upload)
    return Kept(key=KEY, id=upload, mark=mark_of(LABEL), size=size, since=0)


async def is_hidden(store: Store) -> bool:
    """Whether nothing shows that anything is kept."""
    multipart = find(store, Multipart)
    assert multipart is not None
    with suppress(Unsupported):  # rclone tells of no uploads at all
        assert (await multipart.uploads(BUCKET, UploadQuery())).items == ()
    return (await store.list(BUCKET, ListQuery())).items == ()


def parametrized_sites(*names: str) -> pytest.MarkDecorator:
    """Not moto's: what it is asked for behind a part's number it takes for a place in its list."""
    return pytest.mark.parametrize("site", names, indirect=True)


async def test_f25_a_body_that_broke_goes_on_and_on(store: Store, site: Site) -> None:
    first = await broken(store, WHOLE[: 8 * MIB])
    assert first is not None
    assert 8 * MIB - site.grain <= first.size < 8 * MIB
    with pytest.raises(IncompleteBody) as raised:
        await keeper_of(store).resume_kept(first, breaking(WHOLE[first.size : 17 * MIB]), OPTS, Base(None))
    second = await told(store, raised.value.kept)
    assert second is not None
    assert (second.id, 17 * MIB - site.grain <= second.size < 17 * MIB) == (first.id, True)
    assert (await store.list(BUCKET, ListQuery())).items == ()
    meta = await keeper_of(store).resume_kept(second, BytesBody(WHOLE[second.size :]), OPTS, Base(None))
    assert (meta.size, meta.props.content_type) == (len(WHOLE), "text/plain")
    assert await read(store, KEY) == WHOLE
    found = await store.stat(KEY)
    assert found.size == len(WHOLE)
    with pytest.raises(NoSuchUpload):
        await keeper_of(store).resume_kept(second, BytesBody(b"more"), OPTS, Base(found))
    assert await read(store, KEY) == WHOLE


@parametrized_sites("catalog", "s3api", "swift")
async def test_another_process_is_told_what_is_kept(site: Site) -> None:
    async with site.open() as store:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        kept = await broken(store, WHOLE[: 8 * MIB])
        assert kept is not None
    async with site.open() as store:
        (found,) = await keeper_of(store).kept_uploads(BUCKET)
        assert (found.key, found.id, found.mark, found.size) == (KEY, kept.id, mark_of(LABEL), kept.size)
        assert found.since
        assert await is_hidden(store)
        await keeper_of(store).resume_kept(found, BytesBody(WHOLE[found.size :]), OPTS, Base(None))
        assert await read(store, KEY) == WHOLE
        assert await keeper_of(store).kept_uploads(BUCKET) == []


async def test_what_stood_stands_until_the_new_one_is_whole(store: Store) -> None:
    old = await store.put(KEY, BytesBody(b"old"), Put())
    kept = await broken(store, WHOLE[: 8 * MIB])
    assert kept is not None
    assert await read(store, KEY) == b"old"
    await keeper_of(store).resume_kept(kept, BytesBody(WHOLE[kept.size :]), OPTS, Base(old))
    assert await read(store, KEY) == WHOLE


async def test_what_was_written_since_stays(store: Store) -> None:
    kept = await broken(store, WHOLE[: 8 * MIB])
    assert kept is not None
    await store.put(KEY, BytesBody(b"newer"), Put())
    with pytest.raises(ConditionFailed):
        await keeper_of(store).resume_kept(kept, BytesBody(WHOLE[kept.size :]), OPTS, Base(None))
    assert await read(store, KEY) == b"newer"


@parametrized_sites("s3api", "swift")
async def test_what_is_kept_is_freed_when_it_is_dropped_or_swept(store: Store) -> None:
    assert isinstance(store, Segmented)
    kept = await broken(store, WHOLE[: 8 * MIB])
    assert kept is not None
    await keeper_of(store).drop_kept(KEY, kept.id)
    assert await keeper_of(store).kept_uploads(BUCKET) == []
    assert await broken(store, WHOLE[: 8 * MIB]) is not None
    await sweep(store.inner, store._segments, 3600)
    assert len(await keeper_of(store).kept_uploads(BUCKET)) == 1
    await asyncio.sleep(1.1)  # S3 tells whole seconds
    await sweep(store.inner, store._segments, 0)
    assert await keeper_of(store).kept_uploads(BUCKET) == []
    assert await is_hidden(store)


async def test_a_body_that_breaks_for_nobody_is_not_kept(store: Store) -> None:
    with pytest.raises(IncompleteBody) as raised:
        await store.put(KEY, breaking(WHOLE[: 8 * MIB]), Put())
    assert raised.value.kept == ""
    assert await broken(store, b"x") is None
    assert await is_hidden(store)
