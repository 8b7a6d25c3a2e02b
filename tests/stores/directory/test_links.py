"""Links lead nowhere: neither out of the directory nor from one bucket to another."""

import os
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import InvalidName, NoSuchBucket, NoSuchKey, NotADirectory, StoreError
from gateway.core.types import Copy, Key, ListQuery, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.stores.directory import Directory
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, put, read
from tests.stores.directory.tools import OWNER, drop, listed, opened

SECRET = b"nobody's business"


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beside the directory, with a file."""
    path = tmp_path_factory.mktemp("outside")
    drop(path / "secret", SECRET)
    return path


def untouched(outside: Path) -> bool:
    return sorted(os.listdir(outside)) == ["secret"] and (outside / "secret").read_bytes() == SECRET


async def every_way(store: Directory, name: str) -> None:
    """Try to get at `name`, which leads over a link."""
    key = Key(BUCKET, name)
    with pytest.raises(NoSuchKey):
        await store.stat(key)
    with pytest.raises(NoSuchKey):
        await read(store, key)
    with pytest.raises(NoSuchKey):
        await store.copy(key, Key(BUCKET, "copy"), Copy())
    with pytest.raises(NoSuchKey):
        await store.update(key, PropsChange(user={"a": "1"}))
    with pytest.raises(NoSuchKey):
        await store.rename(key, Key(BUCKET, "renamed"))
    assert not (await store.delete(key)).existed
    for write in (store.put, store.append):
        with pytest.raises((InvalidName, NotADirectory)):
            await write(key, BytesBody(NEW), Put())
    with pytest.raises((InvalidName, NotADirectory)):
        await store.rename(KEY, key)
    upload = await store.create_upload(key, Put())
    part = await store.put_part(key, upload.id, 1, BytesBody(NEW))
    with pytest.raises((InvalidName, NotADirectory)):
        await store.complete_upload(key, upload.id, [PartRef(1, part.etag)])
    await store.abort_upload(key, upload.id)


@pytest.mark.parametrize("way", ("absolute", "relative", "within", "broken"))
async def test_n04_links_are_not_followed(store: Directory, folder: Path, outside: Path, way: str) -> None:
    await put(store, KEY)
    drop(folder / "real" / "secret", SECRET)
    targets = {
        "absolute": outside,
        "relative": Path(os.path.relpath(outside, folder)),
        "within": Path("real"),
        "broken": Path("nowhere"),
    }
    os.symlink(targets[way], folder / "link")
    os.symlink(targets[way] / "secret", folder / "file")
    for name in ("link/secret", "file", "link/new", "link/deep/new"):
        await every_way(store, name)
    assert await listed(store) == ["object", "real/secret"]
    assert await listed(store, delimiter="/") == ["object", "<real/>"]
    assert await listed(store, prefix="link/") == []
    assert (await store.list(BUCKET, ListQuery(prefix="link/", delimiter="/"))).items == ()
    with pytest.raises(StoreError):
        await store.rename_prefix(Key(BUCKET, "link/"), Key(BUCKET, "moved/"))
    with pytest.raises(StoreError):
        await store.rename_prefix(Key(BUCKET, "real/"), Key(BUCKET, "link/inside/"))
    with pytest.raises((InvalidName, NotADirectory)):
        await store.put(Key(BUCKET, "link/"), BytesBody(b""), Put())
    assert untouched(outside)
    assert os.path.islink(folder / "link")


async def test_n04_a_link_is_no_bucket(store: Directory, tmp_path: Path, outside: Path) -> None:
    os.symlink(outside, tmp_path / "linked")
    assert [row.name for row in (await store.buckets(ListQuery())).items] == [BUCKET]
    for attempt in (
        store.stat_bucket("linked"),
        store.list("linked", ListQuery()),
        store.stat(Key("linked", "secret")),
        put(store, Key("linked", "new")),
        store.delete(Key("linked", "secret")),
        store.delete_bucket("linked"),
        store.rename_bucket("linked", "renamed"),
        store.update_bucket("linked", PropsChange(user={"a": "1"})),
    ):
        with pytest.raises(NoSuchBucket):
            await attempt
    assert await store.create_bucket("linked", BucketProps(owner=OWNER)) is False
    assert untouched(outside)


async def test_n04_the_hidden_folder_is_no_door(tmp_path: Path, outside: Path) -> None:
    """Who can write to the directory can put a link in the hidden folder's place; the gateway does not go there."""
    (tmp_path / BUCKET).mkdir()
    os.symlink(outside, tmp_path / BUCKET / ".portico")
    async with opened(tmp_path) as store:
        with pytest.raises(StoreError):
            await put(store, KEY, NEW)
    assert untouched(outside)


async def test_n04_what_is_hidden_can_not_be_named(store: Directory, tmp_path: Path) -> None:
    await put(store, KEY, OLD)
    await store.create_upload(KEY, Put())
    for name in (".portico/bucket", ".portico", ".portico/", ".portico/tmp/x"):
        with pytest.raises(NoSuchKey):
            await store.stat(Key(BUCKET, name))
        with pytest.raises(InvalidName):
            await put(store, name, b"")
        assert not (await store.delete(Key(BUCKET, name))).existed
        assert await listed(store, prefix=name) == []
    assert await listed(store, prefix=".portico/", delimiter="/") == []
    with pytest.raises(InvalidName):
        await store.create_bucket(".portico", BucketProps(owner=OWNER))
    with pytest.raises(NoSuchBucket):
        await store.stat_bucket(".portico")
    for prefix in ("../", "a/../../", "./", "\0/", "\ud800/", "/", "//", "a//"):
        assert await listed(store, prefix=prefix) == []
        assert await listed(store, prefix=prefix, delimiter="/") == []
    assert (tmp_path / BUCKET / ".portico" / "bucket").exists()
