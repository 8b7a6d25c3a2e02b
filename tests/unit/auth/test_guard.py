"""The guard: buckets of a memory store, and who gets at them."""

import pytest

from gateway.auth.access import Action
from gateway.auth.guard import check_bucket
from gateway.auth.principals import ANONYMOUS, Account, Principal, Role
from gateway.core.errors import Denied, InvalidName, NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import BucketProps
from gateway.stores.memory import Memory

OWN, OTHER = "own", "other"


def of(role: Role) -> Principal:
    return Principal(Account(OWN, "its name"), "user", role)


@pytest.fixture
async def store() -> Store:
    store = Memory()
    await store.create_bucket("mine", BucketProps(owner=OWN))
    await store.create_bucket("theirs", BucketProps(owner=OTHER))
    return store


async def test_a_bucket_that_may_be_used_is_returned(store: Store) -> None:
    assert await check_bucket(store, of(Role.READER), Action.READ, "mine", "object") == await store.stat_bucket("mine")
    assert (await check_bucket(store, of(Role.OPERATOR), Action.WRITE, "theirs")).owner == OTHER


@pytest.mark.parametrize(
    ("who", "action", "bucket"),
    (
        (of(Role.READER), Action.WRITE, "mine"),
        (of(Role.READER), Action.WRITE, "missing"),
        (of(Role.ADMIN), Action.READ, "theirs"),
        (of(Role.NONE), Action.READ, "mine"),
        (of(Role.NONE), Action.READ, "missing"),
        (ANONYMOUS, Action.READ, "mine"),
        (ANONYMOUS, Action.LIST, "theirs"),
        (ANONYMOUS, Action.READ, "missing"),
    ),
)
async def test_a_bucket_that_may_not_be_used(store: Store, who: Principal, action: Action, bucket: str) -> None:
    with pytest.raises(Denied) as denied:
        await check_bucket(store, who, action, bucket, "object")
    assert denied.value.message == Denied.text


async def test_whoever_might_use_it_is_told_that_a_bucket_is_missing(store: Store) -> None:
    for role in (Role.OPERATOR, Role.ADMIN, Role.WRITER, Role.READER):
        with pytest.raises(NoSuchBucket):
            await check_bucket(store, of(role), Action.READ, "missing")


async def test_a_bad_name_is_told(store: Store) -> None:
    with pytest.raises(InvalidName):
        await check_bucket(store, of(Role.ADMIN), Action.READ, "a/b")
