import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.passwords import matches
from gateway.auth.principals import Account, Role, User

ANY_TEXT = st.text(st.characters(categories=None))


def user(secret: str) -> User:
    return User(Account("t1", "test"), "alice", "key", secret, Role.READER)


@given(ANY_TEXT, ANY_TEXT)
def test_a_secret_opens_if_it_is_the_same(known: str, stated: str) -> None:
    assert matches(user(known), stated) == (known == stated and known != "")
    assert matches(user(known), known) == (known != "")


@pytest.mark.parametrize("stated", ("", "\0", "secret", "None", "\ud800"), ids=ascii)
def test_nobody_has_no_secret(stated: str) -> None:
    assert matches(None, stated) is False


@pytest.mark.parametrize("stated", ("", "secre", "secret ", "Secret", "secret\0", "s" * 100_000), ids=lambda s: s[:9])
def test_what_is_nearly_the_secret_does_not_open(stated: str) -> None:
    assert matches(user("secret"), stated) is False


def test_an_empty_secret_opens_nothing() -> None:
    assert matches(user(""), "") is False


def test_secrets_beyond_ascii_open() -> None:
    assert matches(user("пароль\U0001f511"), "пароль\U0001f511")


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def spy(known: bytes, stated: bytes) -> bool:
        compared.append((known, stated))
        return compare(known, stated)

    monkeypatch.setattr("gateway.auth.passwords.hmac.compare_digest", spy)
    matches(user("secret"), "other")
    matches(None, "other")
    assert [stated for _, stated in compared] == [sha256(b"other").digest()] * 2
    assert [known for known, _ in compared] == [sha256(b"secret").digest(), sha256(b"").digest()]
