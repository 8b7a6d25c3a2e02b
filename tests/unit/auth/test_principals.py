import pytest

from gateway.auth.principals import ANONYMOUS, Account, DuplicateUser, Principal, Registry, Role, User, principal

TEST = Account("t1", "test")
OTHER = Account("o1", "other")


def user(account: Account, name: str, access_key: str = "", role: Role = Role.WRITER) -> User:
    return User(account, name, access_key or f"{account.name}-{name}", "secret", role)


ALICE = user(TEST, "alice", "ALICEKEY")
BOB = user(TEST, "bob")
OTHER_BOB = user(OTHER, "bob")
CAROL = user(OTHER, "carol")
REGISTRY = Registry([ALICE, BOB, OTHER_BOB, CAROL])


def test_users_are_found_by_access_key() -> None:
    assert REGISTRY.by_access_key("ALICEKEY") is ALICE
    assert REGISTRY.by_access_key("other-bob") is OTHER_BOB
    for unknown in ("", "alice", "alicekey", "ALICEKEY "):
        assert REGISTRY.by_access_key(unknown) is None


def test_users_are_found_by_account_and_name() -> None:
    assert REGISTRY.by_name("test", "bob") is BOB
    assert REGISTRY.by_name("other", "bob") is OTHER_BOB
    for account, name in (("test", "carol"), ("t1", "bob"), ("", "bob"), ("test", ""), ("Test", "bob")):
        assert REGISTRY.by_name(account, name) is None


@pytest.mark.parametrize(
    ("login", "found"),
    (
        ("alice", ALICE),
        ("carol", CAROL),
        ("test:alice", ALICE),
        ("test:bob", BOB),
        ("other:bob", OTHER_BOB),
        ("bob", None),
        ("other:alice", None),
        ("alice:", None),
        (":alice", None),
        ("", None),
        (":", None),
        ("test:bob:", None),
        ("t1:bob", None),
        ("ALICEKEY", None),
    ),
)
def test_users_are_found_by_login(login: str, found: User | None) -> None:
    assert REGISTRY.by_login(login) is found


def test_accounts_are_found_by_id() -> None:
    assert REGISTRY.account("t1") is TEST
    assert REGISTRY.account("test") is None
    assert REGISTRY.account("") is None


def test_an_empty_registry_knows_nobody() -> None:
    registry = Registry([])
    assert (registry.by_access_key(""), registry.by_name("", ""), registry.by_login("")) == (None, None, None)
    assert registry.account("") is None


def test_two_users_of_one_account_have_different_names() -> None:
    with pytest.raises(DuplicateUser, match="two users of the name 'bob'"):
        Registry([BOB, user(TEST, "bob", "another key")])


def test_access_keys_are_unique_in_the_installation() -> None:
    with pytest.raises(DuplicateUser, match="access key 'ALICEKEY'"):
        Registry([ALICE, user(OTHER, "dave", "ALICEKEY")])


def test_a_principal_is_its_user() -> None:
    assert principal(ALICE) == Principal(TEST, "alice", Role.WRITER)
    assert principal(ALICE).label == "test:alice"


def test_anonymous_is_nobody() -> None:
    assert (ANONYMOUS.role, ANONYMOUS.account.id, ANONYMOUS.user) == (Role.NONE, "", "")
    assert ANONYMOUS.label == "anonymous"


def test_a_secret_is_in_no_representation() -> None:
    secret = "do-not-print-me"
    shown = User(TEST, "alice", "key", secret, Role.READER)
    assert secret not in repr(shown) + str(shown) + repr(principal(shown))
