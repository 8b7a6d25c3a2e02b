"""Clients that log in at a real Keystone, whose catalog names the gateway as the object store."""

import asyncio
import json
import os
import secrets
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.keystone.portico import serving
from tests.passthrough.world import Gateway
from tests.support.openstack.cluster import PYTHON, REPOSITORY, Identity

CLIENTS = REPOSITORY / ".venv-clients"
SECONDS = 60.0

S3 = """
import sys, boto3
from botocore.config import Config
endpoint, access, secret, what = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=access, aws_secret_access_key=secret,
                  region_name="us-east-1", config=Config(s3={"addressing_style": "path"}))
if what == "read":
    print(s3.get_object(Bucket="by-swift", Key="folder/file")["Body"].read().decode())
else:
    s3.create_bucket(Bucket="by-s3")
    s3.put_object(Bucket="by-s3", Key="thing", Body=b"from s3")
    print([bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])
"""


@dataclass(frozen=True)
class Cloud:
    """A Keystone, and a gateway that is the object store of one of its regions."""

    keystone: str
    region: str
    gateway: Gateway

    async def call(self, method: str, path: str, token: str = "", **document: object) -> tuple[dict[str, str], object]:
        """Ask Keystone. Anything but success is a failure."""
        headers = {"X-Auth-Token": token} if token else {}
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, self.keystone + path, json=document or None, headers=headers) as answer,
        ):
            assert answer.status < 300, await answer.text()
            return dict(answer.headers), await answer.json() if answer.status != 204 else None

    async def token(self, user: str, password: str, project: str, domain: str = "default") -> tuple[str, str, str]:
        """A token, and the ids of its user and project."""
        who = {"user": {"name": user, "domain": {"id": domain}, "password": password}}
        scope = {"project": {"name": project, "domain": {"id": domain}}}
        identity = {"methods": ["password"], "password": who}
        headers, told = await self.call("POST", "/auth/tokens", auth={"identity": identity, "scope": scope})
        assert isinstance(told, dict)
        return headers["X-Subject-Token"], told["token"]["user"]["id"], told["token"]["project"]["id"]

    async def swift(self, *command: str, user: str = "tester", password: str = "tester-secret") -> str:
        """What OpenStack's own client prints, which finds the gateway in the catalog."""
        known = ("--os-username", user, "--os-password", password, "--os-project-name", "work")
        domains = ("--os-user-domain-id", "default", "--os-project-domain-id", "default")
        where = ("-V", "3", "--os-auth-url", self.keystone, "--os-region-name", self.region)
        program = "import sys; sys.path.append(sys.argv.pop(1)); from swiftclient.shell import main; main()"
        packages = next(CLIENTS.glob("lib/python3.*/site-packages"))
        return await run(str(PYTHON), "-c", program, str(packages), *where, *known, *domains, *command)


async def run(*command: str) -> str:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    ended = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False
    )
    assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
    return ended.stdout


@pytest.fixture
async def cloud(identity: Identity) -> AsyncIterator[Cloud]:
    service = {"user": "swift", "key": "swift-secret", "project": "service"}
    async with serving(identity.auth, **service) as gateway:
        cloud = Cloud(identity.auth, f"portico-{secrets.token_hex(4)}", gateway)
        admin, _, _ = await cloud.token("admin", "admin", "admin")
        await cloud.call("POST", "/regions", admin, region={"id": cloud.region})
        url = gateway.app.endpoints["swift"].removesuffix("/auth/v1.0") + "/v1/AUTH_%(project_id)s"
        endpoint = {"interface": "public", "region_id": cloud.region, "service_id": "swift", "url": url}
        await cloud.call("POST", "/endpoints", admin, endpoint=endpoint)
        yield cloud


async def test_objects_of_a_project_by_openstacks_client_and_by_s3(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("from swift")
    await cloud.swift("upload", "by-swift", str(file), "--object-name", "folder/file")
    assert await cloud.swift("list", "by-swift") == "folder/file\n"
    _, user, project = await cloud.token("tester", "tester-secret", "work")
    stat = await cloud.swift("stat", "by-swift")
    assert f"AUTH_{project}" in stat

    admin, _, _ = await cloud.token("admin", "admin", "admin")
    _, told = await cloud.call("POST", f"/users/{user}/credentials/OS-EC2", admin, tenant_id=project)
    assert isinstance(told, dict)
    keys = told["credential"]["access"], told["credential"]["secret"]
    boto = str(CLIENTS / "bin/python"), "-c", S3, cloud.gateway.app.endpoints["s3"], *keys
    assert await run(*boto, "read") == "from swift\n"
    assert json.loads((await run(*boto, "write")).replace("'", '"')) == ["by-s3", "by-swift"]
    assert await cloud.swift("download", "by-s3", "thing", "-o", "-") == "from s3"
    assert (await cloud.gateway.s3(keys[0], "wrong", "GET")).status == 403

    await cloud.call("DELETE", f"/users/{user}/credentials/OS-EC2/{keys[0]}", admin)
    for container in ("by-s3", "by-swift"):
        await cloud.swift("delete", container)


async def test_others_see_what_lists_name_them_for(cloud: Cloud) -> None:
    token, _, project = await cloud.token("tester", "tester-secret", "work")
    _, stranger, other = await cloud.token("admin", "admin", "admin")
    await cloud.swift("post", "shared", "-r", f"{other}:{stranger}")
    gateway, origin = cloud.gateway, cloud.gateway.app.endpoints["swift"].removesuffix("/auth/v1.0")
    url = f"{origin}/v1/AUTH_{project}/shared"
    foreign, _, _ = await cloud.token("admin", "admin", "admin")
    assert (await gateway.ask("GET", url, {"X-Auth-Token": foreign})).status == 204
    assert (await gateway.ask("PUT", f"{url}/new", {"X-Auth-Token": foreign}, b"x")).status == 403
    visitor, _, _ = await cloud.token("visitor", "visitor-secret", "work")
    assert (await gateway.ask("PUT", f"{url}/new", {"X-Auth-Token": visitor}, b"x")).status == 201
    service, _, _ = await cloud.token("swift", "swift-secret", "service")
    assert (await gateway.ask("GET", url, {"X-Auth-Token": service})).status == 403
    assert (await gateway.ask("GET", url, {"X-Auth-Token": token[:-1]})).status == 401


async def test_a_token_that_is_revoked_is_refused_when_it_is_asked_about(cloud: Cloud) -> None:
    token, _, project = await cloud.token("tester", "tester-secret", "work")
    url = f"{cloud.gateway.app.endpoints['swift'].removesuffix('/auth/v1.0')}/v1/AUTH_{project}"
    async with (
        aiohttp.ClientSession() as http,
        http.delete(f"{cloud.keystone}/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": token}) as gone,
    ):
        assert gone.status == 204
    assert (await cloud.gateway.ask("GET", url, {"X-Auth-Token": token})).status == 401
