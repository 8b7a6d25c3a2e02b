import pytest

from gateway.auth.principals import ANONYMOUS, Account, Principal, Role
from gateway.auth.tenancy import Tenancy
from gateway.core.errors import Denied
from gateway.stores.memory import Memory


def of(namespace: str) -> Principal:
    return Principal(Account("id", "name", namespace), "user", Role.OPERATOR)


def test_a_principal_sees_the_store_of_its_namespace() -> None:
    first, second = Memory(), Memory()
    tenancy = Tenancy({"default": first, "second": second})
    assert tenancy.store(of("default")) is first
    assert tenancy.store(of("second")) is second
    assert tenancy.store(ANONYMOUS) is first


def test_a_namespace_without_a_store_is_closed() -> None:
    tenancy = Tenancy({"second": Memory()})
    for who in (of("third"), of(""), ANONYMOUS):
        with pytest.raises(Denied):
            tenancy.store(who)
