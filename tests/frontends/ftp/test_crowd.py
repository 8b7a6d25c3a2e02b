"""Limits of sessions by user, and bans."""

from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import World, until


async def refused(world: World) -> int:
    client = await world.connect()
    assert await client.code("USER alice") == 331
    return await client.code("PASS wrong")


async def test_a_user_has_no_more_sessions_than_the_settings_say(serve: Serve) -> None:
    world = await serve(max_sessions_per_user=2, profiles={"rita": {"max_sessions": 1}})
    first, _, rita = await world.login(), await world.login(), await world.login("rita")
    for name in ("alice", "rita"):
        client = await world.connect()
        assert await client.code(f"USER {name}") == 331
        assert await client.code(f"PASS {name}-secret") == 421
        assert await client.at_end()
    await world.login("walter")
    await first.close()
    await rita.do("REIN")
    await until(lambda: world.frontend.connections == 3)
    await world.login()
    await world.login("rita")


async def test_addresses_of_many_wrong_logins_are_kept_out(serve: Serve) -> None:
    world = await serve(ban_after=3)
    known = await world.login()
    assert [await refused(world) for _ in range(3)] == [530, 530, 421]
    stranger = await world.open()
    assert (await stranger.answer()).code == 421
    assert await stranger.at_end()
    assert await known.code("NOOP") == 200


async def test_nobody_is_banned_where_that_is_switched_off(serve: Serve) -> None:
    world = await serve(ban_after=0)
    assert {await refused(world) for _ in range(40)} == {530}
