"""Uploads that broke and go on, and ALLO, which tells that one has not come whole."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.store import Store
from gateway.core.uploads import Upload, UploadQuery
from gateway.stores.catalog import Catalog, CatalogSettings
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import HOST, SECONDS, Client, World, download, make_bucket, send, serving, upload

STORES = ("memory", "catalog")

WHOLE = bytes(range(256)) * 3000
FIRST, REST = WHOLE[:500_000], WHOLE[500_000:]


async def kept(store: Store) -> list[Upload]:
    multipart = find(store, Multipart)
    assert multipart is not None
    return [row for row in (await multipart.uploads("c", UploadQuery(kept=True))).items if isinstance(row, Upload)]


async def break_upload(world: World, client: Client, line: str = "STOR /c/f", data: bytes = FIRST) -> None:
    """Send some of a file, and abort it once all of that has arrived."""
    with await client.passive() as sock:
        assert (await client.do(line)).code == 150
        await send(sock, data)
        await world.until_received(len(data))
        assert await client.code("ABOR") == 426
    assert (await client.answer()).code == 226


async def partial_of(client: Client, path: str = "/c/f") -> int:
    """Bytes that came, which ABOR may have cut short."""
    answer = await client.do(f"SIZE {path}")
    assert answer.code == 213, answer
    return int(answer.text)


async def vanish(world: World) -> None:
    client = await world.login()
    sock = await client.passive()
    assert (await client.do("STOR /c/f")).code == 150
    await send(sock, FIRST)
    await world.until_received(len(FIRST))
    client.reset()
    sock.close()


async def lose_data(world: World) -> None:
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await send(sock, FIRST)
        await world.until_received(len(FIRST))
        await client.do("ABOR")


@pytest.mark.parametrize("lose", (vanish, lose_data), ids=("the client vanishes", "it aborts"))
async def test_f25_an_upload_that_broke_goes_on_in_another_session(
    world: World, lose: Callable[[World], Awaitable[None]]
) -> None:
    await lose(world)
    client = await world.login()
    await until_true(lambda: kept(world.store))
    for line in ("RETR /c/f", "MDTM /c/f", "MLST /c/f"):
        await client.do("EPSV")
        assert await client.code(line) == 550, line
    assert await download(client, "MLSD /c") == b""
    size = await partial_of(client)
    assert 0 < size <= len(FIRST)
    await client.do(f"REST {size}")
    assert (await upload(client, "STOR /c/f", WHOLE[size:])).code == 226
    assert await world.get("f") == WHOLE
    assert await kept(world.store) == []
    assert await partial_of(client) == len(WHOLE)


async def until_true(ask: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await ask():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_appe_goes_on_with_an_upload_that_broke(world: World) -> None:
    client = await world.login()
    await break_upload(world, client)
    size = await partial_of(client)
    assert (await upload(client, "APPE /c/f", WHOLE[size:])).code == 226
    assert await world.get("f") == WHOLE


async def test_an_upload_that_breaks_again_goes_on_again(world: World) -> None:
    client = await world.login()
    await break_upload(world, client, data=FIRST[:200_000])
    first = await partial_of(client)
    await client.do(f"REST {first}")
    await break_upload(world, client, data=WHOLE[first : first + 100_000])
    second = await partial_of(client)
    assert second > first
    assert await download(client, "NLST /c") == b""
    await client.do(f"REST {second}")
    assert (await upload(client, "STOR /c/f", WHOLE[second:])).code == 226
    assert await world.get("f") == WHOLE


async def test_what_came_is_never_told_to_be_the_whole(world: World) -> None:
    """All bytes had come, but nothing says so: a client that asks where to go on must have something left to send."""
    client = await world.login()
    await client.do(f"ALLO {len(WHOLE) + 1}")
    assert (await upload(client, "STOR /c/f", WHOLE)).code == 426
    assert await partial_of(client) == len(WHOLE) - 1
    assert (await upload(client, "APPE /c/f", WHOLE[-1:])).code == 226
    assert await world.get("f") == WHOLE


async def test_nobody_else_sees_or_goes_on_with_it(world: World) -> None:
    await break_upload(world, await world.login())
    other = await world.login("walter")
    assert await other.code("SIZE /c/f") == 550
    await other.do(f"REST {len(FIRST)}")
    assert (await upload(other, "STOR /c/f", REST)).code == 550
    assert (await upload(other, "APPE /c/f", b"new")).code == 226
    assert await world.get("f") == b"new"


async def test_the_old_file_stands_until_the_new_one_is_whole(world: World) -> None:
    await world.put("f", b"old")
    client = await world.login()
    await break_upload(world, client)
    assert await partial_of(client) == 3
    assert await download(client, "RETR /c/f") == b"old"
    size = await parts_size(world)
    await client.do("REST 1")
    answer = await upload(client, "STOR /c/f", b"x")
    assert (answer.code, answer.text.endswith(f"at 3 or {size}")) == (554, True)
    await client.do(f"REST {size}")
    assert (await upload(client, "STOR /c/f", WHOLE[size:])).code == 226
    assert await world.get("f") == WHOLE


async def parts_size(world: World) -> int:
    multipart = find(world.store, Multipart)
    assert multipart is not None
    (found,) = await kept(world.store)
    return sum(part.size for part in (await multipart.parts(found.key, found.id)).items)


async def test_what_came_belongs_to_no_file_that_was_written_since(world: World) -> None:
    await world.put("f", b"old")
    client = await world.login()
    await break_upload(world, client)
    size = await parts_size(world)
    await world.put("f", b"newer")
    await client.do(f"REST {size}")
    assert (await upload(client, "STOR /c/f", WHOLE[size:])).code == 554
    assert await world.get("f") == b"newer"


async def test_a_file_that_is_written_while_an_upload_goes_on_stays(world: World) -> None:
    client = await world.login()
    await break_upload(world, client)
    size = await partial_of(client)
    await client.do(f"REST {size}")
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await world.put("f", b"newer")
        await send(sock, WHOLE[size:])
    assert (await client.answer()).code == 450
    assert await world.get("f") == b"newer"
    assert await kept(world.store) == []


async def test_one_session_at_a_time_goes_on(world: World) -> None:
    client, other = await world.login(), await world.login()
    await break_upload(world, client)
    size = await partial_of(client)
    with await client.passive() as sock:
        assert (await client.do("APPE /c/f")).code == 150
        assert (await upload(other, "APPE /c/f", b"x")).code == 450
        await send(sock, WHOLE[size:])
    assert (await client.answer()).code == 226
    assert await world.get("f") == WHOLE


async def test_a_fresh_upload_or_dele_drops_what_came_before(world: World) -> None:
    client = await world.login()
    await break_upload(world, client)
    assert (await upload(client, "STOR /c/f", b"fresh")).code == 226
    assert await kept(world.store) == []
    assert await world.get("f") == b"fresh"
    await break_upload(world, client, "STOR /c/g")
    assert await client.code("DELE /c/g") == 250
    assert await kept(world.store) == []
    assert await client.code("DELE /c/g") == 550


async def test_nothing_is_kept_of_appends_and_text(world: World) -> None:
    client = await world.login()
    await break_upload(world, client, "APPE /c/f")
    await client.do("TYPE A")
    await break_upload(world, client, "STOR /c/f")
    assert await kept(world.store) == []


async def test_what_is_kept_is_bounded_in_space_and_time(serve: Serve) -> None:
    world = await serve(partial_space=1_000_000)
    client = await world.login()
    for name in ("a", "b", "c"):
        await break_upload(world, client, f"STOR /c/{name}")
    assert [row.name for row in await kept(world.store)] == ["b", "c"]
    assert await client.code("SIZE /c/a") == 550
    await break_upload(world, client, "STOR /c/large", WHOLE + WHOLE)
    assert await kept(world.store) == []
    brief = await serve(keep_partials=0.2)
    await break_upload(brief, await brief.login())

    async def is_gone() -> bool:
        return not await kept(brief.store)

    await until_true(is_gone)
    never = await serve(keep_partials=0)
    await break_upload(never, await never.login())
    assert await kept(never.store) == []


async def opened(path: Path) -> Store:
    store = Catalog(CatalogSettings(path=path))
    await store.start()
    return store


@pytest.mark.parametrize("legs", (1, 2, 3))
async def test_f24_what_came_outlives_the_process(tmp_path: Path, legs: int) -> None:
    """Of several attempts the last may have been the end: it is sent again rather than taken for the whole."""
    store = await opened(tmp_path / "kept")
    await make_bucket(store)
    sizes = [0]
    async with serving(store) as world:
        client = await world.login()
        for _ in range(legs):
            await client.do(f"REST {sizes[-1]}")
            await break_upload(world, client, data=WHOLE[sizes[-1] : sizes[-1] + 200_000])
            sizes.append(await partial_of(client))
    await store.aclose()
    store = await opened(tmp_path / "kept")
    async with serving(store) as world:
        client = await world.login()

        async def is_known() -> bool:
            return await client.code("SIZE /c/f") == 213

        await until_true(is_known)
        size = await partial_of(client)
        assert size == (sizes[1] if legs == 1 else sizes[-2])
        assert (await upload(client, "APPE /c/f", WHOLE[size:])).code == 226
        assert await world.get("f") == WHOLE
    await store.aclose()


async def test_curl_goes_on_with_its_own_upload(world: World, tmp_path: Path) -> None:
    source = tmp_path / "f"
    source.write_bytes(WHOLE)
    await break_upload(world, await world.login())
    url = f"ftp://{HOST}:{world.port}/c/f"
    command = ("curl", "-sS", "-C", "-", "-u", "alice:alice-secret", "-T", str(source), url)
    await asyncio.to_thread(subprocess.run, command, check=True, timeout=SECONDS)
    assert await world.get("f") == WHOLE
    assert [event.operation for event in world.events if event.received][-1] == "APPE"


@pytest.mark.parametrize("verb", ("STOR", "APPE", "STOU"))
async def test_an_upload_shorter_than_announced_is_refused(world: World, verb: str) -> None:
    client = await world.login()
    await world.put("f", b"old")
    path = "/c" if verb == "STOU" else "/c/f"
    await client.do("CWD /c")
    least = 10 + 3 * (verb == "APPE")
    assert await client.code(f"ALLO {least}") == 200
    answer = await upload(client, f"{verb} {path}" if verb != "STOU" else verb, b"123456789")
    assert (answer.code, f"ALLO told of {least}" in answer.text) == (426, True)
    assert await world.get("f") == b"old"
    assert await world.names() == ["f"]
    assert (await upload(client, f"{verb} {path}" if verb != "STOU" else verb, b"12")).code == 226


async def test_an_announced_upload_may_be_longer_and_goes_on(world: World) -> None:
    client = await world.login()
    await client.do("ALLO 10")
    assert (await upload(client, "STOR /c/f", b"0123456789ab")).code == 226
    await client.do("ALLO 10")
    assert (await upload(client, "STOR /c/g", b"0123")).code == 426
    assert await partial_of(client, "/c/g") == 3
    await client.do("ALLO 10")
    await client.do("REST 3")
    assert (await upload(client, "STOR /c/g", b"3456789")).code == 226
    assert await world.get("g") == b"0123456789"


@pytest.mark.parametrize(
    ("line", "code"),
    (
        ("ALLO 0", 202),
        ("ALLO 100 R 80", 202),
        ("allo 1000 r 80", 202),
        ("ALLO", 501),
        ("ALLO x", 501),
        ("ALLO -1", 501),
    ),
)
async def test_allo_that_asks_for_room_promises_nothing(world: World, line: str, code: int) -> None:
    client = await world.login()
    assert await client.code(line) == code
    assert (await upload(client, "STOR /c/f", b"few")).code == 226


async def test_allo_holds_for_one_upload_even_if_it_is_refused(world: World) -> None:
    client = await world.login()
    await client.do("ALLO 100")
    assert (await upload(client, "STOR /c", b"x")).code == 550
    assert (await upload(client, "STOR /c/f", b"few")).code == 226


async def test_allo_promises_nothing_in_text_or_where_that_is_switched_off(serve: Serve) -> None:
    world = await serve(check_allocation=False)
    client = await world.login()
    assert await client.code("ALLO 100") == 202
    assert (await upload(client, "STOR /c/f", b"few")).code == 226
    text = await (await serve()).login()
    await text.do("TYPE A")
    await text.do("ALLO 100")
    assert (await upload(text, "STOR /c/f", b"few")).code == 226


async def test_what_no_store_holds_is_refused_beforehand(serve: Serve, store: Store) -> None:
    world = await serve()
    client = await world.login()
    if store.caps.max_object is not None:
        assert await client.code(f"ALLO {store.caps.max_object + 1}") == 552
