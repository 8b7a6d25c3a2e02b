"""Renames of files and of whole directories."""

import os
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.errors import (
    AlreadyExists,
    InvalidName,
    NoSuchBucket,
    NoSuchKey,
    NotADirectory,
    StoreError,
    Unsupported,
)
from gateway.core.types import Key, ListQuery, Props
from gateway.core.uploads import UploadQuery
from gateway.stores.directory import Directory
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, begun, names, put, read
from tests.stores.directory.tools import OWNER, drop, listed, opened, seen

TREE = ("dir-ectory", "dir/", "dir/a", "dir/sub/", "dir/sub/b", "dir0", "dirt")
PROPS = Props(user={f"name-{number}": "é" * 300 for number in range(20)})
"""Too many for an attribute of a file."""


def at(name: str, bucket: str = BUCKET) -> Key:
    return Key(bucket, name)


def content(name: str) -> bytes:
    return b"" if name.endswith("/") else name.encode()


@pytest.fixture
async def tree(store: Directory) -> Directory:
    for name in TREE:
        await put(store, name, content(name), props=PROPS)
    await store.create_bucket("elsewhere", BucketProps(owner="another"))
    return store


@pytest.mark.parametrize("bucket", (BUCKET, "elsewhere"))
async def test_a_directory_is_renamed_with_all_that_lies_in_it(tree: Directory, folder: Path, bucket: str) -> None:
    before = await tree.stat(at("dir/sub/b"))
    inode = (folder / "dir/sub/b").stat().st_ino
    assert await tree.rename_prefix(at("dir/"), at("new/place/", bucket)) == 4
    moved = [f"new/place/{name}" for name in ("", "a", "sub/", "sub/b")]
    left = ["dir-ectory", "dir0", "dirt"]
    assert await names(tree, bucket) == (left + moved if bucket == BUCKET else moved)
    assert (folder.parent / bucket / "new/place/sub/b").stat().st_ino == inode
    meta = await tree.stat(at("new/place/sub/b", bucket))
    assert (meta.etag, meta.modified, meta.props) == (before.etag, before.modified, PROPS)
    assert (await tree.stat(at("new/place/sub/", bucket))).props == PROPS
    assert await tree.rename_prefix(at("new/", bucket), at("dir/")) == 4
    assert seen(folder.parent / "elsewhere") == []


async def test_a_file_keeps_its_properties_in_another_bucket(tree: Directory, folder: Path) -> None:
    before = await tree.stat(at("dir/a"))
    meta = await tree.rename(at("dir/a"), at("b/c", "elsewhere"))
    assert await tree.stat(at("b/c", "elsewhere")) == meta
    assert (meta.props, meta.etag, meta.modified) == (PROPS, before.etag, before.modified)
    await tree.delete(at("b/c", "elsewhere"))
    for path in folder.parent.glob("elsewhere/.portico/meta/*"):
        raise AssertionError(path)


REFUSED = {
    "onto a directory that stands": (at("dir/sub/"), at("dir/"), AlreadyExists),
    "onto a file": (at("dir/"), at("dirt/"), AlreadyExists),
    "below a file": (at("dir/"), at("dirt/new/"), NotADirectory),
    "into itself": (at("dir/"), at("dir/deeper/"), InvalidName),
    "of nothing": (at("none/"), at("new/"), NoSuchKey),
    "of text": (at("dir"), at("folder"), Unsupported),
    "of a whole bucket": (at(""), at("", "elsewhere"), Unsupported),
    "to a name too long": (at("dir/"), at("x" * 256 + "/"), InvalidName),
    "to names too long": (at("dir/"), at("x/" * 510), InvalidName),
    "to a name with dots": (at("dir/"), at("../"), InvalidName),
    "to the hidden folder": (at("dir/"), at(".portico/"), InvalidName),
    "from a missing bucket": (at("dir/", "missing"), at("new/"), NoSuchBucket),
    "to a missing bucket": (at("dir/"), at("new/", "missing"), NoSuchBucket),
}


async def test_directories_that_are_not_renamed(tree: Directory) -> None:
    for kind, (source, target, error) in REFUSED.items():
        with pytest.raises(error):
            await tree.rename_prefix(source, target)
        assert (kind, await names(tree), await names(tree, "elsewhere")) == (kind, list(TREE), [])


async def test_a_bucket_is_renamed_with_its_uploads(tree: Directory) -> None:
    upload, refs = await begun(tree, at("upload"), [NEW, OLD])
    before = await tree.stat_bucket(BUCKET)
    await tree.rename_bucket(BUCKET, "moved")
    assert (await tree.stat_bucket("moved")).created == before.created
    assert await names(tree, "moved") == list(TREE)
    assert (await tree.stat(at("dir/a", "moved"))).props == PROPS
    assert len((await tree.uploads("moved", UploadQuery())).items) == 1
    await tree.complete_upload(at("upload", "moved"), upload, refs)
    assert await read(tree, at("upload", "moved")) == NEW + OLD
    assert await tree.create_bucket(BUCKET, BucketProps(owner=OWNER)) is True
    with pytest.raises(AlreadyExists):
        await tree.rename_bucket("moved", BUCKET)
    assert [row.name for row in (await tree.buckets(ListQuery())).items] == [BUCKET, "elsewhere", "moved"]


async def test_two_names_of_one_file(store: Directory, folder: Path) -> None:
    """Of two links to one file, rename(2) keeps both and says that it has done its work."""
    drop(folder / "one", OLD)
    os.link(folder / "one", folder / "two")
    await store.rename(at("one"), at("two"))
    assert await listed(store) == ["two"]
    assert await read(store, "two") == OLD


async def test_a_marker_is_renamed_alone_only_if_it_is_empty(store: Directory) -> None:
    await put(store, "empty/", b"")
    await store.rename(at("empty/"), at("moved/"))
    assert await listed(store) == ["moved/"]
    for source, target in (("moved/", "file"), ("object", "dir/")):
        await put(store, KEY)
        with pytest.raises(StoreError):
            await store.rename(at(source), at(target))
    assert await listed(store) == ["moved/", "object"]


async def test_what_is_renamed_stays_after_a_restart(tmp_path: Path, keeping: str) -> None:
    async with opened(tmp_path, metadata=keeping) as store:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        await put(store, "a/b", OLD, props=PROPS)
        await store.rename_prefix(at("a/"), at("c/"))
        before = await store.stat(at("c/b"))
    async with opened(tmp_path, metadata=keeping) as store:
        assert await store.stat(at("c/b")) == before
        assert before.props == PROPS
