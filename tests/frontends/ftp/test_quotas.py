"""Room for uploads by the quotas of users, and AVBL."""

import pytest

from gateway.core.quotas import BYTES
from gateway.core.types import PropsChange
from gateway.layers.quotas import Quotas
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import make_bucket, serving, upload

STORES = ("memory", "catalog")


@pytest.mark.parametrize("home", ("/", "/c"))
async def test_uploads_fill_a_home_up_to_its_quota(serve: Serve, home: str) -> None:
    world = await serve(profiles={"alice": {"home": home, "quota_bytes": 10, "quota_files": 3}})
    client, base = await world.login(), "/c" if home == "/" else ""
    assert (await upload(client, f"STOR {base}/a", bytes(11))).code == 552
    assert (await upload(client, f"STOR {base}/a", bytes(6))).code == 226
    assert (await upload(client, f"STOR {base}/b", bytes(5))).code == 552
    assert (await upload(client, f"APPE {base}/a", bytes(5))).code == 552
    assert (await upload(client, f"APPE {base}/a", bytes(4))).code == 226
    assert (await upload(client, f"STOR {base}/b", b"1")).code == 552
    assert (await upload(client, f"STOR {base}/b", b"")).code == 226
    assert (await upload(client, f"STOU {base}/c", b"")).code == 226
    assert (await upload(client, f"STOR {base}/d", b"")).code == 552
    assert [len(await world.get(name)) for name in await world.names()] == [10, 0, 0]


async def test_a_quota_ends_an_upload_before_it_is_whole(serve: Serve) -> None:
    world = await serve(profiles={"alice": {"home": "/c", "quota_bytes": 100_000}})
    client = await world.login()
    with await client.passive() as sock:
        assert await client.code("STOR f") == 150
        sock.setblocking(True)
        sock.settimeout(20)
        sock.sendall(bytes(100_001))
        assert (await client.answer()).code == 552
    assert await world.names() == []


async def test_what_allo_announces_has_to_have_room(serve: Serve) -> None:
    world = await serve(profiles={"alice": {"home": "/c", "quota_bytes": 100}})
    client = await world.login()
    await client.do("ALLO 101")
    with await client.passive():
        assert await client.code("STOR f") == 552
    assert await world.names() == []


async def test_what_lies_in_virtual_folders_is_not_counted(serve: Serve) -> None:
    world = await serve(profiles={"alice": {"home": "/c", "quota_bytes": 1, "folders": {"/o": "/other"}}})
    await make_bucket(world.store, "other")
    client = await world.login()
    assert (await upload(client, "STOR o/f", bytes(9))).code == 226


async def test_avbl_tells_the_room_of_the_user(serve: Serve) -> None:
    world = await serve(profiles={"alice": {"home": "/c", "quota_bytes": 10}, "rita": {}})
    await world.put("f", bytes(4))
    client = await world.login()
    assert (await client.do("AVBL")).text == "6"
    assert await client.code("AVBL f") == 550
    await world.put("g", bytes(40))
    assert (await client.do("AVBL /")).text == "0"
    assert await client.code("AVBL missing") == 550
    assert await (await world.login("rita")).code("AVBL c") == 550


async def test_avbl_tells_the_room_of_the_bucket(serve: Serve) -> None:
    world = await serve()
    async with serving(Quotas(world.store), profiles={"alice": {"quota_bytes": 90}}) as limited:
        client = await limited.login()
        await world.store.update_bucket("c", PropsChange(user={BYTES: "50"}))
        assert (await client.do("AVBL c")).text == "50"
        assert (await client.do("AVBL /")).text == "90"
