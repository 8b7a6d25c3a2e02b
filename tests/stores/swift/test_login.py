"""The dialogues that give tokens, as Keystone's Identity API v3 and Swift's tempauth document them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import ValidationError

from gateway.config.settings import RemoteSwiftSettings
from gateway.core.errors import Unavailable
from gateway.stores.swift.login import Grant, grant, question
from gateway.stores.swift.request import Answer
from gateway.stores.swift.tokens import FAILURE_SECONDS, Token, Tokens

BASE: dict[str, object] = {"type": "swift", "auth_url": "https://id.example/v3", "user": "me", "key": "secret"}


def settings(**stated: object) -> RemoteSwiftSettings:
    return RemoteSwiftSettings.model_validate({**BASE, **stated})


def asked(**stated: object) -> dict[str, object]:
    found = question(settings(**stated), "secret")
    assert (found.method, found.url) == ("POST", "https://id.example/v3/auth/tokens")
    assert found.body is not None
    auth: dict[str, object] = json.loads(found.body)["auth"]
    return auth


def test_v1_asks_with_headers() -> None:
    found = question(settings(auth_url="http://h/auth/v1.0", user="test:tester"), "testing")
    assert (found.method, found.url, found.body) == ("GET", "http://h/auth/v1.0", None)
    assert found.headers == {"X-Auth-User": "test:tester", "X-Auth-Key": "testing"}


def test_f08_v3_asks_for_a_project_in_its_domain() -> None:
    auth = asked(project="work", user_domain="people", project_domain="0123456789abcdef0123456789abcdef")
    user = {"name": "me", "domain": {"name": "people"}, "password": "secret"}
    assert auth["identity"] == {"methods": ["password"], "password": {"user": user}}
    assert auth["scope"] == {"project": {"name": "work", "domain": {"id": "0123456789abcdef0123456789abcdef"}}}


def test_f08_domains_default_to_default_and_the_older_form_of_a_user_is_understood() -> None:
    auth = asked(user="work:me")
    default = {"id": "default"}
    assert auth["scope"] == {"project": {"name": "work", "domain": default}}
    user = {"name": "me", "domain": default, "password": "secret"}
    assert auth["identity"] == {"methods": ["password"], "password": {"user": user}}
    assert "scope" not in asked()


@pytest.mark.parametrize(
    "url", ("https://id.example/v3", "https://id.example/v3/", "https://id.example/v3/auth/tokens")
)
def test_the_url_may_be_written_in_all_ways(url: str) -> None:
    asked(auth_url=url)


def catalog(**stated: object) -> bytes:
    def endpoints(host: str) -> list[dict[str, str]]:
        return [
            {
                "interface": interface,
                "region": region,
                "region_id": region,
                "url": f"http://{region}.{interface}.{host}/v1/A",
            }
            for region in ("one", "two")
            for interface in ("admin", "internal", "public")
        ]

    services = [
        {"type": "identity", "endpoints": endpoints("id")},
        {"type": "object-store", "endpoints": endpoints("swift")},
        {"type": "other", "endpoints": endpoints("other")},
    ]
    return json.dumps({"token": {"catalog": services, **stated}}).encode()


@pytest.mark.parametrize(
    ("stated", "url"),
    (
        ({}, "http://one.public.swift/v1/A"),
        ({"region": "two"}, "http://two.public.swift/v1/A"),
        ({"endpoint_type": "internal"}, "http://one.internal.swift/v1/A"),
        ({"service_type": "other", "region": "two"}, "http://two.public.other/v1/A"),
        ({"storage_url": "http://own/v1/B"}, "http://own/v1/B"),
    ),
)
def test_f08_the_endpoint_is_chosen_by_type_interface_and_region(stated: dict[str, str], url: str) -> None:
    given = grant(settings(**stated), {"X-Subject-Token": "t"}, catalog())
    assert given == Grant("t", url, None)


def test_v3_tells_when_a_token_ends() -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    lifetime = grant(settings(), {"X-Subject-Token": "t"}, catalog(expires_at=ends)).lifetime
    assert lifetime is not None
    assert 3500 < lifetime <= 3600


@pytest.mark.parametrize("region", ("three",))
def test_a_catalog_without_the_endpoint_is_told(region: str) -> None:
    with pytest.raises(Unavailable, match="'three'"):
        grant(settings(region=region), {"X-Subject-Token": "t"}, catalog())


@pytest.mark.parametrize("body", (b"", b"{}", b"[]", b'{"token": 1}', b'{"token": {"catalog": [{}]}}', b"\xff"))
def test_what_is_no_answer_is_unavailable(body: bytes) -> None:
    with pytest.raises(Unavailable):
        grant(settings(), {"X-Subject-Token": "t"}, body)
    with pytest.raises(Unavailable):
        grant(settings(), {}, catalog())
    with pytest.raises(Unavailable):
        grant(settings(auth_url="http://h/auth/v1.0"), {"X-Auth-Token": "t"}, b"")


def test_v1_gives_a_token_and_a_url() -> None:
    headers = {"X-Auth-Token": "t", "X-Storage-Url": "http://h/v1/A", "X-Auth-Token-Expires": "60"}
    assert grant(settings(auth_url="http://h/auth/v1.0"), headers, b"") == Grant("t", "http://h/v1/A", 60.0)


@pytest.mark.parametrize(
    "stated",
    ({"key": None}, {"auth_url": "ftp://h"}, {"segment_size": "6GiB"}, {"user": ""}, {"unknown": 1}, {"key": ""}),
)
def test_settings_that_are_refused(stated: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**stated)


def test_the_key_may_lie_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("secret-of-file\n")
    assert settings(key=None, key_file=file).secret() == "secret-of-file"
    with pytest.raises(ValidationError):
        settings(key_file=file)
    assert "secret" not in repr(settings(key="secret"))
    assert settings(segment_size="64MiB").segment_size == 64 * 1024 * 1024


class Desk:
    """A login whose clock goes by hand."""

    def __init__(self, lifetime: float | None = None) -> None:
        self.now = 0.0
        self.logins = 0
        self.fails = False
        self.lifetime = lifetime
        self.tokens = Tokens(self.login, 1000, lambda: self.now)

    async def login(self) -> Grant:
        self.logins += 1
        await asyncio.sleep(0)
        if self.fails:
            raise Unavailable
        return Grant(f"token {self.logins}", "http://h/", self.lifetime)


async def test_f05_many_ask_and_one_logs_in() -> None:
    desk = Desk()
    assert {(await token).value for token in [asyncio.ensure_future(desk.tokens.get()) for _ in range(20)]} == {
        "token 1"
    }
    assert (await desk.tokens.get()).url == "http://h"


async def test_f05_after_its_time_a_token_is_renewed_before_it_expires() -> None:
    for lifetime, early in ((None, 899), (100, 89), (5000, 899)):
        desk = Desk(lifetime)
        await desk.tokens.get()
        desk.now = early
        assert (await desk.tokens.get()).value == "token 1"
        desk.now = early + 2
        assert (await desk.tokens.get()).value == "token 2"


async def test_f06_a_refused_token_is_renewed_once_and_an_older_refusal_changes_nothing() -> None:
    desk = Desk()
    old = await desk.tokens.get()
    renewed: list[Token] = await asyncio.gather(*[desk.tokens.renew(old) for _ in range(20)])
    assert {token.value for token in renewed} == {"token 2"}
    assert (await desk.tokens.renew(old)).value == "token 2"


async def test_a_failed_login_is_told_for_a_while_and_then_tried_again() -> None:
    desk = Desk()
    desk.fails = True
    told = await asyncio.gather(*[desk.tokens.get() for _ in range(20)], return_exceptions=True)
    assert [type(error) for error in told] == [Unavailable] * 20
    assert desk.logins == 1
    desk.fails = False
    desk.now = FAILURE_SECONDS + 0.1
    assert (await desk.tokens.get()).value == "token 2"


async def test_a_cancelled_login_does_not_hold_up_the_next() -> None:
    desk = Desk()
    task = asyncio.ensure_future(desk.tokens.get())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await desk.tokens.get()).value == "token 2"


def test_nothing_that_might_be_logged_shows_a_secret() -> None:
    v1 = question(settings(auth_url="http://h/auth/v1.0", user="test:tester"), "my secret")
    told = CIMultiDictProxy(CIMultiDict({"X-Auth-Token": "my secret"}))
    shown = (
        v1,
        question(settings(), "my secret"),
        Grant("my secret", "http://h/v1/a"),
        Token("my secret", "http://h/v1/a", 1.0),
        Answer(200, told, b"my secret"),
    )
    assert "my secret" not in repr(shown)
