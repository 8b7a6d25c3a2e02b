"""What clients of each door get while the upstream is down, refuses, fails or lies; and that it passes."""

import asyncio
import ftplib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gateway.app import App, running
from gateway.config import load
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Key, Put
from gateway.stores.memory import Memory
from tests.support import remotes, swift
from tests.support.faultproxy import Fault, FaultProxy, proxied, refusal
from tests.support.tls import authority, behind_tls
from tests.support.waiting import eventually, until

USER, SECRET = "tester", "testing-secret"
DATA = bytes(range(256)) * 4096
GET = r"^GET \S*/bucket/object "
OBJECT = r"/bucket/object "
KINDS = ("s3", "swift")


@dataclass(frozen=True)
class Told:
    """What a door says: the status or code, and the words."""

    code: int
    text: str


@dataclass(frozen=True)
class Site:
    """A running gateway, as its clients see it."""

    app: App
    http: aiohttp.ClientSession
    token: Mapping[str, str]

    async def readiness(self) -> Told:
        async with self.http.get(f"{self.app.endpoints['admin']}/readyz") as answer:
            return Told(answer.status, await answer.text())

    async def s3(self, path: str) -> Told:
        url = f"{self.app.endpoints['s3']}/{path}"
        request = AWSRequest("GET", url)
        S3SigV4Auth(Credentials(USER, SECRET), "s3", "us-east-1").add_auth(request)
        async with self.http.get(url, headers=dict(request.headers.items())) as answer:
            return Told(answer.status, (await answer.read()).decode("latin-1"))

    async def swift(self, path: str) -> Told:
        async with self.http.get(f"{self.token['X-Storage-Url']}/{path}", headers=self._token) as answer:
            return Told(answer.status, (await answer.read()).decode("latin-1"))

    async def ftp(self, path: str) -> Told:
        """RETR, or NLST of the root."""

        def told() -> Told:
            got = BytesIO()
            with ftplib.FTP(timeout=60) as client:
                client.connect("127.0.0.1", self.app.ports["ftp"])
                client.login(USER, SECRET)
                try:
                    if path:
                        last = client.retrbinary(f"RETR /{path}", got.write)
                    else:
                        last = client.retrlines("NLST /", lambda line: None)
                except ftplib.Error as error:
                    last = str(error)
                except ConnectionResetError:  # of the data connection
                    with pytest.raises(ftplib.Error) as failed:
                        client.voidresp()
                    last = str(failed.value)
            assert not last.startswith("226") or not path or got.getvalue() == DATA
            return Told(int(last[:3]), last)

        return await asyncio.to_thread(told)

    @property
    def _token(self) -> Mapping[str, str]:
        return {"X-Auth-Token": self.token["X-Auth-Token"]}

    async def all(self, path: str) -> Mapping[str, Told]:
        return {"ftp": await self.ftp(path), "s3": await self.s3(path), "swift": await self.swift(path)}


def settings(kind: str, url: str, **more: object) -> dict[str, object]:
    user = remotes.REMOTE
    quick = {"connect_timeout": 2, "read_timeout": 10, "retries": 2}
    if kind == "s3":
        keys = {"access_key": user.access_key, "secret_key": user.secret}
        return {"type": "s3", "endpoint_url": url, **keys, **quick, **more}
    login = {"auth_url": f"{url}/auth/v1.0", "user": f"{user.account.name}:{user.name}", "key": user.secret}
    return {"type": "swift", **login, "storage_url": f"{url}/v1/AUTH_remote", "retry_base": 0.01, **quick, **more}


@asynccontextmanager
async def upstream(kind: str) -> AsyncIterator[FaultProxy]:
    """A remote with one object, and the proxy before it."""
    memory = Memory()
    await memory.start()
    await memory.create_bucket("bucket", BucketProps(owner="remote"))
    await memory.put(Key("bucket", "object"), BytesBody(DATA), Put())
    serving = remotes.serving_s3(memory) if kind == "s3" else swift.serving_swift(memory)
    async with serving as served, proxied(served.removesuffix("/auth/v1.0")) as proxy:
        yield proxy


@asynccontextmanager
async def gateway(folder: Path, store: Mapping[str, object]) -> AsyncIterator[Site]:
    file = folder / "c.yaml"
    document = {
        "stores": {"main": store},
        "accounts": [{"name": "test", "users": [{"name": USER, "secret": SECRET, "role": "admin"}]}],
        "frontends": {
            "s3": {"port": 0},
            "swift": {"port": 0},
            "ftp": {"port": 0, "passive_ports": None, "keep_partials": 0},  # which asks the upstream by itself
            "admin": {"port": 0, "ready_age": 0},
        },
        "log": {"access": False},
    }
    file.write_text(json.dumps(document))
    config = load(file, environ={})
    users = [user for account in config.accounts for user in account.members()]
    login = {"X-Auth-User": f"test:{USER}", "X-Auth-Key": SECRET}
    async with running(config, users, b"k" * 32) as app, aiohttp.ClientSession() as http:
        async with http.get(app.endpoints["swift"], headers=login) as answer:
            token = dict(answer.headers)
        yield Site(app, http, token)


async def serves(site: Site) -> bool:
    told = await site.all("bucket/object")
    return [one.code for one in told.values()] == [226, 200, 200] and (await site.readiness()).code == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_an_upstream_that_is_down_at_the_start_is_told_and_comes_back(kind: str, tmp_path: Path) -> None:
    async with upstream(kind) as proxy:
        proxy.down = True
        async with gateway(tmp_path, settings(kind, proxy.url)) as site:
            ready = await site.readiness()
            assert (ready.code, "main" in ready.text) == (503, True), ready
            for path in ("", "bucket", "bucket/object"):
                told = {"s3": await site.s3(path), "swift": await site.swift(path)}
                assert {name: one.code for name, one in told.items()} == {"s3": 503, "swift": 503}, path
            for path in ("", "bucket/object"):
                told = {"ftp": await site.ftp(path)}
                assert told["ftp"].code == 451
                assert "I/O error" in told["ftp"].text
            proxy.down = False
            await eventually(lambda: serves(site))
            proxy.down = True
            proxy.faults = [Fault(answer=refusal(503, "Down"))]
            assert not await serves(site)
            proxy.down, proxy.faults = False, []
            await eventually(lambda: serves(site))


async def test_what_a_cluster_can_do_is_asked_at_the_start(tmp_path: Path) -> None:
    async with upstream("swift") as proxy:
        async with gateway(tmp_path, settings("swift", proxy.url)) as site:
            await until(lambda: any("/info " in line for line in proxy.lines))
            assert (await site.swift("bucket/object")).code == 200
        assert len([line for line in proxy.lines if "/info " in line]) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_credentials_that_do_not_hold_are_told_and_never_shown(kind: str, tmp_path: Path) -> None:
    wrong = {"key": "wr0ng-s3cret"} if kind == "swift" else {"secret_key": "wr0ng-s3cret"}
    async with upstream(kind) as proxy, gateway(tmp_path, settings(kind, proxy.url, **wrong)) as site:
        ready = await site.readiness()
        assert ready.code == 503
        assert "credentials" in ready.text
        told = await site.all("bucket/object")
        assert {name: one.code for name, one in told.items()} == {"ftp": 451, "s3": 503, "swift": 503}
        assert "credentials" in told["ftp"].text
        assert not [one for one in (ready, *told.values()) if "wr0ng" in one.text]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_expired_certificate_is_told_and_another_is_enough(kind: str, tmp_path: Path) -> None:
    signer = authority(tmp_path)
    async with upstream(kind) as proxy:
        async with behind_tls(proxy.url, signer.server(days=-1)) as url:
            store = settings(kind, url, ca_file=str(signer.ca_file))
            async with gateway(tmp_path, store) as site:
                ready = await site.readiness()
                assert ready.code == 503
                assert "certificate" in ready.text
                told = await site.all("bucket/object")
                assert {name: one.code for name, one in told.items()} == {"ftp": 451, "s3": 503, "swift": 503}
                assert "certificate" in told["ftp"].text
        async with (
            behind_tls(proxy.url, signer.server()) as url,
            gateway(tmp_path, settings(kind, url, ca_file=str(signer.ca_file))) as site,
        ):
            assert await serves(site)


@pytest.mark.parametrize("kind", KINDS)
async def test_f09_the_upstream_is_told_the_id_by_which_the_client_knows_its_request(kind: str, tmp_path: Path) -> None:
    async with upstream(kind) as proxy, gateway(tmp_path, settings(kind, proxy.url)) as site:
        await site.swift("bucket/object")  # the first one logs in
        proxy.heads.clear()
        url = f"{site.token['X-Storage-Url']}/bucket/object"
        async with site.http.get(url, headers={"X-Auth-Token": site.token["X-Auth-Token"]}) as answer:
            known = answer.headers["X-Trans-Id"]
            await answer.read()
        assert proxy.heads
        for head in proxy.heads:
            assert "x-forwarded-for: 127.0.0.1\r\n" in head.lower()
            assert f": {known[:32]}" in head  # Swift takes no more


@pytest.mark.parametrize("kind", KINDS)
async def test_f03_each_failure_of_the_upstream_has_its_own_words(kind: str, tmp_path: Path) -> None:
    expected = {404: (550, 404, 404), 400: (550, 400, 400), 403: (550, 403, 403), 500: (451, 503, 503)}
    words = {404: "Not found", 400: "Not permitted", 403: "Access denied", 500: "I/O error"}
    async with upstream(kind) as proxy, gateway(tmp_path, settings(kind, proxy.url)) as site:
        seen: dict[int, Mapping[str, Told]] = {}
        for status, codes in expected.items():
            proxy.faults = [Fault(when=OBJECT, answer=refusal(status, "As the test wants it"))]
            seen[status] = await site.all("bucket/object")
            assert tuple(one.code for one in seen[status].values()) == codes, (status, seen[status])
            assert words[status] in seen[status]["ftp"].text
            assert "As the test wants it" not in "".join(one.text for one in seen[status].values())
        for name in ("ftp", "s3", "swift"):
            assert len({seen[status][name].text for status in expected}) == len(expected), name


LIES: Mapping[str, Callable[[], Fault]] = {
    "another ETag": lambda: Fault(when=GET, etag="0" * 32),
    "a shorter length": lambda: Fault(when=GET, length=len(DATA) - 1),
    "a reset": lambda: Fault(when=GET, times=1, cut_answer=len(DATA) // 2),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lie", LIES)
async def test_no_client_takes_what_is_not_the_object_for_it(kind: str, lie: str, tmp_path: Path) -> None:
    """The bytes break off, or an error comes before them: nobody gets an answer that looks whole.

    A download that a reset broke goes on where it was.
    """
    resumes = lie == "a reset"
    async with upstream(kind) as proxy, gateway(tmp_path, settings(kind, proxy.url)) as site:
        for ask in (site.s3, site.swift):
            proxy.faults = [LIES[lie]()]
            with suppress(aiohttp.ClientPayloadError):
                told = await ask("bucket/object")
                assert told.code >= 500 or (resumes and told.text == DATA.decode("latin-1"))
        proxy.faults = [LIES[lie]()]
        assert (await site.ftp("bucket/object")).code in ({226} if resumes else {426, 451})
        proxy.faults = []
        assert await serves(site)
