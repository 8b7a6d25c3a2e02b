import pytest

from gateway.auth.access import Action, Resource, check, check_bucket, may
from gateway.auth.principals import ANONYMOUS, Account, Principal, Role
from gateway.core.errors import Denied, InvalidName, NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import BucketProps
from gateway.stores.memory import Memory

OWN, OTHER = "own", "other"
BUCKET = "bucket"

READS = ("LIST_BUCKETS", "STAT_ACCOUNT", "STAT_BUCKET", "LIST", "LIST_UPLOADS", "READ")
WRITES = ("WRITE", "DELETE", "LIST_PARTS", "ABORT_UPLOAD")
RULES = ("UPDATE_ACCOUNT", "CREATE_BUCKET", "DELETE_BUCKET", "UPDATE_BUCKET")

GRANTED = {
    Role.OPERATOR: {OWN: {*READS, *WRITES, *RULES}, OTHER: {*READS, *WRITES, *RULES}},
    Role.ADMIN: {OWN: {*READS, *WRITES, *RULES}, OTHER: set[str]()},
    Role.WRITER: {OWN: {*READS, *WRITES}, OTHER: set[str]()},
    Role.READER: {OWN: {*READS}, OTHER: set[str]()},
    Role.NONE: {OWN: set[str](), OTHER: set[str]()},
}
"""What each role may do in its own account and in another one."""

CASES = tuple((role, action, account) for role in Role for action in Action for account in (OWN, OTHER))


def of(role: Role) -> Principal:
    return Principal(Account(OWN, "its name"), "user", role)


def test_the_table_names_every_action_once() -> None:
    assert sorted((*READS, *WRITES, *RULES)) == sorted(action.name for action in Action)


@pytest.mark.parametrize(("role", "action", "account"), CASES)
def test_a_role_may_do_what_it_is_there_for(role: Role, action: Action, account: str) -> None:
    allowed = action.name in GRANTED[role][account]
    for resource in (Resource(account), Resource(account, BUCKET), Resource(account, BUCKET, "object")):
        assert may(of(role), action, resource) is allowed
        if allowed:
            check(of(role), action, resource)
        else:
            with pytest.raises(Denied):
                check(of(role), action, resource)


@pytest.mark.parametrize("action", Action)
def test_nobody_may_do_nothing_anywhere(action: Action) -> None:
    for account in ("", OWN, OTHER):
        assert not may(ANONYMOUS, action, Resource(account, BUCKET))


def test_an_account_is_known_by_its_id_and_not_by_its_name() -> None:
    assert not may(of(Role.ADMIN), Action.READ, Resource("its name", BUCKET))


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
