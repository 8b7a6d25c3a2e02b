"""What uploads in segments leave to the store, on a real Swift: appends, DLOs of others, and clusters without SLO."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody
from gateway.core.capabilities import find
from gateway.core.capabilities.objects import Append
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import ConditionFailed
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Meta, Props, PropsChange, Put
from gateway.layers.segmented.sweep import sweep
from tests.conformance.tools import BUCKET, KEY, OLD, md5, names, put, read, rows, shown
from tests.stores.swift.conftest import SEGMENT, Direct, Opening, inner
from tests.stores.swift.test_large import LARGE, PIECES, unsized
from tests.support.bodies import Broken, Scripted, failing_at
from tests.support.faultproxy import Fault, proxied

MORE = LARGE[::-1]


@pytest.fixture
def appender(store: Store) -> Append:
    found = find(store, Append)
    assert found is not None
    return found


@pytest.mark.parametrize("size", (3, SEGMENT, len(LARGE)), ids=("small", "plain", "segments"))
async def test_f32_an_append_becomes_new_segments(store: Store, appender: Append, direct: Direct, size: int) -> None:
    old = LARGE[:size]
    await store.put(KEY, unsized(old), Put(props=Props(content_type="text/plain", user={"a": "1"})))
    meta = await appender.append(KEY, unsized(MORE), Put())
    assert (meta.size, meta.props.user, meta.props.content_type) == (size + len(MORE), {"a": "1"}, "text/plain")
    assert await store.stat(KEY) == meta
    assert await read(store, KEY) == old + MORE
    again = await appender.append(KEY, BytesBody(b"!"), Put(when=When(if_match=(meta.etag,))))
    assert again.etag != meta.etag
    assert await read(store, KEY) == old + MORE + b"!"
    assert [(row.size, row.etag) for row in await rows(store)] == [(size + len(MORE) + 1, again.etag)]
    with pytest.raises(ConditionFailed):
        await appender.append(KEY, BytesBody(b"!"), Put(when=When(if_match=(meta.etag,))))
    await sweep(inner(store), inner(store), 0)
    assert await read(store, KEY) == old + MORE + b"!"
    await store.delete(KEY)
    assert await direct.segments() == []


async def test_f32_an_append_moves_none_of_the_old_bytes(store: Store, direct: Direct, opening: Opening) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    async with proxied(direct.url) as proxy:
        url = f"{proxy.url}/v1/{direct.url.partition('/v1/')[2]}"
        async with opening(storage_url=url) as other:
            await other.append(KEY, BytesBody(b"!"), Put())
    assert sum(line.startswith("PUT ") and "/0000000" in line for line in proxy.lines) == 1
    reads = [line for line in proxy.lines if line.startswith("GET ") and "multipart-manifest" not in line]
    assert not any("_segments/portico/" in line or f"/{BUCKET}/{KEY.name}" in line for line in reads)
    assert await read(store, KEY) == LARGE + b"!"


async def test_an_append_that_breaks_leaves_the_object(store: Store, appender: Append, direct: Direct) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    before = await direct.segments()
    with pytest.raises(Broken):
        await appender.append(KEY, Scripted(PIECES, failing_at(len(PIECES))), Put())
    assert await read(store, KEY) == LARGE
    assert await direct.segments() == before


async def test_an_append_to_what_another_replica_changes_fails(
    store: Store, appender: Append, direct: Direct, opening: Opening
) -> None:
    async with opening() as other:
        for data in (LARGE, OLD):
            await store.put(KEY, unsized(data), Put())

            async def change(number: int) -> None:
                if number == 5:
                    await put(other, KEY, b"changed")

            with pytest.raises(ConditionFailed):
                await appender.append(KEY, Scripted(PIECES, change), Put())
            assert await read(store, KEY) == b"changed"
            assert await direct.segments() == []


async def test_appends_need_no_other_condition_of_the_upstream(direct: Direct, store: Store, opening: Opening) -> None:
    async with opening() as shared:
        for data in (b"one", b"two", b"three"):
            await ops.append(shared, KEY, BytesBody(data), Put())
        assert await read(shared, KEY) == b"onetwothree"
        assert await direct.segments() == []


async def test_an_append_that_was_killed_is_swept_and_the_object_kept(
    store: Store, appender: Append, direct: Direct
) -> None:
    await store.put(KEY, unsized(LARGE), Put())
    await appender.append(KEY, unsized(MORE), Put())
    whole = await direct.segments()
    upstream = inner(store)
    found = await upstream.stat(KEY)
    await upstream._up.notes.put(KEY, (await upstream._found(KEY)).upload)  # type: ignore[union-attr]
    appended = next(name for name in whole if name.count("/") == 4).split("/")
    await upstream._up.notes.put(KEY, "/".join(appended[2:4]))
    await direct("PUT", f"/{BUCKET}_segments/{'/'.join(appended[:3])}/{'e' * 32}/00000001", b"left")
    await upstream._up.notes.put(KEY, f"{appended[2]}/{'e' * 32}")
    await sweep(upstream, upstream, 0)
    assert await direct.segments() == whole
    assert await upstream.stat(KEY) == found
    assert await read(store, KEY) == LARGE + MORE


async def as_ftp_cloudfs(direct: Direct, name: str, parts: list[bytes]) -> None:
    """Store a large file as ftp-cloudfs did."""
    for number, data in enumerate(parts):
        await direct("PUT", f"/{BUCKET}/{quote(name)}.part/{number:06}", data)
    manifest = quote(f"{BUCKET}/{name}.part")
    await direct("PUT", f"/{BUCKET}/{quote(name)}", X_Object_Manifest=manifest, Content_Type="text/plain")


PARTS = [b"a" * 1000, b"b" * 1000, b"c" * 500]


async def listed(store: Store, **query: object) -> list[str]:
    page = await store.list(BUCKET, replace(ListQuery(), **query))  # type: ignore[arg-type]
    return [shown(row) if not isinstance(row, Meta) else f"{row.name} {row.size}" for row in page.items]


async def test_f20_f29_files_of_ftp_cloudfs_are_read_and_listed_without_their_parts(
    store: Store, direct: Direct
) -> None:
    for name in ("big file", "dir/ü.bin"):
        await as_ftp_cloudfs(direct, name, PARTS)
    await put(store, "plain.part/000000", OLD)
    assert await read(store, "big file") == b"".join(PARTS)
    for _ in range(2):
        assert await listed(store) == [
            "big file 2500",
            "dir/ü.bin 2500",
            f"plain.part/000000 {len(OLD)}",
        ]
    assert await listed(store, prefix="dir/", delimiter="/") == ["dir/ü.bin 2500"]
    assert await listed(store, prefix="dir/ü.bin.part/") == []
    assert await listed(store, prefix="dir/", reverse=True, limit=1) == ["dir/ü.bin 2500"]
    assert await listed(store, marker="dir/ü.bin", limit=1) == [f"plain.part/000000 {len(OLD)}"]
    assert await listed(store, limit=1, marker="big file") == ["dir/ü.bin 2500"]
    assert (await store.stat(Key(BUCKET, "big file"))).size == 2500


async def test_f20_sizes_of_such_files_are_asked_for_once(store: Store, direct: Direct, opening: Opening) -> None:
    for number in range(5):
        await as_ftp_cloudfs(direct, f"file{number}", PARTS)
    await store.put(KEY, unsized(LARGE), Put())
    async with proxied(direct.url, Fault(when="^HEAD ")) as proxy:
        url = f"{proxy.url}/v1/{direct.url.partition('/v1/')[2]}"
        async with opening(storage_url=url) as other:
            for heads in (5, 5):
                found = await listed(other, delimiter="/")
                assert found == [*(f"file{number} 2500" for number in range(5)), f"{KEY.name} {len(LARGE)}"]
                assert sum(line.startswith("HEAD ") for line in proxy.lines) == heads


@pytest.mark.parametrize("way", ("delete", "delete_many", "overwrite", "rename"))
async def test_f28_files_of_ftp_cloudfs_go_whole(store: Store, direct: Direct, way: str) -> None:
    await as_ftp_cloudfs(direct, "big", PARTS)
    await put(store, "big.part/other", OLD)
    assert len(await direct.names(BUCKET)) == 5
    if way == "delete":
        await store.delete(Key(BUCKET, "big"))
    elif way == "delete_many":
        await ops.delete_many(store, BUCKET, ["big"])
    elif way == "rename":
        await ops.rename(store, Key(BUCKET, "big"), Key(BUCKET, "new"))
        assert await read(store, "new") == b"".join(PARTS) + OLD
    else:
        assert (await store.stat(Key(BUCKET, "big"))).size == 2500 + len(OLD)
        await put(store, "big", b"new")
        assert await read(store, "big") == b"new"
    left = {"delete": [], "delete_many": [], "overwrite": ["big"], "rename": ["new"]}[way]
    assert await direct.names(BUCKET) == sorted(["big.part/other", *left])


async def test_dlos_of_swifts_own_client_go_whole_and_others_without_what_may_be_anybodys(
    store: Store, direct: Direct
) -> None:
    await direct("PUT", f"/{BUCKET}_segments")
    for prefix in ("client/1/2/3", "shared"):
        await direct("PUT", f"/{BUCKET}_segments/{prefix}/00000000", b"x" * 1000)
        await direct("PUT", f"/{BUCKET}/{prefix.partition('/')[0]}", X_Object_Manifest=f"{BUCKET}_segments/{prefix}/")
    await direct("PUT", f"/{BUCKET}/other", X_Object_Manifest=f"{BUCKET}_segments/shared/")
    await direct("PUT", f"/{BUCKET}/all", X_Object_Manifest=f"{BUCKET}/client")
    for name in ("client", "other", "all"):
        await store.delete(Key(BUCKET, name))
    assert await direct.segments() == ["shared/00000000"]
    assert await read(store, "shared") == b"x" * 1000


async def test_an_append_to_a_file_of_ftp_cloudfs_makes_a_new_one(
    store: Store, appender: Append, direct: Direct
) -> None:
    await as_ftp_cloudfs(direct, KEY.name, [LARGE[:1_000_000], LARGE[:1_000_000], b"end"])
    await appender.append(KEY, BytesBody(b"!"), Put())
    assert await read(store, KEY) == LARGE[:1_000_000] * 2 + b"end!"
    assert await names(store) == await direct.names(BUCKET) == [KEY.name]


async def test_where_a_cluster_has_no_slo_a_dlo_is_put_last(store: Store, appender: Append, direct: Direct) -> None:
    upstream = inner(store)
    upstream._up.info._known = replace(await upstream._up.info.get(), max_segments=0)
    await put(store, KEY, OLD)
    meta = await store.put(KEY, unsized(LARGE), Put(props=Props(user={"a": "1"})))
    assert (meta.size, meta.etag) == (len(LARGE), md5(LARGE))
    status, headers, data = await direct("GET", f"/{BUCKET}/{KEY.name}")
    assert (status, data) == (200, LARGE)
    assert headers["X-Object-Manifest"].startswith(f"{BUCKET}_segments/portico/")
    await store.update(KEY, PropsChange(user={"b": "2"}))
    assert [(row.size, row.etag) for row in await rows(store)] == [(len(LARGE), md5(LARGE))]
    assert (await store.stat(KEY)).props.user == {"a": "1", "b": "2"}
    await appender.append(KEY, BytesBody(b"!"), Put())
    assert await read(store, KEY) == LARGE + b"!"
    with pytest.raises(ConditionFailed):
        await store.put(KEY, unsized(MORE), Put(when=ABSENT))
    await sweep(upstream, upstream, 0)
    assert await read(store, KEY) == LARGE + b"!"
    await store.delete(KEY)
    assert await direct.segments() == []
