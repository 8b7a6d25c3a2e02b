"""The whole gateway over a remote S3, which is another one's S3 door over an embedded store."""

from hashlib import md5
from pathlib import Path

import aiohttp
import pytest

from gateway.app import running
from gateway.config import ConfigError, load
from gateway.config.settings import Config
from gateway.core.types import ListQuery, Meta
from gateway.failures import StartError
from gateway.stores.catalog import Catalog, CatalogSettings
from tests.coherence.doors import BUCKET, opened
from tests.support.remotes import REMOTE, serving_s3

TESTER = "{name: test, users: [{name: tester, secret: testing-secret, role: admin}]}"
OTHER = "{name: other, users: [{name: olga, secret: other-secret, role: admin}]}"


def configured(folder: Path, endpoint: str, accounts: str = TESTER, more: str = "") -> Config:
    file = folder / "c.yaml"
    secret = folder / "secret"
    secret.write_text(f"{REMOTE.secret}\n")
    file.write_text(
        f"stores: {{main: {{type: s3, endpoint_url: '{endpoint}', access_key: {REMOTE.access_key}, "
        f"secret_key_file: {secret}, segment_size: 5MiB{more}}}}}\n"
        f"accounts: [{accounts}]\n"
        "frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: null}\n"
        "log: {access: false}\n"
    )
    return load(file, environ={})


async def container_counters(endpoint: str) -> tuple[str, str]:
    credentials = {"X-Auth-User": "test:tester", "X-Auth-Key": "testing-secret"}
    async with aiohttp.ClientSession() as http:
        async with http.get(endpoint, headers=credentials) as login:
            storage, token = login.headers["X-Storage-Url"], login.headers["X-Auth-Token"]
        async with http.head(f"{storage}/{BUCKET}", headers={"X-Auth-Token": token}) as answer:
            return answer.headers["X-Container-Object-Count"], answer.headers["X-Container-Bytes-Used"]


async def test_f01_all_doors_agree_over_a_remote(tmp_path: Path) -> None:
    catalog = Catalog(CatalogSettings(path=tmp_path / "data"))
    await catalog.start()
    try:
        async with serving_s3(catalog, min_part=5 * 1024 * 1024) as endpoint:
            config = configured(tmp_path, endpoint)
            users = [user for account in config.accounts for user in account.members()]
            async with running(config, users, b"k" * 32) as app, opened(app, users[0]) as doors:
                large = bytes(range(256)) * 4096 * 6
                await doors.ftp.put("dir/ünï cödé", large, {})
                await doors.swift.put("small", b"by swift", {"color": "blue"})
                await doors.s3.put("dir/other", b"by s3", {"a": "1"})
                expected = {"dir/ünï cödé": len(large), "small": 8, "dir/other": 5}
                for door in doors.all:
                    assert {name: row.size for name, row in (await door.listing()).items()} == expected, door.name
                    for key, data in (("dir/ünï cödé", large), ("small", b"by swift"), ("dir/other", b"by s3")):
                        seen = await door.get(key)
                        assert seen is not None
                        assert seen.data == data, (door.name, key)
                swift = await doors.swift.get("small")
                s3 = await doors.s3.get("small")
                assert swift is not None
                assert s3 is not None
                assert swift.etag == s3.etag == md5(b"by swift").hexdigest()
                assert s3.metadata == {"color": "blue"}
                assert await container_counters(app.endpoints["swift"]) == ("3", str(sum(expected.values())))
                await doors.ftp.delete("small")
                assert await doors.s3.get("small") is await doors.swift.get("small") is None
        rows = (await catalog.list(BUCKET, ListQuery())).items
        assert {row.name: row.size for row in rows if isinstance(row, Meta)} == {
            "dir/other": 5,
            "dir/ünï cödé": len(large),
        }
    finally:
        await catalog.aclose()


async def test_a_remote_that_is_down_does_not_stop_the_gateway(tmp_path: Path) -> None:
    config = configured(tmp_path, "http://127.0.0.1:1")
    async with running(config, [user for account in config.accounts for user in account.members()], b"k" * 32) as app:
        assert app.ports["s3"]


async def test_of_several_accounts_one_owns_the_remote(tmp_path: Path) -> None:
    several = configured(tmp_path, "http://127.0.0.1:1", f"{TESTER}, {OTHER}")
    users = [user for account in several.accounts for user in account.members()]
    with pytest.raises(StartError, match=r"`stores\.main\.owner`"):
        async with running(several, users, b"k" * 32):
            pytest.fail("it started")
    named = configured(tmp_path, "http://127.0.0.1:1", f"{TESTER}, {OTHER}", ", owner: other")
    async with running(named, users, b"k" * 32) as app:
        assert app.ports["s3"]


@pytest.mark.parametrize(
    ("more", "told"),
    (
        (", secret_key: x", "keep one of them"),
        (", session_token: ''", "session_token"),
        (", segment_size: 4MiB", "segment_size"),
        (", addressing_style: other", "addressing_style"),
        (", profile: x", "profile"),
        (", unknown: x", "unknown"),
    ),
)
def test_settings_that_are_refused(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        configured(tmp_path, "http://127.0.0.1:1", more=more)
    assert told in str(refused.value)
