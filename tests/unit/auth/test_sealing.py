import pytest

from gateway.auth.principals import Registry
from gateway.auth.sealing import MAX_LENGTH, PREFIX, NotSealedHere, Sealer
from gateway.auth.tempauth import InvalidToken, TokenIssuer
from tests.unit.auth.guests import CONFIGURED, World

KEY = b"0123456789abcdef"


def test_what_was_sealed_is_opened() -> None:
    texts = "tenant\u00e9", "user", 'p\u00e4ss"word'
    assert Sealer(KEY).open(Sealer(KEY).seal(texts, 17)) == (texts, 17)


def test_a_token_tells_nothing() -> None:
    sealer = Sealer(KEY)
    one, two = (sealer.seal(("tenant", "user", "secret"), 17) for _ in range(2))
    assert one != two
    assert one.isascii()
    assert one.startswith(PREFIX)


def test_nothing_else_opens() -> None:
    token = Sealer(KEY).seal(("tenant", "user", "secret"), 17)
    wrong = ["", PREFIX, "AUTH_tk" + token[len(PREFIX) :], token[:-1], token + "A", token + "=", PREFIX + "\u00e9"]
    wrong += [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(7, len(token))
    ]
    wrong += [PREFIX + "A" * MAX_LENGTH]
    for each in wrong:
        with pytest.raises(NotSealedHere):
            Sealer(KEY).open(each)
    with pytest.raises(NotSealedHere):
        Sealer(b"another key of 16").open(token)


async def test_a_guests_token_is_good_at_every_gateway_with_the_key_until_it_expires() -> None:
    world, other, now = World(), World(), 1000.0
    user = await world.guests.prove("t.u.v", "secret")
    assert user is not None
    token = TokenIssuer(KEY, 60, lambda: now).issue(user)
    found = TokenIssuer(KEY, 60, lambda: now).verify(token.value, other.registry)
    assert (found.account, found.user, found.role) == (user.account, "u.v", user.role)
    assert found.store is not None
    assert other.upstream.asked == []
    for issuer, registry in (
        (TokenIssuer(KEY, 60, lambda: now + 60), other.registry),
        (TokenIssuer(b"another key of 16", 60, lambda: now), other.registry),
        (TokenIssuer(KEY, 60, lambda: now), Registry(CONFIGURED)),
    ):
        with pytest.raises(InvalidToken):
            issuer.verify(token.value, registry)


async def test_tokens_of_configured_users_and_of_guests_are_no_use_as_each_other() -> None:
    world = World()
    issuer = TokenIssuer(KEY, 60)
    token = issuer.issue(CONFIGURED[0]).value
    assert issuer.verify(token, world.registry).store is None
    with pytest.raises(InvalidToken):
        issuer.verify(PREFIX + token.removeprefix("AUTH_tk"), world.registry)
