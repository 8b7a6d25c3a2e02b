"""Whose a token is: what is asked of Keystone, what is remembered, and what becomes of faults."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from gateway.auth.keystone import Keystone, KeystoneSettings
from gateway.auth.keystone.client import FRESH_SECONDS
from gateway.auth.keystone.verdicts import MAX_RUNNING, REFUSED_SECONDS
from gateway.auth.principals import Role
from gateway.auth.resellers import NO_RESELLERS, Reseller, Resellers
from gateway.core.errors import Busy, Unavailable
from tests.support.keystone import ALICE, OTHER, PASSWORD, PROJECT, FakeKeystone, Respond, document

VALIDATION = "GET /auth/tokens"
LOGIN = "POST /auth/tokens"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def asking(
    fake: FakeKeystone, clock: Clock | None = None, resellers: Resellers = NO_RESELLERS, **stated: object
) -> AsyncIterator[Keystone]:
    settings = KeystoneSettings.model_validate({"auth_url": fake.url, "user": "portico", "key": PASSWORD, **stated})
    keystone = Keystone(settings, resellers, clock or Clock())
    await keystone.start()
    try:
        yield keystone
    finally:
        await keystone.aclose()


async def test_a_token_is_that_of_a_user_in_the_account_of_his_project(fake: FakeKeystone) -> None:
    fake.tokens["tok"] = document("member", "reader")
    async with asking(fake, namespace="far") as keystone:
        bearer = await keystone.bearer("tok")
    assert bearer is not None
    assert (bearer.account.id, bearer.account.name, bearer.account.namespace) == (PROJECT, PROJECT, "far")
    assert (bearer.user, bearer.role, sorted(bearer.standing.roles)) == (ALICE, Role.ADMIN, ["member", "reader"])
    assert "tok" not in repr(bearer)


async def test_what_was_said_is_remembered_for_as_long_as_is_set(fake: FakeKeystone) -> None:
    clock = Clock()
    fake.tokens["tok"] = document("member")
    async with asking(fake, clock, cache_seconds=60) as keystone:
        for _ in range(3):
            assert await keystone.bearer("tok")
        assert (fake.times(VALIDATION), fake.times(LOGIN)) == (1, 1)
        clock.now = 59
        assert await keystone.bearer("tok")
        assert fake.times(VALIDATION) == 1
        del fake.tokens["tok"]
        clock.now = 61
        assert await keystone.bearer("tok") is None
        assert fake.times(VALIDATION) == 2


async def test_nothing_is_remembered_past_the_tokens_end(fake: FakeKeystone) -> None:
    clock = Clock()
    fake.date = datetime.now(UTC)
    fake.tokens["tok"] = document("member", ahead=30, now=fake.date)
    async with asking(fake, clock, cache_seconds=300) as keystone:
        assert await keystone.bearer("tok")
        clock.now = 28
        assert await keystone.bearer("tok")
        assert fake.times(VALIDATION) == 1
        clock.now = 31
        fake.date += timedelta(seconds=31)
        assert await keystone.bearer("tok") is None
        assert fake.times(VALIDATION) == 2


@pytest.mark.parametrize("skew", (-7200.0, 7200.0))
async def test_a_keystone_with_another_clock_is_believed_about_its_tokens(fake: FakeKeystone, skew: float) -> None:
    clock = Clock()
    fake.date = datetime.now(UTC) + timedelta(seconds=skew)
    fake.tokens["tok"] = document("member", ahead=100, now=fake.date)
    fake.tokens["old"] = document("member", ahead=-1, now=fake.date)
    async with asking(fake, clock) as keystone:
        assert await keystone.bearer("tok")
        assert await keystone.bearer("old") is None
        clock.now = 101
        fake.date += timedelta(seconds=101)
        assert await keystone.bearer("tok") is None


async def test_what_is_refused_is_refused_unasked_for_a_while(fake: FakeKeystone) -> None:
    clock = Clock()
    async with asking(fake, clock) as keystone:
        for _ in range(3):
            assert await keystone.bearer("tok") is None
        assert fake.times(VALIDATION) == 1
        fake.tokens["tok"] = document("member")
        clock.now = REFUSED_SECONDS + 1
        assert await keystone.bearer("tok")


@pytest.mark.parametrize("token", ("x" * 8193, "né", "a\nb", "a\x00b", "\udcff"))
async def test_what_can_be_no_token_is_not_asked_about(fake: FakeKeystone, token: str) -> None:
    async with asking(fake) as keystone:
        assert await keystone.bearer(token) is None
    assert fake.asked == []


@pytest.mark.parametrize("project", (None, "", "a/b", "a:b", "x" * 65))
async def test_a_token_for_no_project_opens_nothing(fake: FakeKeystone, project: str | None) -> None:
    fake.tokens["tok"] = document("admin", project=project)
    async with asking(fake) as keystone:
        assert await keystone.bearer("tok") is None


async def test_many_who_ask_at_once_ask_once(fake: FakeKeystone) -> None:
    fake.tokens["tok"], fake.tokens["other"] = document("member"), document("member", project=OTHER)
    async with asking(fake) as keystone:
        bearers = await asyncio.gather(*[keystone.bearer(token) for token in ("tok", "other") * 20])
    assert {bearer.account.id for bearer in bearers if bearer} == {PROJECT, OTHER}
    assert (fake.times(VALIDATION), fake.times(LOGIN)) == (2, 1)


async def test_who_gives_up_does_not_take_the_answer_from_others(fake: FakeKeystone) -> None:
    fake.tokens["tok"] = document("member")
    arrived, go = asyncio.Event(), asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.Response:
        arrived.set()
        await go.wait()
        return web.json_response(fake.tokens["tok"])

    async with asking(fake) as keystone:
        assert await keystone.bearer("unknown") is None
        fake.instead["/auth/tokens"] = wait
        first, second = (asyncio.create_task(keystone.bearer("tok")) for _ in range(2))
        await arrived.wait()
        first.cancel()
        go.set()
        assert await second
        with pytest.raises(asyncio.CancelledError):
            await first
    assert fake.times(VALIDATION) == 2


async def test_more_than_can_wait_are_told_to_come_later(fake: FakeKeystone, monkeypatch: pytest.MonkeyPatch) -> None:
    go = asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.Response:
        await go.wait()
        return web.Response(status=404)

    monkeypatch.setattr("gateway.auth.keystone.verdicts.MAX_RUNNING", 3)
    assert MAX_RUNNING >= 3
    async with asking(fake) as keystone:
        assert await keystone.bearer("first") is None
        fake.instead["/auth/tokens"] = wait
        waiting = [asyncio.create_task(keystone.bearer(f"tok-{number}")) for number in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await keystone.bearer("one more")
        go.set()
        assert await asyncio.gather(*waiting) == [None] * 3


async def test_the_gateways_own_token_is_renewed_once_when_it_is_refused(fake: FakeKeystone) -> None:
    clock = Clock()
    fake.tokens["tok"], fake.tokens["other"] = document("member"), document("member")
    async with asking(fake, clock) as keystone:
        assert await keystone.bearer("tok")
        fake.services.clear()
        clock.now = FRESH_SECONDS
        assert await keystone.bearer("other")
        assert (fake.times(LOGIN), fake.times(VALIDATION)) == (2, 3)


async def test_the_gateways_own_token_is_renewed_before_it_ends(fake: FakeKeystone) -> None:
    clock = Clock()
    fake.date, fake.service_ahead = datetime.now(UTC), 1000
    async with asking(fake, clock) as keystone:
        assert await keystone.bearer("one") is None
        clock.now = 899
        assert await keystone.bearer("two") is None
        assert fake.times(LOGIN) == 1
        clock.now = 901
        assert await keystone.bearer("three") is None
        assert fake.times(LOGIN) == 2


async def test_a_password_in_a_file_may_be_replaced(fake: FakeKeystone, tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "key"
    file.write_text(f"{PASSWORD}\n")
    fake.tokens["tok"] = document("member")
    async with asking(fake, clock, key=None, key_file=str(file)) as keystone:
        assert await keystone.bearer("unknown") is None
        fake.services.clear()
        fake.password = "another"
        file.write_text("another\n")
        clock.now = FRESH_SECONDS
        assert await keystone.bearer("tok")
        file.unlink()
        fake.services.clear()
        clock.now = 2 * FRESH_SECONDS
        with pytest.raises(Unavailable, match="can't be read"):
            await keystone.bearer("other")


async def test_a_gateway_that_keystone_does_not_let_in_says_so_and_does_not_storm_it(
    fake: FakeKeystone, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with asking(fake, clock, key="wrong") as keystone:
        for _ in range(3):
            with pytest.raises(Unavailable, match="refuses the gateway's own user"):
                await keystone.bearer("secret-token")
        assert fake.times(LOGIN) == 1
        clock.now = 2
        with pytest.raises(Unavailable):
            await keystone.bearer("secret-token")
        assert fake.times(LOGIN) == 2
    assert "correct `auth.keystone`" in caplog.text
    assert "secret-token" not in caplog.text
    assert "wrong" not in caplog.text


async def test_a_gateway_that_may_not_validate_tokens_says_what_it_needs(
    fake: FakeKeystone, caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(fake) as keystone:
        assert await keystone.bearer("unknown") is None
        fake.instead["/auth/tokens"] = _saying(403, b"{}")
        with pytest.raises(Unavailable, match="does not let the gateway validate tokens"):
            await keystone.bearer("tok")
    assert "give it the role service or admin" in caplog.text


def _saying(status: int, body: bytes = b"", **headers: str) -> Respond:
    async def say(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return say


@pytest.mark.parametrize(
    ("status", "body", "text"),
    (
        (500, b"", "can't answer"),
        (503, b"", "can't answer"),
        (429, b"", "asked too much"),
        (200, b"", "can't be understood"),
        (200, b"<html>", "can't be understood"),
        (200, b"\xff\xfe", "can't be understood"),
        (200, b"[]", "can't be understood"),
        (200, b'{"token": {}}', "can't be understood"),
        (200, b'{"token": {"user": {"id": ""}, "expires_at": "2999-01-01T00:00:00Z"}}', "can't be understood"),
        (200, b'{"token": {"user": {"id": "u"}, "expires_at": "tomorrow"}}', "can't be understood"),
        (200, b'{"token": {"user": {"id": "u"}, "roles": 7, "expires_at": "2999-01-01T00:00:00Z"}}', "can't be"),
        (200, b"[" * 2_000_000, "can't be understood"),
        (302, b"", "does not let the gateway"),
        (401, b"", "does not let the gateway"),
    ),
)
async def test_f04_faults_of_keystone_let_nobody_in_and_are_not_remembered(
    fake: FakeKeystone, status: int, body: bytes, text: str
) -> None:
    fake.tokens["tok"] = document("member")
    async with asking(fake) as keystone:
        assert await keystone.bearer("unknown") is None
        fake.instead["/auth/tokens"] = _saying(status, body, Location="http://127.0.0.1:9/")
        with pytest.raises(Unavailable, match=text):
            await keystone.bearer("tok")
        fake.instead.clear()
        assert await keystone.bearer("tok")


async def test_a_keystone_that_is_slow_or_gone_is_told_as_such(fake: FakeKeystone) -> None:
    async def never(request: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    fake.tokens["tok"] = document("member")
    async with asking(fake, timeout=1) as keystone:
        assert await keystone.bearer("unknown") is None
        fake.instead["/auth/tokens"] = never
        with pytest.raises(Unavailable, match="does not answer in time"):
            await keystone.bearer("tok")
    async with asking(fake, auth_url="http://127.0.0.1:9/v3") as keystone:
        with pytest.raises(Unavailable, match="can't be reached"):
            await keystone.bearer("tok")


async def test_no_token_is_logged(fake: FakeKeystone, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake.tokens["a-secret-token"] = document("member")
    async with asking(fake) as keystone:
        assert await keystone.bearer("a-secret-token")
        assert await keystone.bearer("another-secret-token") is None
        assert "secret-token" not in repr(vars(keystone))
    assert "secret-token" not in caplog.text
    assert PASSWORD not in caplog.text


async def test_a_user_of_keystone_has_the_accounts_of_further_prefixes(fake: FakeKeystone) -> None:
    fake.tokens["tok"] = document("member")
    resellers = Resellers([Reseller("OTHER_"), Reseller("SERVICE_", frozenset({"service"}))])
    async with asking(fake, resellers=resellers) as keystone:
        bearer = await keystone.bearer("tok")
    assert bearer is not None
    assert bearer.standing.accounts == {f":OTHER_{PROJECT}"}
    assert resellers.origin(f":SERVICE_{PROJECT}") == PROJECT
