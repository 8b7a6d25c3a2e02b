import pytest

from gateway.auth.access import Action, Resource, check, may, on_version
from gateway.auth.principals import ANONYMOUS, Account, Principal, Role, Standing
from gateway.core.errors import Denied

OWN, OTHER = "own", "other"
BUCKET = "bucket"

READS = (
    "LIST_BUCKETS",
    "STAT_ACCOUNT",
    "STAT_BUCKET",
    "LIST",
    "LIST_UPLOADS",
    "READ",
    "GET_OBJECT_ACL",
    "GET_VERSIONING",
    "LIST_VERSIONS",
    "READ_VERSION",
    "GET_VERSION_ACL",
    "GET_OBJECT_TAGGING",
    "GET_VERSION_TAGGING",
    "GET_OBJECT_LOCK",
    "GET_RETENTION",
    "GET_LEGAL_HOLD",
)
WRITES = (
    "WRITE",
    "DELETE",
    "DELETE_VERSION",
    "LIST_PARTS",
    "ABORT_UPLOAD",
    "PUT_OBJECT_TAGGING",
    "PUT_VERSION_TAGGING",
    "DELETE_OBJECT_TAGGING",
    "DELETE_VERSION_TAGGING",
    "PUT_RETENTION",
)
RULES = (
    "UPDATE_ACCOUNT",
    "CREATE_BUCKET",
    "DELETE_BUCKET",
    "UPDATE_BUCKET",
    "GET_BUCKET_ACL",
    "PUT_BUCKET_ACL",
    "PUT_OBJECT_ACL",
    "GET_POLICY",
    "PUT_POLICY",
    "DELETE_POLICY",
    "GET_POLICY_STATUS",
    "GET_OWNERSHIP",
    "PUT_OWNERSHIP",
    "GET_PUBLIC_ACCESS_BLOCK",
    "PUT_PUBLIC_ACCESS_BLOCK",
    "PUT_VERSIONING",
    "PUT_VERSION_ACL",
    "GET_BUCKET_TAGGING",
    "PUT_BUCKET_TAGGING",
    "PUT_OBJECT_LOCK",
    "PUT_LEGAL_HOLD",
    "BYPASS_RETENTION",
    "GET_ENCRYPTION",
    "PUT_ENCRYPTION",
    "GET_CORS",
    "PUT_CORS",
    "GET_WEBSITE",
    "PUT_WEBSITE",
    "DELETE_WEBSITE",
    "GET_LIFECYCLE",
    "PUT_LIFECYCLE",
)

INSTALLATION = ("LIST_ACCOUNTS", "CREATE_ACCOUNT", "DELETE_ACCOUNT", "REFRESH_COUNTERS")
EVERYTHING = {*READS, *WRITES, *RULES, *INSTALLATION}

GRANTED = {
    Role.OPERATOR: {OWN: EVERYTHING, OTHER: EVERYTHING},
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
    assert sorted((*READS, *WRITES, *RULES, *INSTALLATION)) == sorted(action.name for action in Action)


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


def test_a_version_that_is_named_needs_an_action_of_its_own() -> None:
    assert on_version(Action.READ, "id") is Action.READ_VERSION
    assert on_version(Action.DELETE, "null") is Action.DELETE_VERSION
    assert on_version(Action.READ, None) is Action.READ
    assert on_version(Action.WRITE, "id") is Action.WRITE


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_a_role_holds_in_further_accounts(role: Role, action: Action) -> None:
    somebody = of(role)._replace(standing=Standing(accounts=frozenset({"further"})))
    assert may(somebody, action, Resource("further")) is may(somebody, action, Resource(OWN))
    assert may(somebody, action, Resource(OTHER)) is may(of(role), action, Resource(OTHER))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_who_reads_everything_writes_only_where_his_role_lets_him(role: Role, action: Action) -> None:
    auditor = of(role)._replace(standing=Standing(reads_all=True))
    for account in (OWN, OTHER):
        own = may(of(role), action, Resource(account))
        assert may(auditor, action, Resource(account)) is (own or action.name in READS)
