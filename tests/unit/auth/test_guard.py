"""The guard: buckets of a memory store, and who gets at them."""

import pytest

from gateway.auth.access import Action
from gateway.auth.acl import Acl, Grant, Permission
from gateway.auth.facts import Facts
from gateway.auth.guard import check_bucket
from gateway.auth.principals import ANONYMOUS, Account, Principal, Role
from gateway.auth.rules import ACL, POLICY, SHARED
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ANY, When
from gateway.core.errors import Denied, InvalidName, NoSuchBucket, NoSuchKey
from gateway.core.store import Store
from gateway.core.types import Key, Meta, PropsChange, Put
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


class Watched(Memory):
    """A store that counts how often an object was looked at."""

    looks = 0

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        self.looks += 1
        return await super().stat(key, version, when)


@pytest.fixture
async def watched() -> Watched:
    store = Watched()
    await store.create_bucket("mine", BucketProps(owner=OWN))
    await store.put(Key("mine", "object"), BytesBody(b"x"), Put())
    return store


async def rule(store: Store, **system: str) -> None:
    names = {"acl": ACL, "policy": POLICY, "shared": SHARED}
    await store.update_bucket("mine", PropsChange(system={names[name]: value for name, value in system.items()}))


ALLOW = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}}'
BY_TAG = ALLOW.replace("}}", ', "Condition": {"Null": {"s3:ExistingObjectTag/a": "true"}}}}')


@pytest.mark.parametrize(
    ("who", "system", "looks"),
    (
        (of(Role.READER), {}, 0),
        (of(Role.READER), {"acl": "[]"}, 0),
        (of(Role.READER), {"policy": ALLOW}, 0),
        (ANONYMOUS, {"policy": ALLOW}, 0),
        (ANONYMOUS, {"policy": BY_TAG}, 1),
        (of(Role.READER), {"shared": "1"}, 1),
    ),
)
async def test_an_object_is_looked_at_only_where_that_matters(
    watched: Watched, who: Principal, system: dict[str, str], looks: int
) -> None:
    await rule(watched, **system)
    await check_bucket(watched, who, Action.READ, "mine", "object")
    assert watched.looks == looks


async def test_conditions_are_asked_for_only_where_there_is_a_rule(watched: Watched) -> None:
    def tell() -> Facts:
        raise AssertionError("nobody needs to know")

    await check_bucket(watched, of(Role.READER), Action.READ, "mine", "object", tell)


async def test_that_an_object_is_missing_is_told_to_those_who_may_list(watched: Watched) -> None:
    await watched.update_bucket("mine", PropsChange(system={ACL: Acl((Grant(OTHER, Permission.READ),)).pack()}))
    with pytest.raises(NoSuchKey):
        await check_bucket(watched, Principal(Account(OTHER, OTHER), "user", Role.NONE), Action.READ, "mine", "missing")
    for who in (ANONYMOUS, of(Role.NONE)):
        with pytest.raises(Denied):
            await check_bucket(watched, who, Action.READ, "mine", "missing")


async def test_an_object_that_is_missing_can_be_deleted(watched: Watched) -> None:
    deny = BY_TAG.replace("Allow", "Deny").replace("GetObject", "DeleteObject").replace('"true"', '"false"')
    await rule(watched, policy=deny)
    await check_bucket(watched, of(Role.WRITER), Action.DELETE, "mine", "missing")
