import pytest

from gateway.auth.attempts import FOR_ALL_NAMES, FOR_ONE_NAME, SECONDS
from gateway.auth.guests import MAX_NAME, MAX_SECRET, Credentials
from gateway.auth.principals import Role, principal
from gateway.auth.tenancy import Tenancy
from gateway.core.context import RequestContext, enter
from gateway.core.errors import Unavailable
from tests.unit.auth.guests import LIFETIME, World


@pytest.mark.parametrize(
    ("login", "tenant", "user"),
    (("t.u", "t", "u"), ("t.u.v", "t", "u.v"), ("t:u.v", "t", "u.v"), ("t:u", "t", "u"), ("solo", "", "solo")),
)
async def test_f07_the_first_separator_ends_the_tenant(login: str, tenant: str, user: str) -> None:
    world = World()
    found = await world.guests.prove(login, "secret")
    assert found is not None
    assert (found.account.name, found.name, found.role) == (tenant, user, Role.ADMIN)
    assert world.upstream.asked == [Credentials(tenant, user, "secret")]


async def test_the_separator_is_a_setting() -> None:
    world = World("//")
    assert await world.guests.prove("t//u.v", "secret")
    assert await world.guests.prove("t.u", "secret") is None


async def test_f07_one_user_name_in_two_tenants_has_nothing_in_common() -> None:
    world = World()
    one, two = await world.guests.prove("t.u", "secret"), await world.guests.prove("other.u", "other-secret")
    assert one is not None
    assert two is not None
    assert one.account.id != two.account.id
    tenancy = Tenancy({})
    assert tenancy.store(principal(one)) is one.store
    assert tenancy.store(principal(two)) is two.store
    assert one.store is not two.store
    assert await world.guests.prove("other.u", "secret") is None
    assert await world.guests.prove("t.u", "other-secret") is None


async def test_no_configured_account_has_the_id_of_a_guests() -> None:
    world = World()
    guest = await world.guests.prove("t.u", "secret")
    assert guest is not None
    assert guest.account.id == "~t"
    assert world.registry.account(guest.account.id) is None
    solo = await world.guests.prove("solo", "secret")
    assert solo is not None
    assert solo.account.id == "~:solo"


@pytest.mark.parametrize(
    ("login", "secret"),
    (
        ("t.u", ""),
        ("t.u", "wrong"),
        ("t.", "secret"),
        ("", "secret"),
        ("t.\ud800", "secret"),
        ("t.u\r\nX-Auth-Key: x", "secret"),
        ("t.u", "secret\n"),
        ("t." + "u" * MAX_NAME, "secret"),
        ("t.u", "s" * (MAX_SECRET + 1)),
    ),
)
async def test_f04_what_is_nobodys_is_refused(login: str, secret: str) -> None:
    assert await World().guests.prove(login, secret) is None


async def test_an_outage_is_no_refusal() -> None:
    world = World()
    world.upstream.fault = Unavailable()
    for _ in range(FOR_ONE_NAME + 1):
        with pytest.raises(Unavailable):
            await world.guests.prove("t.u", "secret")


async def test_too_many_wrong_passwords_for_one_name_are_refused_unasked_for_a_while() -> None:
    world = World()
    enter(RequestContext(client="192.0.2.1"))
    for _ in range(FOR_ONE_NAME):
        assert await world.guests.prove("t.u", "wrong") is None
    assert len(world.upstream.asked) == FOR_ONE_NAME
    assert await world.guests.prove("t.u", "secret") is None
    assert await world.guests.prove("t:u", "secret") is None
    assert len(world.upstream.asked) == FOR_ONE_NAME
    assert await world.guests.prove("other.u", "other-secret")
    enter(RequestContext(client="192.0.2.2"))
    assert await world.guests.prove("t.u", "secret")
    enter(RequestContext(client="192.0.2.1"))
    world.now = SECONDS + 1
    assert await world.guests.prove("t.u", "secret")


async def test_a_right_password_clears_the_count() -> None:
    world = World()
    for _ in range(3):
        for _ in range(FOR_ONE_NAME - 1):
            assert await world.guests.prove("t.u", "wrong") is None
        assert await world.guests.prove("t.u", "secret")


async def test_one_client_may_not_try_many_names_either() -> None:
    world = World()
    for number in range(FOR_ALL_NAMES):
        await world.guests.prove(f"t.{number}", "wrong")
    assert await world.guests.prove("t.u", "secret") is None
    assert len(world.upstream.asked) == FOR_ALL_NAMES


async def test_s3_knows_a_guest_once_he_has_logged_in_and_for_as_long_as_a_token_lives() -> None:
    world = World()
    assert world.registry.by_access_key("t:u") is None
    await world.guests.prove("t.u", "wrong")
    assert world.registry.by_access_key("t:u") is None
    await world.guests.prove("t.u", "secret")
    for name in ("t:u", "t.u"):
        found = world.registry.by_access_key(name)
        assert found is not None
        assert (found.account.name, found.name, found.secret) == ("t", "u", "secret")
    for name in ("other:u", "t:u.v", "u", "t:u:", "", "\ud800"):
        assert world.registry.by_access_key(name) is None
    world.now = LIFETIME + 1
    assert world.registry.by_access_key("t:u") is None


async def test_held_secrets_are_sealed_and_never_shown() -> None:
    world = World()
    found = await world.guests.prove("t.u", "secret")
    assert found is not None
    assert world.guests._held
    assert all(b"secret" not in sealed for sealed in world.guests._held.values())
    assert "secret" not in f"{found!r} {principal(found)!r} {world.upstream.asked!r}"
