"""Storage policies of the Swift below, as each door shows them. The tests' cluster has `Policy-0` and `silver`."""

import asyncio
import ftplib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from gateway.app import App, running
from gateway.config import load
from gateway.core.buckets import STORAGE_POLICY, BucketProps
from gateway.core.errors import BadRequest
from gateway.core.store import Store
from gateway.core.types import ListQuery
from gateway.stores.swift import SwiftStore, SwiftStoreSettings
from tests.support.openstack.cluster import Cluster

OWNER = "owner"


@dataclass(frozen=True)
class Upstream:
    """An account of the cluster that no other test uses."""

    cluster: Cluster
    name: str

    def settings(self, **more: object) -> dict[str, object]:
        return {
            "type": "swift",
            "auth_url": self.cluster.auth,
            "user": self.cluster.user,
            "key": self.cluster.key,
            "storage_url": self.cluster.account(self.name),
            **more,
        }


@pytest.fixture
def upstream(cluster: Cluster) -> Upstream:
    return Upstream(cluster, secrets.token_hex(8))


@asynccontextmanager
async def store(upstream: Upstream, **settings: object) -> AsyncIterator[Store]:
    found = SwiftStore(SwiftStoreSettings.model_validate(upstream.settings(**settings)), OWNER)
    await found.start()
    try:
        yield found
    finally:
        await found.aclose()


async def policies(found: Store) -> Mapping[str, str]:
    page = await found.buckets(ListQuery())
    stats = [await found.stat_bucket(row.name) for row in page.items]
    return {row.name: row.system.get(STORAGE_POLICY, "") for row in stats}


async def test_f43_a_bucket_is_made_under_the_policy_that_is_named(upstream: Upstream) -> None:
    async with store(upstream) as found:
        assert found.caps.policies
        props = BucketProps(owner=OWNER, system={STORAGE_POLICY: "silver", "s3:region": "here"})
        assert await found.create_bucket("silvern", props)
        assert await found.create_bucket("plain", BucketProps(owner=OWNER))
        assert (await found.stat_bucket("silvern")).system == props.system
        assert not await found.create_bucket("silvern", BucketProps(owner=OWNER, system={STORAGE_POLICY: "Policy-0"}))
        assert not await found.create_bucket("silvern", BucketProps(owner=OWNER))
        with pytest.raises(BadRequest, match="'bronze'"):
            await found.create_bucket("other", BucketProps(owner=OWNER, system={STORAGE_POLICY: "bronze"}))
    async with store(upstream) as another:
        assert await policies(another) == {"plain": "", "silvern": "silver"}


async def test_f43_a_store_of_one_policy_makes_and_lists_its_own(upstream: Upstream) -> None:
    async with store(upstream) as every, store(upstream, storage_policy="Silver") as silver:
        await every.create_bucket("plain", BucketProps(owner=OWNER))
        await silver.create_bucket("silvern", BucketProps(owner=OWNER))
        await silver.create_bucket("by-name", BucketProps(owner=OWNER, system={STORAGE_POLICY: "Policy-0"}))
        assert await policies(silver) == {"silvern": "silver"}
    async with store(upstream) as every, store(upstream, storage_policy="policy-0") as plain:
        assert await policies(every) == {"by-name": "", "plain": "", "silvern": "silver"}
        assert await policies(plain) == {"by-name": "", "plain": ""}


USER, SECRET = "tester", "testing-secret"


@asynccontextmanager
async def gateway(upstream: Upstream, folder: Path) -> AsyncIterator[App]:
    file = folder / "c.yaml"
    document = {
        "stores": {"main": upstream.settings()},
        "accounts": [{"name": "test", "users": [{"name": USER, "secret": SECRET, "role": "admin"}]}],
        "frontends": {"s3": None, "swift": {"port": 0}, "ftp": {"port": 0, "passive_ports": None}, "admin": None},
        "log": {"access": False},
    }
    file.write_text(json.dumps(document))
    config = load(file, environ={})
    users = [user for account in config.accounts for user in account.members()]
    async with running(config, users, b"k" * 32) as app:
        yield app


async def test_f43_a_container_is_put_and_shown_under_its_policy_by_swift(upstream: Upstream, tmp_path: Path) -> None:
    async with gateway(upstream, tmp_path) as app, aiohttp.ClientSession() as http:
        login = {"X-Auth-User": f"test:{USER}", "X-Auth-Key": SECRET}
        async with http.get(app.endpoints["swift"], headers=login) as answer:
            url, token = answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"]

        async def ask(method: str, path: str = "", policy: str = "") -> tuple[int, str, str]:
            headers = {"X-Auth-Token": token, **({"X-Storage-Policy": policy} if policy else {})}
            async with http.request(method, url + path, headers=headers) as answer:
                return answer.status, answer.headers.get("X-Storage-Policy", ""), await answer.text()

        assert (await ask("PUT", "/silvern", "silver"))[0] == 201
        assert (await ask("PUT", "/plain"))[0] == 201
        assert (await ask("PUT", "/silvern"))[0] == 202
        assert (await ask("PUT", "/silvern", "Silver"))[0] == 202
        assert (await ask("PUT", "/silvern", "Policy-0"))[0] == 409
        assert (await ask("PUT", "/bronzen", "bronze"))[0] == 400
        assert (await ask("HEAD", "/silvern"))[1] == "silver"
        assert (await ask("HEAD", "/plain"))[1] == "Policy-0"
        rows = json.loads((await ask("GET", "?format=json"))[2])
        assert {row["name"]: row["storage_policy"] for row in rows} == {"plain": "Policy-0", "silvern": "silver"}
    async with store(upstream) as found:
        assert await policies(found) == {"plain": "", "silvern": "silver"}


async def test_f43_a_directory_of_the_root_is_made_under_the_policy_that_ftp_chooses(
    upstream: Upstream, tmp_path: Path
) -> None:
    def session(port: int) -> None:
        with ftplib.FTP(timeout=60) as client:
            client.connect("127.0.0.1", port)
            client.login(USER, SECRET)
            client.mkd("plain")
            assert client.sendcmd("SITE POLICY") == "200 New containers get the default storage policy"
            assert client.sendcmd("SITE POLICY silver") == "200 New containers get silver"
            client.mkd("silvern")
            client.mkd("silvern/inside")
            client.sendcmd("SITE POLICY bronze")
            with pytest.raises(ftplib.error_perm, match=r"550.*'bronze'"):
                client.mkd("bronzen")
            with pytest.raises(ftplib.error_perm, match="501"):
                client.sendcmd("SITE POLICY b@d")
            assert sorted(client.nlst()) == ["plain", "silvern"]

    async with gateway(upstream, tmp_path) as app:
        await asyncio.to_thread(session, app.ports["ftp"])
    async with store(upstream) as found:
        assert await policies(found) == {"plain": "", "silvern": "silver"}
