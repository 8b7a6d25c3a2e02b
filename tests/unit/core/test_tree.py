from collections.abc import AsyncIterator

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.errors import (
    AlreadyExists,
    BadRange,
    Denied,
    IsADirectory,
    NoSuchBucket,
    NoSuchKey,
    NotADirectory,
    NotEmpty,
    NotFound,
    StoreError,
    Unavailable,
    Unsupported,
)
from gateway.core.paths import ROOT, TreePath
from gateway.core.ranges import Span
from gateway.core.tree import Tree
from gateway.core.types import DIRECTORY_TYPE, Key, ListQuery, Meta, Page, Prefix, Props, Put
from gateway.stores.memory import Memory

pytestmark = pytest.mark.usefixtures("bucket")


class Watched(Memory):
    """Memory that notes what it is asked, and may refuse to list buckets."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.refusal: StoreError | None = None

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        self.asked.append("list")
        return await super().list(bucket, query)

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        self.asked.append("buckets")
        if self.refusal is not None:
            raise self.refusal
        return await super().buckets(query, owner)

    async def stat(self, key: Key, *args: object, **options: object) -> Meta:
        self.asked.append("stat")
        return await super().stat(key, *args, **options)  # type: ignore[arg-type]


@pytest.fixture
async def store() -> AsyncIterator[Watched]:
    memory = Watched()
    await memory.start()
    yield memory
    await memory.aclose()


@pytest.fixture
async def bucket(store: Watched) -> None:
    await store.create_bucket("c", BucketProps(owner="me"))


@pytest.fixture
def tree(store: Watched) -> Tree:
    return Tree(store, "me", lambda bucket: bucket.owner == "me")


def at(text: str) -> TreePath:
    return ROOT.resolve(text)


async def write(store: Watched, *names: str, content_type: str = "text/plain", data: bytes = b"data") -> None:
    for name in names:
        await store.put(Key("c", name), BytesBody(data), Put(props=Props(content_type=content_type)))


async def listed(tree: Tree, path: str) -> dict[str, bool]:
    """Names of a directory, and whether they are directories."""
    pages = [page async for page in tree.rendered(at(path), list)]
    entries = [entry for page in pages for entry in page]
    assert len({entry.name for entry in entries}) == len(entries)
    return {entry.name: entry.is_directory for entry in entries}


async def everything(store: Watched) -> list[str]:
    return [row.name for row in (await store.list("c", ListQuery())).items]


async def test_f35_files_directories_and_buckets_are_told_apart(tree: Tree, store: Watched) -> None:
    await write(store, "f", "implicit/x", "marked/")
    await write(store, "older", content_type=DIRECTORY_TYPE, data=b"")
    file = await tree.stat(at("/c/f"))
    assert (file.is_directory, file.size, file.name) == (False, 4, "f")
    for path in ("/", "/c", "/c/implicit", "/c/marked", "/c/older"):
        assert (await tree.stat(at(path))).is_directory, path
    assert {(await tree.stat(at(path), since=5)).modified for path in ("/", "/c/marked", "/c/implicit")} == {5}
    with pytest.raises(NoSuchKey):
        await tree.stat(at("/c/missing"))
    with pytest.raises(NoSuchBucket):
        await tree.stat(at("/missing"))
    with pytest.raises(NoSuchBucket):
        await tree.stat(at("/missing/x"))
    assert await tree.find(at("/missing/x")) is None


async def test_a_path_shared_by_file_and_directory_shows_the_directory_and_keeps_the_file(
    tree: Tree, store: Watched
) -> None:
    await write(store, "a", "a/b", "a-b")
    assert (await tree.stat(at("/c/a"))).is_directory
    assert await listed(tree, "/c") == {"a": True, "a-b": False}
    assert (await tree.file(at("/c/a"))).size == 4
    async with tree.open(at("/c/a")) as reader:
        assert b"".join([chunk async for chunk in reader.chunks()]) == b"data"
    standing = await tree.standing(at("/c/a"))
    assert standing is not None
    assert standing.key == Key("c", "a")
    await tree.remove(at("/c/a"))
    assert await everything(store) == ["a-b", "a/b"]


async def test_a_listing_costs_one_query_a_page(tree: Tree, store: Watched) -> None:
    for number in range(1500):
        await write(store, f"d/{number:04}", data=b"")
    store.asked.clear()
    pages = [page async for page in tree.rendered(at("/c/d"), list)]
    assert sum(map(len, pages)) == 1500
    assert store.asked == ["list", "list"]


async def test_f15_f16_many_entries_come_without_repeats_or_losses(tree: Tree, store: Watched) -> None:
    expected = {}
    for number in range(1005):
        await write(store, f"{number:04}/x" if number % 5 == 4 else f"{number:04}", data=b"")
        expected[f"{number:04}"] = number % 5 == 4
    assert await listed(tree, "/c") == expected


async def test_the_root_shows_the_buckets_that_the_caller_sees(tree: Tree, store: Watched) -> None:
    await store.create_bucket("b", BucketProps(owner="me"))
    await store.create_bucket("hidden", BucketProps(owner="other"))
    assert await listed(tree, "/") == {"b": True, "c": True}
    everyones = Tree(store, "me", lambda bucket: bucket.name != "b", all_accounts=True)
    assert await listed(everyones, "/") == {"c": True, "hidden": True}


async def test_f19_a_forbidden_root_is_empty_and_a_broken_one_an_error(tree: Tree, store: Watched) -> None:
    store.refusal = Denied()
    assert await listed(tree, "/") == {}
    assert (await tree.stat(at("/c"))).is_directory
    store.refusal = Unavailable()
    with pytest.raises(Unavailable):
        await listed(tree, "/")


@pytest.mark.parametrize(("path", "error"), (("/c/f", NotADirectory), ("/c/no", NoSuchKey), ("/no", NoSuchBucket)))
async def test_only_directories_are_listed(tree: Tree, store: Watched, path: str, error: type[StoreError]) -> None:
    await write(store, "f")
    with pytest.raises(error):
        await anext(tree.rendered(at(path), list))


async def test_empty_directories_of_every_kind_are_listed(tree: Tree, store: Watched) -> None:
    await write(store, "marked/")
    await write(store, "older", content_type=DIRECTORY_TYPE)
    await store.create_bucket("empty", BucketProps(owner="me"))
    for path in ("/c/marked", "/c/older", "/empty"):
        assert await listed(tree, path) == {}, path


@pytest.mark.parametrize("path", ("/", "/c", "/c/d", "/c/marked", "/c/older"))
async def test_directories_are_no_files(tree: Tree, store: Watched, path: str) -> None:
    await write(store, "d/x", "marked/")
    await write(store, "older", content_type=DIRECTORY_TYPE)
    with pytest.raises(IsADirectory):
        await tree.file(at(path))
    with pytest.raises(IsADirectory):
        async with tree.open(at(path)):
            pass
    with pytest.raises(IsADirectory):
        await tree.remove(at(path))
    with pytest.raises(IsADirectory):
        await tree.standing(at(path))


async def test_what_is_missing_is_no_file(tree: Tree) -> None:
    with pytest.raises(NoSuchKey):
        await tree.file(at("/c/no"))
    with pytest.raises(NoSuchKey):
        async with tree.open(at("/c/no")):
            pass
    with pytest.raises(NoSuchKey):
        await tree.remove(at("/c/no"))


async def test_a_file_is_read_from_an_offset(tree: Tree, store: Watched) -> None:
    await write(store, "f", data=b"0123456789")
    async with tree.open(at("/c/f"), Span(7)) as reader:
        assert b"".join([chunk async for chunk in reader.chunks()]) == b"789"
    with pytest.raises(BadRange):
        async with tree.open(at("/c/f"), Span(10)):
            pass


async def test_f02_files_are_written_below_directories_that_need_not_stand_yet(tree: Tree, store: Watched) -> None:
    await write(store, "f", "d/x")
    assert await tree.standing(at("/c/new")) is None
    assert await tree.standing(at("/c/not/yet")) is None
    assert await tree.standing(at("/c/d/y")) is None
    with pytest.raises(NotADirectory):
        await tree.standing(at("/c/f/x"))
    with pytest.raises(IsADirectory):
        await tree.standing(at("/x"))


async def test_mkdir_makes_markers_and_buckets(tree: Tree, store: Watched) -> None:
    await tree.mkdir(at("/c/d"))
    marker = await store.stat(Key("c", "d/"))
    assert (marker.size, marker.props.content_type) == (0, DIRECTORY_TYPE)
    await tree.mkdir(at("/c/d/e"))
    await tree.mkdir(at("/new"))
    assert (await store.stat_bucket("new")).owner == "me"
    assert await listed(tree, "/c/d") == {"e": True}


@pytest.mark.parametrize(
    ("path", "error"),
    (
        ("/", AlreadyExists),
        ("/c", AlreadyExists),
        ("/c/f", AlreadyExists),
        ("/c/d", AlreadyExists),
        ("/c/marked", AlreadyExists),
        ("/c/older", AlreadyExists),
        ("/c/no/x", NotFound),
        ("/no/x", NotFound),
        ("/c/f/x", NotADirectory),
    ),
)
async def test_f33_mkdir_refuses_taken_names_and_missing_parents(
    tree: Tree, store: Watched, path: str, error: type[StoreError]
) -> None:
    await write(store, "f", "d/x", "marked/")
    await write(store, "older", content_type=DIRECTORY_TYPE)
    before = await everything(store)
    with pytest.raises(error):
        await tree.mkdir(at(path))
    assert await everything(store) == before
    assert (await tree.file(at("/c/f"))).size == 4


async def test_f34_rmdir_removes_what_is_empty(tree: Tree, store: Watched) -> None:
    await write(store, "marked/", data=b"")
    await write(store, "older", "both", content_type=DIRECTORY_TYPE, data=b"")
    await write(store, "both/", data=b"")
    for name in ("marked", "older", "both"):
        await tree.rmdir(at(f"/c/{name}"))
    assert await everything(store) == []
    await tree.rmdir(at("/c"))
    with pytest.raises(NoSuchBucket):
        await store.stat_bucket("c")


@pytest.mark.parametrize(
    ("path", "error"),
    (
        ("/", Unsupported),
        ("/c", NotEmpty),
        ("/no", NoSuchBucket),
        ("/c/d", NotEmpty),
        ("/c/full", NotEmpty),
        ("/c/heavy", NotEmpty),
        ("/c/f", NotADirectory),
        ("/c/no", NoSuchKey),
    ),
)
async def test_f34_rmdir_refuses_everything_else(
    tree: Tree, store: Watched, path: str, error: type[StoreError]
) -> None:
    await write(store, "f", "d/x", "heavy/", "full/x")
    await write(store, "full/", data=b"")
    before = await everything(store)
    with pytest.raises(error):
        await tree.rmdir(at(path))
    assert await everything(store) == before


async def test_an_explicit_directory_outlives_its_last_file_an_implicit_one_does_not(
    tree: Tree, store: Watched
) -> None:
    await tree.mkdir(at("/c/explicit"))
    await write(store, "explicit/x", "implicit/x")
    await tree.remove(at("/c/explicit/x"))
    await tree.remove(at("/c/implicit/x"))
    assert await listed(tree, "/c") == {"explicit": True}


async def test_f36_renaming_to_itself_changes_nothing(tree: Tree, store: Watched) -> None:
    await write(store, "f", "d/x")
    for path in ("/c/f", "/c/d", "/c"):
        assert await tree.rename(at(path), at(path)) == at(path)
    assert await everything(store) == ["d/x", "f"]


async def test_f36_a_file_moves_onto_names_files_and_into_directories(tree: Tree, store: Watched) -> None:
    await write(store, "f", data=b"new")
    await write(store, "g", "d/x", data=b"older")
    assert await tree.rename(at("/c/f"), at("/c/g")) == at("/c/g")
    assert (await tree.file(at("/c/g"))).size == 3
    assert await tree.rename(at("/c/g"), at("/c/d")) == at("/c/d/g")
    assert await everything(store) == ["d/g", "d/x"]
    await store.create_bucket("other", BucketProps(owner="me"))
    assert await tree.rename(at("/c/d/g"), at("/other")) == at("/other/g")
    assert (await tree.file(at("/other/g"))).size == 3


async def test_f37_a_whole_directory_moves(tree: Tree, store: Watched) -> None:
    await write(store, "d/", "d/x", "d/sub/y", "d/sub/", "dd", "e/z")
    assert await tree.rename(at("/c/d"), at("/c/n")) == at("/c/n")
    assert await everything(store) == ["dd", "e/z", "n/", "n/sub/", "n/sub/y", "n/x"]
    assert await tree.rename(at("/c/n"), at("/c/e")) == at("/c/e/n")
    assert await everything(store) == ["dd", "e/n/", "e/n/sub/", "e/n/sub/y", "e/n/x", "e/z"]


async def test_f37_directories_of_the_older_form_move_with_their_marker(tree: Tree, store: Watched) -> None:
    await write(store, "bare", "full", content_type=DIRECTORY_TYPE, data=b"")
    await write(store, "full/x")
    await tree.rename(at("/c/bare"), at("/c/bare2"))
    await tree.rename(at("/c/full"), at("/c/full2"))
    assert await everything(store) == ["bare2", "full2", "full2/x"]
    assert await listed(tree, "/c") == {"bare2": True, "full2": True}


@pytest.mark.parametrize(
    ("source", "target", "error"),
    (
        ("/c/no", "/c/x", NoSuchKey),
        ("/c/d", "/c/f", NotADirectory),
        ("/c/d", "/c/e", AlreadyExists),
        ("/c/f", "/c/h", IsADirectory),
        ("/c/f", "/c/no/x", NotFound),
        ("/c/f", "/no/x", NotFound),
        ("/c/f", "/c/g/x", NotADirectory),
        ("/c/d", "/c/d/x/y", Unsupported),
        ("/c/f", "/x", Unsupported),
        ("/", "/c/x", Unsupported),
        ("/c/d", "/", Unsupported),
        ("/c", "/other", Unsupported),
    ),
)
async def test_f36_bad_renames_are_refused_and_change_nothing(
    tree: Tree, store: Watched, source: str, target: str, error: type[StoreError]
) -> None:
    await write(store, "f", "g", "d/x", "e/d/x", "h/f/x")
    await store.create_bucket("other", BucketProps(owner="me"))
    before = await everything(store)
    with pytest.raises(error):
        await tree.rename(at(source), at(target))
    assert await everything(store) == before


async def test_f38_a_bucket_keeps_its_properties_under_its_new_name(tree: Tree, store: Watched) -> None:
    await store.create_bucket("old", BucketProps(owner="me", user={"colour": "red"}, system={"swift:read": ".r:*"}))
    await tree.rename(at("/old"), at("/new"))
    found = await store.stat_bucket("new")
    assert (found.user, found.system) == ({"colour": "red"}, {"swift:read": ".r:*"})
    assert await tree.find(at("/old")) is None
