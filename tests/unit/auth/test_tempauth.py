import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.principals import Account, Registry, Role, User, principal
from gateway.auth.tempauth import PREFIX, InvalidToken, TokenIssuer

KEY = b"k" * 32
USER = User(Account("a1", "test"), "tester", "tester", "testing-secret", Role.WRITER)
ODD = User(Account("a2", "t:\u00e9/\"'"), "\N{GRINNING FACE} a", "odd", "s\u00e9cret", Role.READER)
REGISTRY = Registry([USER, ODD])


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(clock: Clock) -> TokenIssuer:
    return TokenIssuer(KEY, 3600, clock)


@pytest.mark.parametrize("user", (USER, ODD))
def test_a_token_proves_its_user(issuer: TokenIssuer, user: User) -> None:
    token = issuer.issue(user)
    assert token.expires_in == 3600
    assert issuer.verify(token.value, REGISTRY) == principal(user)


def test_a_token_is_safe_in_urls_and_headers_and_bears_swifts_prefix(issuer: TokenIssuer) -> None:
    value = issuer.issue(ODD).value
    assert value.startswith("AUTH_tk")
    assert set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_token_holds_and_shows_no_secret(issuer: TokenIssuer) -> None:
    token = issuer.issue(USER)
    decoded = base64.urlsafe_b64decode(token.value.removeprefix(PREFIX) + "==")
    assert USER.secret.encode() not in decoded
    assert token.value not in repr(token)


def test_every_worker_with_the_key_knows_the_token(issuer: TokenIssuer, clock: Clock) -> None:
    assert TokenIssuer(KEY, 60, clock).verify(issuer.issue(USER).value, REGISTRY) == principal(USER)


def test_another_key_does_not(issuer: TokenIssuer, clock: Clock) -> None:
    with pytest.raises(InvalidToken):
        TokenIssuer(b"x" * 32, 3600, clock).verify(issuer.issue(USER).value, REGISTRY)


def test_a_token_expires(issuer: TokenIssuer, clock: Clock) -> None:
    value = issuer.issue(USER).value
    clock.now += 3598
    issuer.verify(value, REGISTRY)
    clock.now += 2
    with pytest.raises(InvalidToken, match="expired"):
        issuer.verify(value, REGISTRY)


def test_a_changed_secret_ends_tokens(issuer: TokenIssuer) -> None:
    value = issuer.issue(USER).value
    with pytest.raises(InvalidToken):
        issuer.verify(value, Registry([replace(USER, secret="another")]))


def test_a_user_who_is_gone_has_no_token(issuer: TokenIssuer) -> None:
    value = issuer.issue(USER).value
    with pytest.raises(InvalidToken):
        issuer.verify(value, Registry([ODD]))


def test_a_token_says_nothing_of_the_role(issuer: TokenIssuer) -> None:
    value = issuer.issue(USER).value
    demoted = replace(USER, role=Role.NONE)
    assert issuer.verify(value, Registry([demoted])).role is Role.NONE


def test_every_changed_character_is_refused(issuer: TokenIssuer) -> None:
    value = issuer.issue(USER).value
    for index, character in enumerate(value):
        changed = value[:index] + ("A" if character != "A" else "B") + value[index + 1 :]
        with pytest.raises(InvalidToken):
            issuer.verify(changed, REGISTRY)


@pytest.mark.parametrize("extra", ("=", "==", " ", "\n", "A", "\u00e9"))
def test_no_other_spelling_of_a_token_counts(issuer: TokenIssuer, extra: str) -> None:
    with pytest.raises(InvalidToken):
        issuer.verify(issuer.issue(USER).value + extra, REGISTRY)


def test_a_later_expiry_can_not_be_written_in(issuer: TokenIssuer) -> None:
    blob = base64.urlsafe_b64decode(issuer.issue(USER).value.removeprefix(PREFIX) + "==")
    account, user, expires = json.loads(blob[32:])
    claims = json.dumps([account, user, expires + 9999], separators=(",", ":")).encode()
    forged = PREFIX + base64.urlsafe_b64encode(blob[:32] + claims).decode().rstrip("=")
    with pytest.raises(InvalidToken):
        issuer.verify(forged, REGISTRY)


def test_deep_json_is_refused(issuer: TokenIssuer) -> None:
    with pytest.raises(InvalidToken):
        issuer.verify(PREFIX + base64.urlsafe_b64encode(b"0" * 32 + b"[" * 1400).decode(), REGISTRY)


def test_a_long_token_is_not_looked_at(issuer: TokenIssuer) -> None:
    with pytest.raises(InvalidToken):
        issuer.verify(PREFIX + "A" * 100_000, REGISTRY)


@given(st.text(), st.booleans())
def test_any_text_is_refused(text: str, prefixed: bool) -> None:
    with pytest.raises(InvalidToken):
        TokenIssuer(KEY, 60).verify(PREFIX * prefixed + text, REGISTRY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        TokenIssuer(b"short", 60)


def test_a_token_that_was_verified_before_is_no_better_for_it(issuer: TokenIssuer, clock: Clock) -> None:
    value = issuer.issue(USER).value
    assert issuer.verify(value, REGISTRY) == principal(USER)
    assert issuer.verify(value, Registry([reader := replace(USER, role=Role.READER)])) == principal(reader)
    for registry in (Registry([replace(USER, secret="another secret")]), Registry([])):
        with pytest.raises(InvalidToken):
            issuer.verify(value, registry)
    assert issuer.verify(value, REGISTRY) == principal(USER)
    clock.now += 3600
    with pytest.raises(InvalidToken, match="expired"):
        issuer.verify(value, REGISTRY)
