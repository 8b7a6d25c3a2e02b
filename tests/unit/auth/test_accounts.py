"""Accounts of the configuration, and those beside them, over several namespaces."""

import pytest

from gateway.auth.accounts import Accounts, is_identifier
from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.tenancy import Tenancy
from gateway.core.types import ListQuery, PropsChange
from gateway.stores.memory import Memory
from tests.support.stores import Plain

PLAIN = PropsChange()
NEAR = Account("near", "its name", email="near@example.org")
FAR = Account("far", "far away", "far")
STORELESS = Account("plain", "plain", "plain")


@pytest.fixture
def stores() -> tuple[Memory, Memory]:
    return Memory(), Memory()


@pytest.fixture
def accounts(stores: tuple[Memory, Memory]) -> Accounts:
    users = [User(each, "user", each.id.upper(), "secret", Role.ADMIN) for each in (NEAR, FAR, STORELESS)]
    near, far = stores
    return Accounts(Registry(users), Tenancy({"default": near, "far": far, "plain": Plain(Memory())}))


async def test_each_is_found_in_its_namespace(accounts: Accounts, stores: tuple[Memory, Memory]) -> None:
    near, far = stores
    await near.create_account("one", PLAIN)
    await far.create_account("two", PLAIN)
    assert await accounts.find("near") is accounts.configured("near") is NEAR
    assert accounts.of_email("Near@example.org") is NEAR
    assert await accounts.find("one") == Account("one", "one")
    assert await accounts.find("two") == Account("two", "two", "far")
    for missing in ("three", "", "~guest", ":SERVICE_one"):
        assert await accounts.find(missing) is None


async def test_the_configuration_wins(accounts: Accounts, stores: tuple[Memory, Memory]) -> None:
    await stores[1].create_account("near", PLAIN)
    assert await accounts.find("near") is NEAR
    assert [row.name for row in (await accounts.page(ListQuery())).items] == ["far", "near", "plain"]


@pytest.mark.parametrize("reverse", (False, True))
@pytest.mark.parametrize("limit", (1, 2, 3, 8))
async def test_pages_of_all_namespaces_are_one_listing(
    accounts: Accounts, stores: tuple[Memory, Memory], limit: int, reverse: bool
) -> None:
    for number, store in enumerate(stores):
        for name in ("a", "f", "n", "z"):
            await store.create_account(f"{name}{number}", PLAIN)
    whole = sorted(["far", "near", "plain", *(f"{name}{number}" for name in "afnz" for number in (0, 1))])
    found: list[str] = []
    marker: str | None = ""
    while marker is not None:
        page = await accounts.page(ListQuery(limit=limit, marker=marker, reverse=reverse))
        assert len(page.items) <= limit
        found += [row.name for row in page.items]
        marker = page.next
    assert found == (whole[::-1] if reverse else whole)


def test_ids() -> None:
    for good in ("a", "A.b_c-d+e@f", "0" * 128):
        assert is_identifier(good)
    for bad in ("", "a" * 129, "~t", "a b", "a,b", "a/b", "a\n", ":SERVICE_a", "é"):
        assert not is_identifier(bad)
