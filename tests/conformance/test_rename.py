import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Rename
from gateway.core.conditions import ABSENT, When
from gateway.core.digest import Algorithm
from gateway.core.errors import AlreadyExists, ConditionFailed, InvalidName, NoSuchBucket, NoSuchKey, NotModified
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Props, Put
from tests.conformance.tools import (
    BUCKET,
    KEY,
    MISSING,
    NEW,
    OLD,
    OWNER,
    assembled,
    begun,
    count,
    names,
    open_uploads,
    put,
    read,
)

TARGET = Key(BUCKET, "target")
PROPS = Props(content_type="text/plain", user={"a": "1"}, system={"s3:tagging": "x=y"}, expires=4 * 10**18)
TREE = ("dir", "dir-ectory", "dir/", "dir/a", "dir/sub/", "dir/sub/b", "dir0", "dirt")


def at(name: str, bucket: str = BUCKET) -> Key:
    return Key(bucket, name)


@pytest.fixture
async def elsewhere(store: Store) -> str:
    await store.create_bucket("elsewhere", BucketProps(owner="another"))
    return "elsewhere"


@pytest.fixture
async def tree(store: Store) -> Store:
    for name in TREE:
        await put(store, name, name.encode())
    return store


async def test_an_object_keeps_everything_but_its_name(store: Store, renamer: Rename) -> None:
    opts = Put(props=PROPS, modified=10**18, checksums=frozenset({Algorithm.SHA256}))
    before = await store.put(KEY, BytesBody(OLD), opts)
    meta = await renamer.rename(KEY, TARGET)
    assert meta.key == TARGET
    assert (meta.size, meta.etag, meta.modified) == (before.size, before.etag, before.modified)
    assert (meta.props, meta.checksums) == (before.props, before.checksums)
    assert await store.stat(TARGET) == meta
    assert await names(store) == [TARGET.name]
    assert await read(store, TARGET) == OLD
    assert await count(store) == (1, len(OLD))
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)


async def test_a_rename_replaces_what_stands(store: Store, renamer: Rename) -> None:
    await put(store, KEY, OLD)
    await put(store, TARGET, NEW)
    await renamer.rename(KEY, TARGET)
    assert (await names(store), await read(store, TARGET)) == ([TARGET.name], OLD)
    assert await count(store) == (1, len(OLD))


async def test_a_rename_that_must_not_replace(store: Store, renamer: Rename) -> None:
    await put(store, KEY, OLD)
    await renamer.rename(KEY, TARGET, when=ABSENT)
    await put(store, KEY, NEW)
    with pytest.raises(ConditionFailed):
        await renamer.rename(KEY, TARGET, when=ABSENT)
    assert (await read(store, KEY), await read(store, TARGET)) == (NEW, OLD)


async def test_a_rename_onto_itself_changes_nothing(store: Store, renamer: Rename) -> None:
    before = await put(store, KEY)
    assert await renamer.rename(KEY, KEY) == before
    assert await store.stat(KEY) == before
    assert await read(store, KEY) == OLD
    assert await count(store) == (1, len(OLD))


async def test_a_rename_of_nothing(store: Store, renamer: Rename) -> None:
    await put(store, KEY)
    with pytest.raises(NoSuchKey):
        await renamer.rename(MISSING, KEY)
    with pytest.raises(NoSuchKey):
        await renamer.rename(MISSING, MISSING)
    with pytest.raises(NoSuchBucket):
        await renamer.rename(at("object", "missing"), KEY)
    with pytest.raises(NoSuchBucket):
        await renamer.rename(KEY, at("object", "missing"))
    assert await read(store, KEY) == OLD


async def test_a_rename_to_another_bucket(store: Store, renamer: Rename, elsewhere: str) -> None:
    await put(store, KEY, OLD * 20_000)
    await renamer.rename(KEY, at("object", elsewhere))
    assert (await count(store), await count(store, elsewhere)) == ((0, 0), (1, len(OLD) * 20_000))
    assert await read(store, at("object", elsewhere)) == OLD * 20_000
    await store.delete_bucket(BUCKET)
    assert await read(store, at("object", elsewhere)) == OLD * 20_000
    await store.create_bucket(BUCKET, BucketProps(owner=OWNER))


async def test_the_old_name_is_free_for_another_object(store: Store, multipart: Multipart, renamer: Rename) -> None:
    await assembled(multipart, KEY, [OLD * 10_000, OLD])
    await renamer.rename(KEY, TARGET)
    await assembled(multipart, KEY, [NEW * 10_000, NEW])
    assert await read(store, TARGET) == OLD * 10_001
    assert await read(store, KEY) == NEW * 10_001


async def test_a_prefix_is_renamed(tree: Store, renamer: Rename) -> None:
    before = await tree.stat(at("dir/sub/b"))
    assert await renamer.rename_prefix(at("dir/"), at("new/place/")) == 4
    moved = [f"new/place/{name}" for name in ("", "a", "sub/", "sub/b")]
    assert await names(tree) == ["dir", "dir-ectory", "dir0", "dirt", *moved]
    assert await read(tree, "new/place/sub/b") == b"dir/sub/b"
    meta = await tree.stat(at("new/place/sub/b"))
    assert (meta.etag, meta.modified, meta.props) == (before.etag, before.modified, before.props)
    assert await count(tree) == (len(TREE), sum(map(len, TREE)))


async def test_a_prefix_is_text_and_no_directory(tree: Store, renamer: Rename) -> None:
    assert await renamer.rename_prefix(at("dir"), at("folder")) == len(TREE)
    assert await names(tree) == [name.replace("dir", "folder", 1) for name in TREE]
    assert await renamer.rename_prefix(at("folder-"), at("g")) == 1
    assert await read(tree, "gectory") == b"dir-ectory"


async def test_a_prefix_is_no_pattern(store: Store, renamer: Rename) -> None:
    for name in ("a_b", "axb", "a%b", "a*b", "A_b"):
        await put(store, name, name.encode())
    assert await renamer.rename_prefix(at("a_"), at("new/")) == 1
    assert await renamer.rename_prefix(at("a%"), at("other/")) == 1
    assert await names(store) == ["A_b", "a*b", "axb", "new/b", "other/b"]


async def test_a_prefix_of_the_last_characters(store: Store, renamer: Rename) -> None:
    for name in ("\U0010ffff", "\U0010ffff\U0010ffff", "\U0010fffe", "\ud7ffa", "\ue000a"):
        await put(store, name)
    assert await renamer.rename_prefix(at("\U0010ffff"), at("a")) == 2
    assert await renamer.rename_prefix(at("\ud7ff"), at("b")) == 1
    assert await names(store) == ["a", "a\U0010ffff", "ba", "\ue000a", "\U0010fffe"]


async def test_a_prefix_moves_to_another_bucket(tree: Store, renamer: Rename, elsewhere: str) -> None:
    assert await renamer.rename_prefix(at("dir/"), at("dir/", elsewhere)) == 4
    assert await names(tree, elsewhere) == ["dir/", "dir/a", "dir/sub/", "dir/sub/b"]
    assert await count(tree, elsewhere) == (4, sum(map(len, TREE[2:6])))


async def test_everything_moves_to_an_empty_bucket(tree: Store, renamer: Rename, elsewhere: str) -> None:
    assert await renamer.rename_prefix(at(""), at("", elsewhere)) == len(TREE)
    assert await names(tree, elsewhere) == list(TREE)
    assert await names(tree) == []
    assert await count(tree) == (0, 0)


REFUSED = {
    "onto a prefix that stands": (at("dir/"), at("dir0"), AlreadyExists),
    "onto its parent": (at("dir/sub/"), at("dir/"), AlreadyExists),
    "onto part of a name": (at("dir/"), at("dir-e"), AlreadyExists),
    "into itself": (at("dir/"), at("dir/deeper/"), InvalidName),
    "into itself by name": (at("dir"), at("directory/"), InvalidName),
    "of nothing": (at("none/"), at("new/"), NoSuchKey),
    "to names too long": (at("dir/"), at("x" * 1020), InvalidName),
    "to names with dots": (at("dir/sub/"), at("../"), InvalidName),
    "to a name that is empty": (at("dir0"), at(""), AlreadyExists),
    "from a missing bucket": (at("dir/", "missing"), at("new/"), NoSuchBucket),
    "to a missing bucket": (at("dir/"), at("new/", "missing"), NoSuchBucket),
}


async def test_prefixes_that_are_not_renamed(tree: Store, renamer: Rename) -> None:
    for kind, (source, target, error) in REFUSED.items():
        with pytest.raises(error):
            await renamer.rename_prefix(source, target)
        assert (kind, await names(tree)) == (kind, list(TREE))


async def test_a_new_name_that_would_be_empty(tree: Store, renamer: Rename, elsewhere: str) -> None:
    with pytest.raises(InvalidName):
        await renamer.rename_prefix(at("dir/"), at("", elsewhere))
    assert await names(tree) == list(TREE)
    assert await names(tree, elsewhere) == []


async def test_a_bucket_is_renamed(tree: Store, multipart: Multipart, renamer: Rename) -> None:
    await tree.create_bucket("from", BucketProps(owner="another", user={"a": "1"}, system={"x:y": "z"}))
    await put(tree, at("object", "from"), OLD, props=PROPS)
    upload, refs = await begun(multipart, at("upload", "from"), [NEW, OLD])
    before = await tree.stat_bucket("from")
    await renamer.rename_bucket("from", "to")
    after = await tree.stat_bucket("to")
    assert (after.name, after.owner, after.created) == ("to", "another", before.created)
    assert (after.user, after.system, after.objects, after.bytes) == ({"a": "1"}, {"x:y": "z"}, 1, len(OLD))
    assert [row.name for row in (await tree.buckets(ListQuery())).items] == [BUCKET, "to"]
    meta = await tree.stat(at("object", "to"))
    assert (meta.key, meta.props) == (at("object", "to"), PROPS)
    assert [row.key for row in await open_uploads(multipart, "to")] == [at("upload", "to")]
    await multipart.complete_upload(at("upload", "to"), upload, refs)
    assert await read(tree, at("upload", "to")) == NEW + OLD
    with pytest.raises(NoSuchBucket):
        await tree.stat_bucket("from")
    with pytest.raises(NoSuchBucket):
        await tree.stat(at("object", "from"))


async def test_the_old_name_is_free_for_another_bucket(tree: Store, renamer: Rename) -> None:
    await renamer.rename_bucket(BUCKET, "moved")
    assert await tree.create_bucket(BUCKET, BucketProps(owner=OWNER)) is True
    assert await names(tree) == []
    await put(tree, KEY, NEW)
    assert await names(tree, "moved") == list(TREE)


async def test_a_bucket_that_is_not_renamed(tree: Store, renamer: Rename, elsewhere: str) -> None:
    with pytest.raises(AlreadyExists):
        await renamer.rename_bucket(BUCKET, elsewhere)
    with pytest.raises(AlreadyExists):
        await renamer.rename_bucket(BUCKET, BUCKET)
    with pytest.raises(NoSuchBucket):
        await renamer.rename_bucket("missing", "new")
    assert await names(tree) == list(TREE)
    assert await names(tree, elsewhere) == []


async def test_a_rename_on_a_condition_of_its_source(store: Store, renamer: Rename) -> None:
    meta = await put(store, KEY, OLD)
    for when in (When(if_match=("other",)), When(if_unmodified_since=meta.modified // 10**9 - 60)):
        with pytest.raises(ConditionFailed):
            await renamer.rename(KEY, TARGET, source_when=when)
    with pytest.raises(NotModified):
        await renamer.rename(KEY, TARGET, source_when=When(if_none_match=(meta.etag,)))
    assert await names(store) == [KEY.name]
    await renamer.rename(KEY, TARGET, source_when=When(if_match=(meta.etag,)))
    assert await names(store) == [TARGET.name]
