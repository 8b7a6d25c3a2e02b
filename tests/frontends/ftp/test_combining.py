"""COMB."""

import pytest

from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.store import Store
from gateway.core.uploads import UploadQuery
from tests.frontends.ftp.world import OTHER, World, make_bucket, upload

STORES = ("memory", "catalog")

PARTS = {f"f.part{number}": bytes([number]) * 100_000 for number in range(3)}
WHOLE = b"".join(PARTS.values())


async def begun(store: Store) -> int:
    multipart = find(store, Multipart)
    assert multipart is not None
    return len((await multipart.uploads("c", UploadQuery())).items)


async def test_parts_become_one_file(world: World) -> None:
    client = await world.login()
    for name, data in PARTS.items():
        assert (await upload(client, f"STOR /c/d/{name}", data)).code == 226
    await world.put("other")
    await client.do("CWD /c/d")
    assert (await client.do(f"COMB f {' '.join(PARTS)}")).code == 250
    assert await world.get("d/f") == WHOLE
    assert await world.names() == ["d/f", "other"]
    assert await begun(world.store) == 0


async def test_the_target_may_be_one_of_the_parts_and_names_be_quoted(world: World) -> None:
    await world.put("my file", b"one", content_type="text/csv")
    await world.put('a "b" c', b"two")
    client = await world.login()
    await client.do("CWD /c")
    assert await client.code('COMB "my file" "my file" "a ""b"" c"') == 250
    assert await world.get("my file") == b"onetwo"
    assert await world.names() == ["my file"]


@pytest.mark.parametrize(
    ("line", "code"),
    (
        ("COMB", 501),
        ("COMB /c/f", 501),
        ("COMB /c/f /c/a /c/a", 501),
        ("COMB /c/f /c/a /c/no", 550),
        ("COMB /c/d /c/a", 550),
        ("COMB /c/f /c/d", 550),
        ("COMB /c/f /foreign/x", 550),
        ("COMB /foreign/f /c/a", 550),
        ("COMB /c /c/a", 550),
        ("COMB /c/f /", 550),
    ),
)
async def test_what_is_refused_changes_nothing(world: World, line: str, code: int) -> None:
    await make_bucket(world.store, "foreign", OTHER)
    await world.put("a", b"one")
    await world.put("d/x")
    await world.put("f", b"old")
    client = await world.login()
    assert await client.code(line) == code
    assert await world.names() == ["a", "d/x", "f"]
    assert await world.get("f") == b"old"
    assert await begun(world.store) == 0


@pytest.mark.parametrize(("user", "code"), (("rita", 550), ("nina", 550), ("walter", 250)))
async def test_sources_need_rights_of_their_own(world: World, user: str, code: int) -> None:
    await world.put("a", b"one")
    client = await world.login(user)
    assert await client.code("COMB /c/f /c/a") == code
