"""Properties of clients, and those of the product, which no request about metadata touches; and what a PUT lacks."""

from gateway.core.ops import stat_account, update_account
from gateway.core.types import Key, PropsChange
from tests.frontends.swift.world import World

SYSTEM = {"s3:kept": "as it is"}
SNEAKED = {"Sysmeta-A": "x", "Transient-Sysmeta-A": "x"}
"""What Swift's own servers tell each other by, and no client tells them."""


async def test_o04_of_accounts(world: World) -> None:
    await update_account(world.store, "test", PropsChange(system=SYSTEM))
    sneaked = {f"X-Account-{name}": value for name, value in SNEAKED.items()}
    assert (await world.do("POST", headers={**sneaked, "X-Account-Meta-A": "1", "X-Account-Meta-B": "2"})).status == 204
    found = await stat_account(world.store, "test")
    assert (found.user, found.system) == ({"a": "1", "b": "2"}, SYSTEM)
    shown = (await world.do("HEAD")).headers
    assert not [name for name in shown if "kept" in name.lower() or "sysmeta" in name.lower()]
    await world.do("POST", X_Remove_Account_Meta_A="x", X_Account_Meta_B="")
    found = await stat_account(world.store, "test")
    assert (found.user, found.system) == ({}, SYSTEM)


async def test_o04_of_containers(world: World) -> None:
    await world.container()
    await world.store.update_bucket("box", PropsChange(system=SYSTEM))
    sneaked = {f"X-Container-{name}": value for name, value in SNEAKED.items()}
    await world.do("POST", "box", headers={**sneaked, "X-Container-Meta-A": "1", "X-Container-Meta-B": "2"})
    found = await world.store.stat_bucket("box")
    assert (found.user, found.system["s3:kept"]) == ({"a": "1", "b": "2"}, "as it is")
    shown = (await world.do("HEAD", "box")).headers
    assert not [name for name in shown if "kept" in name.lower() or "sysmeta" in name.lower()]
    await world.do("POST", "box", X_Remove_Container_Meta_A="x", X_Container_Meta_B="")
    found = await world.store.stat_bucket("box")
    assert (found.user, found.system["s3:kept"]) == ({}, "as it is")


async def test_o04_of_objects(world: World) -> None:
    await world.container("box", "thing")
    key = Key("box", "thing")
    await world.store.update(key, PropsChange(system=SYSTEM))
    sneaked = {f"X-Object-{name}": value for name, value in SNEAKED.items()}
    await world.do("POST", "box", "thing", headers={**sneaked, "X-Object-Meta-A": "1", "X-Object-Meta-B": "2"})
    found = (await world.store.stat(key)).props
    assert (found.user, dict(found.system)) == ({"a": "1", "b": "2"}, SYSTEM)
    shown = (await world.do("HEAD", "box", "thing")).headers
    assert not [name for name in shown if "kept" in name.lower() or "sysmeta" in name.lower()]
    await world.do("POST", "box", "thing", X_Object_Meta_B="3")
    assert (await world.store.stat(key)).props.user == {"b": "3"}
    await world.do("POST", "box", "thing")
    found = (await world.store.stat(key)).props
    assert (found.user, dict(found.system)) == ({}, SYSTEM)
    assert (await world.do("GET", "box", "thing")).body == b"thing"


async def test_o08_what_a_put_lacks_is_told_apart(world: World) -> None:
    """Its data, the object that it is to copy, the name of that, the container, a part of the data."""
    await world.container()
    async with world.wire() as wire:
        await wire.send(
            b"PUT /v1/AUTH_test/box/new HTTP/1.1\r\nHost: x\r\n"
            b"X-Auth-Token: " + world.token("alice").encode() + b"\r\n\r\n"
        )
        unsized = await wire.answer()
    answers = [
        unsized,
        await world.do("PUT", "box", "new", X_Copy_From="box/none"),
        await world.do("PUT", "box", "new", X_Copy_From="box"),
        await world.do("PUT", "box", "new", body=b"data", X_Copy_From="box/none"),
        await world.do("PUT", "box", "new", body=b"data", Content_MD5="no digest", Etag="none"),
        await world.raw("PUT", "/v1/AUTH_test//new", b"data", X_Auth_Token=world.token("alice")),
    ]
    assert [answer.status for answer in answers] == [411, 404, 412, 400, 422, 404]
    assert len({(answer.status, answer.body) for answer in answers[:5]}) == 5
    assert await world.contents() == {"box"}
