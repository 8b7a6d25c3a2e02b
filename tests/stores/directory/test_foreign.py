"""What others put into the directory, and do there while it is served."""

import hashlib
import os
import socket
import time
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.conditions import When
from gateway.core.errors import ConditionFailed, NoSuchKey, NotEmpty, Unavailable
from gateway.core.types import DIRECTORY_TYPE, Key, ListQuery, Meta, PropsChange
from gateway.stores.directory import Directory, system
from tests.conformance.test_spans import noise, regions_of
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, md5, put, read
from tests.stores.directory.tools import LONG_AGO, OWNER, drop, listed, opened, seen

PHOTO = Key(BUCKET, "photos/cat.jpg")


async def test_a_file_that_is_dropped_is_an_object_at_once(store: Directory, folder: Path) -> None:
    drop(folder / "photos" / "cat.jpg", OLD)
    meta = await store.stat(PHOTO)
    assert (meta.size, meta.etag, meta.modified) == (len(OLD), md5(OLD), LONG_AGO * 10**9)
    assert meta.props.content_type == "image/jpeg"
    assert await read(store, PHOTO) == OLD
    assert (await store.list(BUCKET, ListQuery())).items == (meta,)
    (folder / "photos" / "cat.jpg").unlink()
    assert await listed(store) == ["photos/"]
    with pytest.raises(NoSuchKey):
        await store.stat(PHOTO)


async def test_what_is_written_is_a_plain_file(store: Directory, folder: Path) -> None:
    await put(store, "a/b/c.txt", NEW)
    assert seen(folder) == ["a/", "a/b/", "a/b/c.txt"]
    assert (folder / "a/b/c.txt").read_bytes() == NEW
    umask = os.umask(0)
    os.umask(umask)
    assert (folder / "a/b/c.txt").stat().st_mode & 0o777 == 0o666 & ~umask
    (folder / "a/b/c.txt").chmod(0o640)
    await put(store, "a/b/c.txt", OLD)
    assert (folder / "a/b/c.txt").stat().st_mode & 0o777 == 0o640


async def test_an_etag_is_computed_once(store: Directory, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(folder / "file", OLD)
    computed: list[int] = []
    native = system.md5

    def counted(descriptor: int) -> str:
        computed.append(descriptor)
        return native(descriptor)

    monkeypatch.setattr(system, "md5", counted)
    for _ in range(3):
        assert (await store.stat(Key(BUCKET, "file"))).etag == md5(OLD)
        await store.list(BUCKET, ListQuery())
    assert len(computed) == 1
    os.rename(folder / "file", folder / "other")
    assert (await store.stat(Key(BUCKET, "other"))).etag == md5(OLD)
    assert len(computed) == 1


async def test_a_file_that_has_just_changed_is_not_taken_for_settled(store: Directory, folder: Path) -> None:
    """Two changes within a tick of the clock leave the same time: what was seen between them must not be believed."""
    path = drop(folder / "file", OLD, age=False)
    before = path.stat()
    assert (await store.stat(Key(BUCKET, "file"))).etag == md5(OLD)
    path.write_bytes(OLD.upper())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (await store.stat(Key(BUCKET, "file"))).etag == md5(OLD.upper())


async def test_a_change_in_place_makes_another_object(store: Directory, folder: Path, keeping: str) -> None:
    await put(store, KEY, OLD)
    await store.update(KEY, PropsChange(user={"kept": "1"}))
    with (folder / KEY.name).open("ab") as file:
        file.write(NEW)
    meta = await store.stat(KEY)
    assert (meta.size, meta.etag) == (len(OLD + NEW), md5(OLD + NEW))
    assert meta.props.user == ({"kept": "1"} if keeping == "xattr" else {})
    assert await read(store, KEY) == OLD + NEW
    with pytest.raises(ConditionFailed):
        await put(store, KEY, NEW, when=When(if_match=(md5(OLD),)))
    await put(store, KEY, NEW, when=When(if_match=(md5(OLD + NEW),)))


async def test_a_file_in_the_place_of_another_has_none_of_its_properties(store: Directory, folder: Path) -> None:
    await put(store, KEY, OLD)
    await store.update(KEY, PropsChange(user={"old": "1"}))
    for _ in range(3):  # the inode of the one that is removed is often given to the next
        (folder / KEY.name).unlink()
        drop(folder / KEY.name, NEW)
        meta = await store.stat(KEY)
        assert (meta.etag, meta.props.user) == (md5(NEW), {})


async def test_large_files_get_an_etag_that_is_no_digest(tmp_path: Path) -> None:
    async with opened(tmp_path, hash_max=len(OLD)) as store:
        path = drop(tmp_path / BUCKET / "large", OLD + NEW)
        drop(tmp_path / BUCKET / "small", OLD)
        metas = (await store.list(BUCKET, ListQuery())).items
        assert [row.etag for row in metas if isinstance(row, Meta)][1] == md5(OLD)
        meta = await store.stat(Key(BUCKET, "large"))
        assert meta == metas[0]
        assert meta.is_composite
        os.utime(path, (LONG_AGO, LONG_AGO + 1))
        assert (await store.stat(Key(BUCKET, "large"))).etag != meta.etag


async def test_a_copy_of_a_file_has_its_own_etag(store: Directory, folder: Path) -> None:
    """`cp --preserve=xattr` takes the record along, which is about another file."""
    await put(store, KEY, OLD)
    target = folder / "copied"
    target.write_bytes(NEW)
    for name in os.listxattr(folder / KEY.name):
        os.setxattr(target, name, os.getxattr(folder / KEY.name, name))
    assert (await store.stat(Key(BUCKET, "copied"))).etag == md5(NEW)


async def test_what_is_no_object_is_not_shown(store: Directory, folder: Path) -> None:
    await put(store, "object")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "socket"))
    os.symlink("object", folder / "link")
    Path(os.fsdecode(bytes(folder) + b"/\xff\xfe")).write_bytes(OLD)
    assert await listed(store) == ["object"]
    for name in ("pipe", "socket", "link"):
        with pytest.raises(NoSuchKey):
            await store.stat(Key(BUCKET, name))
        with pytest.raises(NoSuchKey):
            await read(store, name)
        assert not (await store.delete(Key(BUCKET, name))).existed
    await store.delete(KEY)
    with pytest.raises(NotEmpty):
        await store.delete_bucket(BUCKET)
    assert os.path.lexists(folder / "pipe")


async def test_folders_of_others_are_buckets_of_the_owner(tmp_path: Path, keeping: str) -> None:
    drop(tmp_path / "theirs" / "file", OLD)
    drop(tmp_path / "no bucket", OLD)
    async with opened(tmp_path, metadata=keeping) as store:
        await store.create_bucket("ours", BucketProps(owner="another"))
        assert [row.name for row in (await store.buckets(ListQuery())).items] == ["ours", "theirs"]
        assert [row.name for row in (await store.buckets(ListQuery(), OWNER)).items] == ["theirs"]
        assert (await store.stat_bucket("theirs")).owner == OWNER
        assert await read(store, Key("theirs", "file")) == OLD
        changed = await store.update_bucket("theirs", PropsChange(user={"a": "1"}))
        assert (changed.owner, changed.user) == (OWNER, {"a": "1"})
        assert await store.create_bucket("theirs", BucketProps(owner="another")) is False
        await store.delete(Key("theirs", "file"))
        await store.delete_bucket("theirs")
    assert not (tmp_path / "theirs").exists()


async def test_an_empty_folder_of_others_is_a_directory(store: Directory, folder: Path) -> None:
    (folder / "inbox").mkdir()
    inbox = Key(BUCKET, "inbox/")
    meta = await store.stat(inbox)
    assert (meta.size, meta.props.content_type) == (0, DIRECTORY_TYPE)
    assert await listed(store) == ["inbox/"]
    assert await listed(store, delimiter="/") == ["<inbox/>"]
    await put(store, "inbox/file")
    assert await listed(store) == ["inbox/file"]
    with pytest.raises(NoSuchKey):
        await store.stat(inbox)
    await store.delete(Key(BUCKET, "inbox/file"))
    assert await listed(store) == ["inbox/"]  # who made it goes on with it
    assert (await store.delete(inbox)).existed
    assert seen(folder) == []


@pytest.mark.parametrize("size", (60_000, 1_500_000))
async def test_a_file_that_is_cut_while_it_is_read_is_no_short_object(
    store: Directory, folder: Path, size: int
) -> None:
    path = drop(folder / "file", noise(size))
    async with store.open(Key(BUCKET, "file")) as reader:
        os.truncate(path, size // 3)
        if (regions := reader.regions()) is not None:
            with pytest.raises(Unavailable):
                assert [region async for region in regions]
            with pytest.raises(Unavailable):
                assert [chunk async for chunk in reader.chunks()]
        else:
            assert reader.data == noise(size)  # it was read when it was opened


async def test_a_file_that_is_written_over_while_it_is_read_is_not_mixed(store: Directory, folder: Path) -> None:
    path = drop(folder / "file", noise(1_500_000))
    async with store.open(Key(BUCKET, "file")) as reader:
        chunks = aiter(reader.chunks())
        await anext(chunks)
        path.write_bytes(bytes(1_500_000))
        with pytest.raises(Unavailable):
            assert [chunk async for chunk in chunks]


async def test_a_time_that_is_set_while_a_file_is_read_disturbs_nobody(store: Directory) -> None:
    data = noise(1_500_000)
    await put(store, KEY, data)
    async with store.open(KEY) as reader:
        await store.update(KEY, PropsChange(modified=LONG_AGO * 10**9))
        assert await regions_of(reader) == data


async def test_times_are_those_of_the_files(store: Directory, folder: Path) -> None:
    await put(store, KEY)
    await store.update(KEY, PropsChange(modified=LONG_AGO * 10**9))
    assert (folder / KEY.name).stat().st_mtime_ns == LONG_AGO * 10**9
    now = time.time_ns()
    os.utime(folder / KEY.name, ns=(now, now))
    meta = await store.stat(KEY)
    assert (meta.modified, meta.etag) == (now, hashlib.md5(OLD).hexdigest())
