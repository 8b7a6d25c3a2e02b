"""Names that no file can have, and where buckets lie."""

import hashlib
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import InvalidName, IsADirectory, NoSuchBucket, NoSuchKey, NotADirectory, NotEmpty, StoreError
from gateway.core.types import Copy, Key, ListQuery, Props, PropsChange, Put
from gateway.stores.directory import Directory
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, put, read
from tests.stores.directory.tools import OWNER, drafts, drop, listed, opened, seen
from tests.support.names import BAD_KEYS, ODD_KEYS

UNHOLDABLE = {
    "/a": "slash",
    "a//b": "two in a row",
    "a//": "two in a row",
    "//": "slash",
    "/": "slash",
    "x" * 256: "255 bytes",
    "a/" + "é" * 128 + "/b": "255 bytes",
    ".portico/x": ".portico",
}
ODD = tuple(name for name in ODD_KEYS if not name.endswith("/") and name not in {"a", "k" * 1024, "é" * 512})


async def test_names_that_no_file_can_have_are_refused_with_what_is_wrong(store: Directory, folder: Path) -> None:
    await put(store, KEY)
    for name, reason in UNHOLDABLE.items():
        key = Key(BUCKET, name)
        for write in (
            put(store, key),
            store.append(key, BytesBody(NEW), Put()),
            store.create_upload(key, Put()),
            store.copy(KEY, key, Copy()),
            store.rename(KEY, key),
        ):
            with pytest.raises(InvalidName, match=reason):
                await write
        for look in (store.stat(key), read(store, key), store.update(key, PropsChange()), store.copy(key, KEY, Copy())):
            with pytest.raises(NoSuchKey):
                await look
        assert not (await store.delete(key)).existed
    assert seen(folder) == ["object"]


async def test_odd_names_are_files_of_those_names(store: Directory, folder: Path) -> None:
    held = [name for name in ODD if "//" not in name and not name.startswith("/")]
    for name in held:
        await put(store, name, name.encode())
    assert await listed(store) == sorted(held, key=str.encode)
    for name in held:
        assert (folder / name).read_bytes() == name.encode()
        assert await read(store, name) == name.encode()
        assert (await store.delete(Key(BUCKET, name))).existed
    assert seen(folder) == []


async def test_a_file_has_no_files_below_it(store: Directory) -> None:
    await put(store, "a", OLD)
    for name in ("a/b", "a/b/c", "a/"):
        with pytest.raises(NotADirectory, match="stands where this name needs a directory"):
            await put(store, name, b"")
    with pytest.raises(NotADirectory):
        await store.copy(Key(BUCKET, "a"), Key(BUCKET, "a/b"), Copy())
    assert (await listed(store), await read(store, "a")) == (["a"], OLD)


async def test_a_directory_is_no_file(store: Directory) -> None:
    await put(store, "a/b", OLD)
    for attempt in (
        put(store, "a"),
        store.append(Key(BUCKET, "a"), BytesBody(NEW), Put()),
        store.copy(Key(BUCKET, "a/b"), Key(BUCKET, "a"), Copy()),
        store.rename(Key(BUCKET, "a/b"), Key(BUCKET, "a")),
    ):
        with pytest.raises(IsADirectory, match="keeps no file beside it"):
            await attempt
    assert await listed(store) == ["a/b"]


async def test_a_directory_that_was_asked_for_stays(store: Directory, folder: Path) -> None:
    marker = Key(BUCKET, "dir/")
    meta = await put(store, "dir/", b"")
    await put(store, "dir/sub/file")
    assert await listed(store) == ["dir/", "dir/sub/file"]
    await store.delete(Key(BUCKET, "dir/sub/file"))
    assert await store.stat(marker) == meta
    assert seen(folder) == ["dir/"]
    changed = await store.update(marker, PropsChange(user={"a": "1"}))
    assert (await store.stat(marker), changed.props.user) == (changed, {"a": "1"})
    await put(store, "dir/file")
    assert (await store.delete(marker)).existed
    assert await listed(store) == ["dir/file"]
    await store.delete(Key(BUCKET, "dir/file"))
    assert seen(folder) == []


async def test_a_directory_holds_no_bytes(store: Directory) -> None:
    for attempt in (
        put(store, "dir/", OLD),
        store.append(Key(BUCKET, "dir/"), BytesBody(b""), Put()),
        store.create_upload(Key(BUCKET, "dir/"), Put()),
    ):
        with pytest.raises(InvalidName, match="holds no bytes"):
            await attempt
    assert await listed(store) == []


@pytest.mark.parametrize("depth", range(4))
async def test_n04_every_depth_is_the_same_to_clients(tmp_path: Path, depth: int, keeping: str) -> None:
    async with opened(tmp_path, bucket_depth=depth, metadata=keeping) as store:
        for name in ("b", "a", "ü"):
            assert await store.create_bucket(name, BucketProps(owner=OWNER, user={"of": name})) is True
            assert await store.create_bucket(name, BucketProps(owner="another")) is False
        assert [row.name for row in (await store.buckets(ListQuery())).items] == ["a", "b", "ü"]
        digest = hashlib.sha256(b"a").hexdigest()
        above = Path(*(digest[2 * level : 2 * level + 2] for level in range(depth)))
        key = Key("a", "x/y/z")
        await put(store, key, OLD)
        assert (tmp_path / above / "a" / "x/y/z").read_bytes() == OLD
        with pytest.raises(NotEmpty):
            await store.delete_bucket("a")
        await store.delete(key)
        await store.delete_bucket("a")
        with pytest.raises(NoSuchBucket):
            await store.stat_bucket("a")
        await store.rename_bucket("b", "c")
        assert (await store.stat_bucket("c")).user == {"of": "b"}
        assert [row.name for row in (await store.buckets(ListQuery())).items] == ["c", "ü"]
        for name in ("..", ".", "a/..", "../a", "00/b"):
            with pytest.raises((InvalidName, NoSuchBucket)):
                await store.stat_bucket(name)
    async with opened(tmp_path, bucket_depth=depth, metadata=keeping) as store:
        assert (await store.stat_bucket("c")).user == {"of": "b"}


@pytest.mark.parametrize("depth", range(4))
async def test_n04_no_name_leads_to_a_sibling(tmp_path: Path, depth: int) -> None:
    drop(tmp_path.with_name(f"{tmp_path.name}-beside") / "secret", OLD)
    async with opened(tmp_path, bucket_depth=depth) as store:
        for bucket in (BUCKET, f"{BUCKET}-beside"):
            await store.create_bucket(bucket, BucketProps(owner=OWNER))
        await put(store, Key(f"{BUCKET}-beside", "secret"))
        for name in (*BAD_KEYS, f"../{BUCKET}-beside/secret", f"x/../../{BUCKET}-beside/secret"):
            key = Key(BUCKET, name)
            for attempt in (store.stat(key), put(store, key), store.delete(key), store.rename_prefix(key, KEY)):
                with pytest.raises(StoreError):
                    await attempt
        for prefix in ("../", f"../{BUCKET}-beside/", "/", "./", "a/../"):
            assert await listed(store, prefix=prefix) == []
        assert await listed(store) == []


async def test_a_bucket_name_that_no_folder_can_have(store: Directory) -> None:
    with pytest.raises(InvalidName, match="255 bytes"):
        await store.create_bucket("b" * 256, BucketProps(owner=OWNER))
    with pytest.raises(NoSuchBucket):
        await store.stat_bucket("b" * 256)
    assert await store.create_bucket("b" * 255, BucketProps(owner=OWNER)) is True


async def test_many_properties_find_room(store: Directory, tmp_path: Path) -> None:
    props = Props(user={f"name-{number}": "é" * 500 for number in range(90)})
    await put(store, KEY, OLD, props=props)
    assert (await store.stat(KEY)).props == props
    await store.update(KEY, PropsChange(replace_user=True))
    assert (await store.stat(KEY)).props.user == {}
    await put(store, KEY, NEW, props=props)
    await store.delete(KEY)
    assert [*tmp_path.glob("*/.portico/meta/*")] == drafts(tmp_path) == []
