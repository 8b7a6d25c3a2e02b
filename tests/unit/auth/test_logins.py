import asyncio

import pytest

from gateway.auth.logins import REFUSAL_SECONDS, Logins
from gateway.auth.principals import Registry
from tests.unit.auth.guests import CONFIGURED, World


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long refusals were held back."""
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


@pytest.mark.parametrize("login", ("alice", "acme:alice"))
async def test_configured_users_win(login: str) -> None:
    world = World()
    world.upstream.known["", "alice"] = world.upstream.known["acme", "alice"] = "upstream-secret"
    logins = Logins(world.registry)
    found = await logins.by_login(login, "alice-secret")
    assert found is not None
    assert found.store is None
    assert await logins.by_login(login, "upstream-secret") is None
    assert world.upstream.asked == []


@pytest.mark.parametrize("login", ("twin", "acme", "acme:nobody", "acme:", "ALICE"))
async def test_names_of_configured_accounts_never_reach_the_upstream(login: str) -> None:
    world = World()
    assert await Logins(world.registry).by_login(login, "secret") is None
    assert await Logins(world.registry).by_name(login, "secret") is None
    assert world.upstream.asked == []


async def test_unknown_names_are_guests_in_both_protocols() -> None:
    world = World()
    logins = Logins(world.registry)
    for found in (await logins.by_login("t.u", "secret"), await logins.by_name("t:u", "secret")):
        assert found is not None
        assert found.store is not None


async def test_no_refusal_is_sooner_than_another(slept: list[float]) -> None:
    """Of a configured user, a known and an unknown tenant, a name that can't be, a client that is blocked."""
    world = World()
    logins = Logins(world.registry)
    names = ["alice", "acme:nobody", "t.u", "nobody.u", "\n", *["t.u"] * 10]
    for name in names:
        assert await logins.by_login(name, "wrong") is None
        assert await logins.by_name(name, "wrong") is None
    assert len(slept) == 2 * len(names)
    assert all(0.9 < delay <= REFUSAL_SECONDS for delay in slept)


async def test_without_guests_nothing_is_held_back(slept: list[float]) -> None:
    logins = Logins(Registry(CONFIGURED))
    assert await logins.by_login("alice", "wrong") is None
    assert await logins.by_login("t.u", "secret") is None
    assert await logins.by_name("acme:alice", "alice-secret")
    assert slept == []
