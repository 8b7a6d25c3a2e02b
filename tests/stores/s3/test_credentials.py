"""Whom the store is to the remote: keys, tokens, profiles and roles, as botocore finds them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import Unavailable
from gateway.core.types import ListQuery, Put
from gateway.stores.s3 import S3Store, S3StoreSettings
from tests.stores.s3.conftest import BUCKET, KEY, Open
from tests.support.faultproxy import FaultProxy, proxied
from tests.support.remotes import REMOTE, pointing_at
from tests.support.servers import Remote

TOKEN = "a-token-of-a-session"


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of this machine."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
async def proxy(moto: Remote) -> AsyncIterator[FaultProxy]:
    """A remote that knows sessions."""
    async with proxied(moto.endpoint) as proxy:
        store = S3Store(pointing_at(moto.endpoint), "owner")
        await store.start()
        await store.create_bucket(BUCKET, BucketProps(owner="owner"))
        await store.aclose()
        yield proxy


def unkeyed(proxy: FaultProxy, **settings: object) -> S3Store:
    """A store whose settings state no keys."""
    stated = {"endpoint_url": proxy.url, "retries": 1, **settings}
    return S3Store(S3StoreSettings.model_validate(stated), "owner")


async def used(store: S3Store) -> None:
    await store.start()
    try:
        await store.put(KEY, BytesBody(b"data"), Put())
        assert [row.name for row in (await store.list(BUCKET, ListQuery())).items] == [KEY.name]
    finally:
        await store.aclose()


def sent(proxy: FaultProxy, header: str) -> set[str]:
    """The values of a header in the requests so far; empty for one that lacks it."""
    found = set()
    for head in proxy.heads:
        lines = [line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith(f"{header}: ")]
        found.add(lines[0] if lines else "")
    return found


async def test_a_session_token_goes_with_every_request(opening: Open, proxy: FaultProxy) -> None:
    async with opening(session_token=TOKEN) as store:
        await store.put(KEY, BytesBody(b"data"), Put())
        assert sent(proxy, "x-amz-security-token") == {TOKEN}


async def test_keys_of_the_environment(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", REMOTE.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", REMOTE.secret)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    await used(unkeyed(proxy))
    assert sent(proxy, "x-amz-security-token") == {TOKEN}


async def test_keys_of_a_profile(proxy: FaultProxy, tmp_path: Path) -> None:
    text = f"[cold]\naws_access_key_id = {REMOTE.access_key}\naws_secret_access_key = {REMOTE.secret}\n"
    (tmp_path / "credentials").write_text(text)
    await used(unkeyed(proxy, profile="cold"))
    other = unkeyed(proxy, profile="warm")
    with pytest.raises(Unavailable, match="warm") as refused:
        await other.start()
    assert not refused.value.retryable


class Role:
    """What gives a container the keys of its role, as Amazon's agents do. `given`: so often."""

    def __init__(self) -> None:
        self.given = 0
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.given += 1
        soon = datetime.now(UTC) + timedelta(minutes=5)  # botocore renews what ends in ten minutes
        return web.json_response(
            {
                "AccessKeyId": REMOTE.access_key,
                "SecretAccessKey": REMOTE.secret,
                "Token": f"{TOKEN}-{self.given}",
                "Expiration": soon.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )


@pytest.fixture
async def role(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Role]:
    role = Role()
    app = web.Application()
    app.router.add_get("/role", role.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{port}/role")
    yield role
    await runner.cleanup()


async def test_the_keys_of_a_role_are_fetched_and_renewed(proxy: FaultProxy, role: Role) -> None:
    await used(unkeyed(proxy))
    tokens = sent(proxy, "x-amz-security-token")
    assert tokens == {f"{TOKEN}-{number}" for number in range(2, role.given + 1)} | (tokens & {f"{TOKEN}-1"})
    assert len(tokens) > 1


async def test_without_any_credentials_that_is_what_is_said(proxy: FaultProxy) -> None:
    store = unkeyed(proxy)
    await store.start()
    try:
        async with asyncio.timeout(20):
            with pytest.raises(Unavailable, match="no credentials") as refused:
                await store.buckets(ListQuery())
        assert not refused.value.retryable
        assert proxy.heads == []
    finally:
        await store.aclose()
