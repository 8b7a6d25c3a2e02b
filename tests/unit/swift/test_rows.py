from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Put
from gateway.frontends.swift.rows import gather, gather_path
from gateway.stores.memory import Memory

NAMES = [f"{letter}{number}" for letter in "ab" for number in range(5)]


async def test_short_pages_are_filled() -> None:
    asked: list[ListQuery] = []

    async def fetch(query: ListQuery) -> Page[str]:
        asked.append(query)
        names = [name for name in NAMES if name > query.marker][: min(query.limit, 3)]
        return Page(tuple(names), names[-1] if names and names[-1] != NAMES[-1] else None)

    assert await gather(fetch, ListQuery(limit=100)) == NAMES
    assert await gather(fetch, ListQuery(limit=7)) == NAMES[:7]
    assert [query.limit for query in asked[-3:]] == [7, 4, 1]


async def test_no_rows_are_wanted() -> None:
    async def fetch(query: ListQuery) -> Page[str]:
        raise AssertionError("nothing is to be asked")

    assert await gather(fetch, ListQuery(limit=0)) == []


SEGMENTS = st.sampled_from(("a", "b", "", "é"))
TREES = st.sets(st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join).filter(bool), max_size=12)


@given(TREES, st.sampled_from(("", "a", "a/", "b", "a/b", "x")), st.integers(0, 5), st.booleans())
async def test_a_path_shows_what_lies_right_below_it(names: set[str], path: str, limit: int, reverse: bool) -> None:
    store = Memory()
    await store.create_bucket("c", BucketProps(owner="o"))
    for name in names:
        await store.put(Key("c", name), BytesBody(b""), Put())
    rows = await gather_path(store, "c", path, ListQuery(limit=limit, reverse=reverse))
    assert [row.name for row in rows] == below(names, path, reverse)[:limit]


def below(names: set[str], path: str, reverse: bool) -> list[str]:
    """What Swift's container server shows of a path: the rule, by looking at every name."""
    directory = f"{path.rstrip('/')}/" if path else ""
    inside = [name.removeprefix(directory) for name in names if name.startswith(directory) and name != directory]
    shown = [name for name in inside if "/" not in name or name.index("/") == len(name) - 1]
    return [directory + name for name in sorted(shown, key=str.encode, reverse=reverse)]


async def test_a_path_is_followed_page_by_page() -> None:
    store = Memory()
    await store.create_bucket("c", BucketProps(owner="o"))
    for name in ("d/1", "d/2/", "d/2/x", "d/3/x", "d/4", "d/5/"):
        await store.put(Key("c", name), BytesBody(b""), Put())

    class Short(Memory):
        async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
            return await store.list(bucket, replace(query, limit=1))

        async def stat(self, key: Key, *args: object, **more: object) -> Meta:
            return await store.stat(key)

    rows = await gather_path(Short(), "c", "d", ListQuery(limit=10))
    assert [row.name for row in rows] == ["d/1", "d/2/", "d/4", "d/5/"]
