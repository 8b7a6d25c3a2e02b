"""What the layer of symbolic links does that frontends don't show by themselves."""

from collections.abc import AsyncIterator

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.manifests import Links
from gateway.core.conditions import When
from gateway.core.errors import BadRange, BrokenLink, ConditionFailed, DanglingLink, Denied, NotModified, Unsupported
from gateway.core.links import FOLLOWED, LINK, Link, link_of
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Copy, Key, ListQuery, Meta, Props, PropsChange, Put
from gateway.layers.links import Linked
from gateway.stores.memory import Memory
from tests.support.manifests import following

BOX, THING, POINTER = "box", Key("box", "thing"), Key("box", "link")


@pytest.fixture
async def store() -> AsyncIterator[Linked]:
    layer = following(Memory())
    await layer.start()
    await layer.create_bucket(BOX, BucketProps(owner="owner"))
    await layer.put(THING, BytesBody(b"thing"), Put(props=Props(user={"a": "b"})))
    await point(layer, POINTER, Link(container=BOX, name="thing"))
    yield layer
    await layer.aclose()


async def point(store: Linked, key: Key, link: Link) -> Meta:
    return await store.unfollowed.put(key, BytesBody(b""), Put(props=Props(system={LINK: link.packed})))


async def read(store: Store, key: Key, span: Span | None = None, when: When = When()) -> bytes:  # noqa: B008
    async with store.open(key, span=span, when=when) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


@pytest.mark.parametrize("name", ("a b/ü", "%2F?", "x;y"))
def test_links_are_packed_and_unpacked(name: str) -> None:
    for link in (Link(container="c ü", name=name), Link(container="c", name=name, owner="o", etag="e", size=7)):
        assert link_of({LINK: link.packed}) == link
    assert link_of({}) is None


async def test_reads_follow_and_keep_the_name(store: Linked) -> None:
    meta = await store.stat(POINTER)
    assert (meta.key, meta.size, dict(meta.props.user)) == (POINTER, 5, {"a": "b"})
    assert await read(store, POINTER, Span(1, 2)) == b"hi"
    row = (await store.list(BOX, ListQuery())).items[0]
    assert isinstance(row, Meta)
    assert (row.name, row.size) == ("link", 5)
    assert find(store, Links) is store


async def test_conditions_and_ranges_speak_of_the_target(store: Linked) -> None:
    etag = (await store.stat(THING)).etag
    assert await read(store, POINTER, when=When(if_match=(etag,))) == b"thing"
    with pytest.raises(NotModified):
        await read(store, POINTER, when=When(if_none_match=(etag,)))
    with pytest.raises(NotModified):
        await store.stat(POINTER, when=When(if_none_match=(etag,)))
    with pytest.raises(ConditionFailed):
        await store.stat(POINTER, when=When(if_match=("0" * 32,)))
    with pytest.raises(BadRange) as bad:
        await read(store, POINTER, Span(5, 9))
    assert bad.value.size == 5


async def test_writers_conditions_speak_of_what_is_read(store: Linked) -> None:
    etag = (await store.stat(POINTER)).etag
    with pytest.raises(ConditionFailed):
        await store.put(POINTER, BytesBody(b"new"), Put(when=When(if_match=("0" * 32,))))
    await store.put(POINTER, BytesBody(b"new"), Put(when=When(if_match=(etag,))))
    assert (await read(store, POINTER), await read(store, THING)) == (b"new", b"thing")


async def test_nobody_makes_a_link_by_properties(store: Linked) -> None:
    props = Props(system={LINK: Link(container=BOX, name="thing").packed, FOLLOWED: "x"})
    await store.put(Key(BOX, "forged"), BytesBody(b"own"), Put(props=props))
    await store.copy(THING, Key(BOX, "copied"), Copy(props=props))
    for name in ("forged", "copied"):
        assert not (await store.unfollowed.stat(Key(BOX, name))).props.system


async def test_copies_are_objects_and_changes_are_the_links(store: Linked) -> None:
    await store.copy(POINTER, Key(BOX, "copy"), Copy())
    assert link_of((await store.unfollowed.stat(Key(BOX, "copy"))).props.system) is None
    assert await read(store, Key(BOX, "copy")) == b"thing"
    await store.update(POINTER, PropsChange(user={"c": "d"}))
    assert dict((await store.stat(THING)).props.user) == {"a": "b"}
    with pytest.raises(Unsupported):
        await store.append(POINTER, BytesBody(b"more"), Put())
    await store.delete(POINTER)
    assert await read(store, THING) == b"thing"


async def test_cycles_and_nothing_end(store: Linked) -> None:
    await point(store, Key(BOX, "a"), Link(container=BOX, name="b"))
    await point(store, Key(BOX, "b"), Link(container=BOX, name="a"))
    await point(store, Key(BOX, "c"), Link(container="nowhere", name="x"))
    await point(store, Key(BOX, "d"), Link(container=BOX, name="thing", owner="another"))
    await point(store, Key(BOX, "e"), Link(container=BOX, name="thing", etag="0" * 32))
    for name, error in (("a", BrokenLink), ("c", DanglingLink), ("d", DanglingLink), ("e", BrokenLink)):
        with pytest.raises(error):
            await store.stat(Key(BOX, name))
        with pytest.raises(error):
            await read(store, Key(BOX, name))
    sizes = {row.name: row.size for row in (await store.list(BOX, ListQuery())).items if isinstance(row, Meta)}
    assert sizes == {"a": 0, "b": 0, "c": 0, "d": 0, "e": 0, "link": 5, "thing": 5}


async def test_the_reader_is_asked_for(store: Linked) -> None:
    asked: list[str] = []

    async def nobody(_: Store, bucket: BucketMeta, name: str) -> None:
        asked.append(f"{bucket.name}/{name}")
        raise Denied

    guarded = Linked(store.inner, nobody)
    for reading in (guarded.stat(POINTER), read(guarded, POINTER), guarded.copy(POINTER, Key(BOX, "copy"), Copy())):
        with pytest.raises(Denied):
            await reading
    assert asked == ["box/thing"] * 3
    assert {row.name for row in (await guarded.list(BOX, ListQuery())).items} == {"link", "thing"}
