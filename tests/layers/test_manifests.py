"""Large objects, put together by the layer: what they show, which bytes come, and what breaks them."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.manifests import Manifests
from gateway.core.capabilities.multipart import Multipart, Parted
from gateway.core.conditions import When
from gateway.core.errors import BadRange, BrokenSegment, ConditionFailed, Denied, NotModified
from gateway.core.manifest import DYNAMIC, STATIC, Entry, Inline, Segment
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Copy, Key, ListQuery, Meta, Props, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.layers.manifests import Gate, LargeObjects
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.support.manifests import OPEN, assembling

LARGE = Key("box", "large")
SIZE = 100_000


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture(params=["memory", "catalog", "files"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LargeObjects]:
    settings = CatalogSettings(path=tmp_path, **({"inline_max": 0} if request.param == "files" else {}))
    layer = assembling(Memory() if request.param == "memory" else Catalog(settings))
    await layer.start()
    for name, owner in (("box", "me"), ("parts", "me"), ("theirs", "other")):
        await layer.create_bucket(name, BucketProps(owner=owner))
    yield layer
    await layer.aclose()


async def put(store: Store, key: Key, data: bytes, dlo: str = "") -> Meta:
    props = Props(content_type="text/x", user={"a": "b"}, system={DYNAMIC: dlo} if dlo else {})
    return await store.put(key, BytesBody(data), Put(props=props))


async def segment(store: Store, name: str, data: bytes, bucket: str = "parts", **more: int) -> Segment:
    meta = await put(store, Key(bucket, name), data)
    return Segment(container=bucket, name=name, size=len(data), etag=meta.etag, **more)  # type: ignore[arg-type]


def letters() -> list[bytes]:
    return [bytes([code]) * SIZE for code in b"abc"]


async def entries(store: Store) -> list[Entry]:
    first, second, third = [await segment(store, f"s{index}", data) for index, data in enumerate(letters())]
    return [first, Inline(b"inline"), second, third]


BODY = b"".join([letters()[0], b"inline", *letters()[1:]])


async def large(store: LargeObjects) -> Meta:
    return await store.put_manifest(LARGE, await entries(store), Put(props=Props(content_type="text/x")))


async def content(reader: Reader) -> bytes:
    """All bytes by `chunks`, or where there are regions, by these."""
    regions = reader.regions()
    if regions is None:
        return b"".join([chunk async for chunk in reader.chunks()])
    read = bytearray()
    async for region in regions:
        region.file.seek(region.offset)
        read += region.file.read(region.length)
    return bytes(read)


async def read(store: Store, key: Key = LARGE, span: Span | None = None, when: When | None = None) -> bytes:
    opened = store.open(key, span=span) if when is None else store.open(key, span=span, when=when)
    async with opened as reader:
        data = await content(reader)
        assert len(data) == len(reader.extent)
        return data


async def test_a_manifest_shows_what_it_stands_for(store: LargeObjects) -> None:
    meta = await large(store)
    digests = "".join(md5(data) for data in (letters()[0], b"inline", *letters()[1:]))
    assert (meta.size, meta.etag) == (len(BODY), f"{md5(digests.encode())}-4")
    found = await store.stat(LARGE)
    assert (found.size, found.etag, found.props.content_type) == (meta.size, meta.etag, "text/x")
    (row,) = (await store.list("box", ListQuery())).items
    assert isinstance(row, Meta)
    assert (row.size, row.etag) == (meta.size, meta.etag)
    assert await read(store) == BODY
    assert (await store.plain.stat(LARGE)).size < 2000


@pytest.mark.parametrize(
    ("span", "wanted"),
    (
        (Span(0, 0), slice(0, 1)),
        (Span(SIZE - 2, SIZE + 8), slice(SIZE - 2, SIZE + 9)),
        (Span(SIZE + 1, SIZE + 2), slice(SIZE + 1, SIZE + 3)),
        (Span(2 * SIZE, None), slice(2 * SIZE, None)),
        (Span(None, 5), slice(-5, None)),
        (Span(5, 10**9), slice(5, None)),
    ),
)
async def test_ranges_run_across_segments(store: LargeObjects, span: Span, wanted: slice) -> None:
    await large(store)
    assert await read(store, span=span) == BODY[wanted]


async def test_a_range_beyond_the_whole_tells_the_size_of_the_whole(store: LargeObjects) -> None:
    await large(store)
    with pytest.raises(BadRange) as raised:
        await read(store, span=Span(len(BODY), None))
    assert raised.value.size == len(BODY)


async def test_conditions_speak_of_the_whole(store: LargeObjects) -> None:
    meta = await large(store)
    own = (await store.plain.stat(LARGE)).etag
    for etag in (meta.etag, meta.etag.partition("-")[0]):
        same, other = When(if_match=(etag,)), When(if_none_match=(etag,))
        assert await read(store, when=same, span=Span(0, 9)) == BODY[:10]
        assert (await store.stat(LARGE, when=same)).etag == meta.etag
        for refused in (store.stat(LARGE, when=other), read(store, when=other)):
            with pytest.raises(NotModified):
                await refused
    for refused in (store.stat(LARGE, when=When(if_match=(own,))), read(store, when=When(if_match=(own,)))):
        with pytest.raises(ConditionFailed):
            await refused
    assert await read(store, when=When(if_none_match=(own,))) == BODY


async def test_conditions_of_writers_speak_of_the_whole(store: LargeObjects) -> None:
    meta = await large(store)
    same, wrong = When(if_match=(meta.etag,)), When(if_match=("x",))
    with pytest.raises(ConditionFailed):
        await store.put(LARGE, BytesBody(b"new"), Put(when=wrong))
    with pytest.raises(ConditionFailed):
        await store.delete(LARGE, when=wrong)
    with pytest.raises(ConditionFailed):
        await store.put(LARGE, BytesBody(b"new"), Put(when=When(if_none_match=(meta.etag,))))
    assert (await store.update(LARGE, PropsChange(user={"c": "d"}, when=same))).size == len(BODY)
    await store.put(LARGE, BytesBody(b"new"), Put(when=same))
    assert await read(store) == b"new"
    await large(store)
    assert (await store.delete(LARGE, when=same)).existed


@pytest.mark.parametrize("index", (0, 3))
@pytest.mark.parametrize("change", ("delete", "replace"))
async def test_a_segment_that_is_gone_or_changed_breaks_the_body(store: LargeObjects, index: int, change: str) -> None:
    listed = await entries(store)
    await store.put_manifest(LARGE, listed, Put())
    broken = listed[index]
    assert isinstance(broken, Segment)
    key = Key(broken.container, broken.name)
    if change == "delete":
        await store.delete(key)
    else:
        await put(store, key, b"z" * SIZE)
    received = bytearray()

    async def receive() -> None:
        async with store.open(LARGE) as reader:
            async for chunk in reader.chunks():
                received.extend(chunk)

    with pytest.raises(BrokenSegment):
        await receive()
    assert bytes(received) == (b"" if index == 0 else BODY[:-SIZE])
    assert (await store.stat(LARGE)).size == len(BODY)


async def test_a_range_does_not_touch_segments_outside_of_it(store: LargeObjects) -> None:
    await large(store)
    await store.delete(Key("parts", "s0"))
    assert await read(store, span=Span(SIZE, None)) == BODY[SIZE:]


async def test_manifests_nest_and_their_ranges_too(store: LargeObjects) -> None:
    inner = await large(store)
    whole = Segment(container="box", name="large", size=inner.size, etag=inner.etag.partition("-")[0], large=True)
    part = Segment(
        container="box", name="large", size=inner.size, etag=whole.etag, large=True, start=SIZE - 1, stop=SIZE + 7
    )
    outer = Key("box", "outer")
    await store.put_manifest(outer, [whole, part], Put())
    wanted = BODY + BODY[SIZE - 1 : SIZE + 7]
    assert await read(store, outer) == wanted
    assert await read(store, outer, Span(len(BODY) - 3, len(BODY) + 3)) == wanted[len(BODY) - 3 : len(BODY) + 4]
    await put(store, LARGE, b"no manifest any more")
    with pytest.raises(BrokenSegment):
        await read(store, outer)


async def test_ten_levels_are_read_and_eleven_are_not(store: LargeObjects) -> None:
    meta = await put(store, Key("parts", "level0"), b"deep")
    below = Segment(container="parts", name="level0", size=4, etag=meta.etag)
    for level in range(1, 12):
        key = Key("parts", f"level{level}")
        meta = await store.put_manifest(key, [below], Put())
        below = Segment(container="parts", name=key.name, size=4, etag=meta.etag.partition("-")[0], large=True)
    assert await read(store, Key("parts", "level10")) == b"deep"
    with pytest.raises(BrokenSegment):
        await read(store, Key("parts", "level11"))


async def test_a_cycle_ends(store: LargeObjects) -> None:
    """Each names the other with the digest that the other has."""
    meta = await put(store, Key("parts", "x"), b"abc")
    one = await store.put_manifest(
        Key("box", "a"), [Segment(container="parts", name="x", size=3, etag=meta.etag)], Put()
    )
    etag = one.etag.partition("-")[0]
    loop = Segment(container="box", name="a", size=3, etag=etag, large=True)
    static = (await store.plain.stat(Key("box", "a"))).props.system[STATIC]
    await store.put_manifest(Key("box", "a"), [loop], Put())
    await store.plain.update(Key("box", "a"), PropsChange(system={STATIC: static}))
    with pytest.raises(BrokenSegment):
        await read(store, Key("box", "a"))


async def test_segments_of_other_accounts_are_never_read(store: LargeObjects) -> None:
    await store.put_manifest(LARGE, [await segment(store, "x", b"theirs", bucket="theirs")], Put())
    with pytest.raises(BrokenSegment):
        await read(store)


async def test_each_segment_is_asked_for(store: LargeObjects) -> None:
    asked: list[tuple[str, str]] = []

    async def listing(_: Store, bucket: BucketMeta) -> None:
        raise Denied

    async def reading(_: Store, bucket: BucketMeta, name: str) -> None:
        asked.append((bucket.name, name))
        if name == "s1":
            raise Denied

    await large(store)
    guarded = LargeObjects(store.inner, Gate(reading, listing))
    assert await read(guarded, span=Span(0, 9)) == BODY[:10]
    assert asked == [("parts", "s0")]
    with pytest.raises(BrokenSegment):
        await read(guarded)
    await put(guarded, Key("box", "dynamic"), b"", dlo="parts/s")
    with pytest.raises(Denied):
        await guarded.stat(Key("box", "dynamic"))
    rows = {row.name: row.size for row in (await guarded.list("box", ListQuery())).items if isinstance(row, Meta)}
    assert rows == {"dynamic": 0, "large": len(BODY)}
    asked.clear()
    await put(guarded, Key("parts", "plain"), b"plain")
    assert await read(guarded, Key("parts", "plain")) == b"plain"
    assert asked == []


async def test_a_dynamic_manifest_shows_what_its_prefix_holds_now(store: LargeObjects) -> None:
    await entries(store)
    await put(store, LARGE, b"own bytes", dlo="parts/s")
    wanted = b"".join(letters())
    digests = "".join(md5(data) for data in letters())
    meta = await store.stat(LARGE)
    assert (meta.size, meta.etag) == (len(wanted), f"{md5(digests.encode())}-3")
    (row,) = (await store.list("box", ListQuery())).items
    assert isinstance(row, Meta)
    assert row.size == len(wanted)
    assert await read(store) == wanted
    assert await read(store, span=Span(SIZE - 1, SIZE), when=When(if_match=(meta.etag,))) == b"ab"
    await put(store, Key("parts", "s9"), b"more")
    assert await read(store) == wanted + b"more"
    assert (await read(store.plain)) == b"own bytes"
    await store.update(LARGE, PropsChange(system={DYNAMIC: "parts/none"}))
    assert await read(store) == b""


async def test_a_static_manifest_is_one_segment_of_a_dynamic_one(store: LargeObjects) -> None:
    await large(store)
    await put(store, Key("parts", "all"), b"", dlo="box/large")
    assert await read(store, Key("parts", "all")) == BODY


async def test_copies_hold_the_bytes_themselves(store: LargeObjects) -> None:
    await large(store)
    await put(store, Key("box", "dynamic"), b"", dlo="parts/s")
    copies = [
        await store.copy(Key("box", name), Key("box", f"copy of {name}"), Copy()) for name in ("large", "dynamic")
    ]
    assert [copy.etag for copy in copies] == [md5(BODY), md5(b"".join(letters()))]
    assert copies[0].props.content_type == "text/x"
    await store.delete(Key("parts", "s0"))
    assert await read(store, Key("box", "copy of large")) == BODY
    assert await read(store, Key("box", "copy of dynamic")) == b"".join(letters())


async def test_a_copy_onto_itself_changes_properties_only(store: LargeObjects) -> None:
    meta = await large(store)
    done = await store.copy(
        LARGE, LARGE, Copy(props=Props(content_type="text/y"), source_when=When(if_match=(meta.etag,)))
    )
    assert (done.size, done.etag, done.props.content_type) == (meta.size, meta.etag, "text/y")
    assert await read(store) == BODY


async def test_what_is_appended_to_holds_the_bytes_itself(store: LargeObjects) -> None:
    await large(store)
    await ops.append(store, LARGE, BytesBody(b"more"), Put())
    await store.delete(Key("parts", "s0"))
    assert await read(store) == BODY + b"more"


async def test_a_rename_takes_the_manifest_along(store: LargeObjects) -> None:
    await large(store)
    assert (await ops.rename(store, LARGE, Key("box", "new"))).size == len(BODY)
    assert await read(store, Key("box", "new")) == BODY


async def test_a_part_may_be_copied_from_a_large_object(store: LargeObjects) -> None:
    await large(store)
    native = find(store, Multipart)
    assert native is not None
    target = Key("box", "target")
    upload = (await native.create_upload(target, Put())).id
    part = await native.copy_part(target, upload, 1, LARGE, span=Span(SIZE - 1, SIZE + 5))
    await native.complete_upload(target, upload, [PartRef(1, part.etag)])
    assert await read(store, target) == BODY[SIZE - 1 : SIZE + 6]


async def test_segments_are_told_as_parts(store: LargeObjects) -> None:
    await large(store)
    parted = find(store, Parted)
    assert parted is not None
    told = await parted.object_parts(LARGE, marker=1, limit=2)
    assert [(part.number, part.offset, part.size) for part in told.parts] == [(2, SIZE, 6), (3, SIZE + 6, SIZE)]
    assert (told.total, told.meta.size) == (4, len(BODY))


async def test_nobody_makes_a_manifest_by_properties(store: LargeObjects) -> None:
    meta = await large(store)
    await store.put(Key("box", "false"), BytesBody(b"[]"), Put(props=meta.props))
    assert await read(store, Key("box", "false")) == b"[]"


def test_the_layer_needs_a_store_whose_listings_tell_manifests() -> None:
    silent = Memory()
    silent.caps = replace(silent.caps, listed_props=False)
    with pytest.raises(ValueError, match="listings"):
        LargeObjects(silent, OPEN)
    assert find(assembling(Memory()), Manifests) is not None
