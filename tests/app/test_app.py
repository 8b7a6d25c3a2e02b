import asyncio
import errno
import json
import threading
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from gateway import app as module
from gateway import storage
from gateway.app import App, running
from gateway.auth.keystone import Keystone
from gateway.auth.principals import Registry
from gateway.auth.tenancy import Tenancy
from gateway.config import Config, load
from gateway.core.context import RequestContext
from gateway.core.errors import Unavailable
from gateway.core.events import Access, Observer
from gateway.failures import StartError
from gateway.frontends.frontend import Frontend
from gateway.frontends.s3.settings import S3Settings
from gateway.stores.memory import Memory
from gateway.telemetry.logs import logging_to
from tests.frontends.ftp.certificates import make

KEY = b"k" * 32
QUIET = "frontends: {s3: {port: 0}, swift: null, ftp: null, admin: {port: 0}}\n"


def config(folder: Path, text: str) -> Config:
    file = folder / "c.yaml"
    file.write_text(text)
    return load(file, environ={})


class Recorded(Memory):
    """A memory store that tells what becomes of it."""

    made: list["Recorded"]
    fault: Exception | None

    def __init__(self) -> None:
        super().__init__()
        self.life: list[str] = []
        self.made.append(self)

    async def start(self) -> None:
        self.life.append("start")
        if self.fault:
            raise self.fault

    async def aclose(self) -> None:
        self.life.append("close")
        await super().aclose()


class Fake(Frontend):
    """A frontend that opens no port."""

    name = "s3"
    made: list["Fake"]
    fault: Exception | None
    observe: Observer

    def __init__(
        self, settings: S3Settings, registry: Registry, tenancy: Tenancy, observe: Observer, keystone: Keystone | None
    ) -> None:
        self.life: list[str] = []
        self.observe = observe
        self.made.append(self)

    async def start(self) -> None:
        self.life.append("start")
        if self.fault:
            raise self.fault

    @property
    def ports(self) -> Mapping[str, int]:
        return {self.name: 1234}

    @property
    def connections(self) -> int:
        return 5

    async def drain(self, seconds: float) -> None:
        self.life.append(f"drain {seconds}")

    async def aclose(self) -> None:
        self.life.append("close")


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorded, "made", [], raising=False)
    monkeypatch.setattr(Recorded, "fault", None, raising=False)
    monkeypatch.setattr(Fake, "made", [], raising=False)
    monkeypatch.setattr(Fake, "fault", None, raising=False)
    monkeypatch.setattr(storage, "Memory", Recorded)
    monkeypatch.setattr(module, "S3Frontend", Fake)


async def fetch(app: App, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(app.endpoints["admin"] + path) as response:
        return response.status, await response.text()


async def test_a_store_that_several_namespaces_name_exists_once(tmp_path: Path) -> None:
    text = "stores: {one: {type: memory}, two: {type: memory}}\n"
    text += "namespaces: {default: {store: one}, other: {store: one}, third: {store: two}}\n"
    async with running(config(tmp_path, text + QUIET), [], KEY):
        assert [store.life for store in Recorded.made] == [["start"], ["start"]]
    assert [store.life for store in Recorded.made] == [["start", "close"], ["start", "close"]]


async def test_drain_reaches_the_doors_and_readiness_first(tmp_path: Path) -> None:
    text = "stores: {main: {type: memory}}\n" + QUIET
    async with running(config(tmp_path, text), [], KEY) as app:
        (fake,) = Fake.made
        assert (await fetch(app, "/readyz"))[0] == 200
        draining = asyncio.create_task(app.drain(3))
        await asyncio.sleep(0)
        assert await app.readiness.reasons() == {"process": "draining"}
        await draining
        assert fake.life == ["start", "drain 3"]
        with pytest.raises(aiohttp.ClientConnectorError):
            await fetch(app, "/healthz")
    assert fake.life == ["start", "drain 3", "close"]


async def test_a_door_that_does_not_open_closes_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "stores: {main: {type: memory}}\n" + QUIET.replace("admin: {port: 0", "admin: {port: 1, host: 192.0.2.1")
    with pytest.raises(
        StartError, match=r"admin: can't listen on 192\.0\.2\.1, port 1: .*correct `frontends\.admin\.host`"
    ):
        async with running(config(tmp_path, text), [], KEY):
            raise AssertionError("it opened")
    assert Fake.made[0].life == ["start", "close"]
    assert Recorded.made[0].life == ["start", "close"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    ("number", "words"),
    (
        (errno.EADDRINUSE, r"s3: port 9000 on 127\.0\.0\.1 is taken; .*--s3-port"),
        (errno.EACCES, r"s3: port 9000 on 127\.0\.0\.1 is not permitted; choose one above 1023 with --s3-port"),
        (errno.EADDRNOTAVAIL, r"s3: can't listen on 127\.0\.0\.1, port 9000: No such luck; correct"),
    ),
)
async def test_why_a_port_can_not_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    monkeypatch.setattr(Fake, "fault", OSError(number, "No such luck"))
    text = "stores: {main: {type: memory}}\nfrontends: {swift: null, ftp: null, admin: null}\n"
    with pytest.raises(StartError, match=words) as caught:
        async with running(config(tmp_path, text), [], KEY):
            raise AssertionError("it opened")
    assert "\n" not in str(caught.value)
    assert Fake.made[0].life == ["start", "close"]


async def test_the_second_port_of_ftp_is_opened_and_missed(tmp_path: Path) -> None:
    files = make(tmp_path, "ftp")
    pair = f"certificate: '{files['certificate']}', key: '{files['key']}'"
    text = (
        "stores: {main: {type: memory}}\n"
        f"frontends: {{s3: null, swift: null, admin: null, ftp: {{port: 0, tls: {{{pair}, implicit_port: PORT}}}}}}\n"
    )
    async with running(config(tmp_path, text.replace("PORT", "0")), [], KEY) as app:
        taken = app.ports["ftps"]
        assert taken != app.ports["ftp"]
        with pytest.raises(
            StartError, match=rf"ftp: can't listen on port {taken} for TLS: .*tls\.implicit_port"
        ) as caught:
            async with running(config(tmp_path, text.replace("PORT", str(taken))), [], KEY):
                raise AssertionError("it opened")
        assert "\n" not in str(caught.value)


async def test_a_store_that_does_not_open_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorded, "fault", Unavailable("The directory is in use"))
    with pytest.raises(StartError, match="store 'main' does not open: The directory is in use"):
        async with running(config(tmp_path, "stores: {main: {type: memory}}\n" + QUIET), [], KEY):
            raise AssertionError("it opened")
    assert Recorded.made[0].life == ["start", "close"]
    assert not Fake.made


async def test_metrics_and_page_show_what_runs(tmp_path: Path) -> None:
    async with running(config(tmp_path, "stores: {main: {type: memory}}\n" + QUIET), [], KEY, lambda: 3) as app:
        access = Access(context=RequestContext(protocol="s3"), operation="GetObject", status=200, seconds=0.1)
        Fake.made[0].observe(access)
        metrics = (await fetch(app, "/metrics"))[1]
        assert 'portico_requests_total{operation="GetObject",protocol="s3",status="2xx"} 1.0' in metrics
        assert 'portico_open_connections{protocol="s3"} 5.0' in metrics
        assert "portico_log_records_dropped_total 3.0" in metrics
        assert "http://127.0.0.1:1234" in (await fetch(app, "/"))[1]
        assert json.loads((await fetch(app, "/readyz"))[1])["ready"] is True


@pytest.mark.parametrize(
    ("host", "url"),
    (
        ("127.0.0.1", "http://127.0.0.1:1234"),
        ("0.0.0.0", "http://127.0.0.1:1234"),
        ("::", "http://[::1]:1234"),
        ("::1", "http://[::1]:1234"),
        ("files.example.org", "http://files.example.org:1234"),
    ),
)
async def test_endpoints_are_what_a_client_on_this_machine_uses(tmp_path: Path, host: str, url: str) -> None:
    frontends = f"frontends: {{s3: {{host: '{host}'}}, swift: null, ftp: null, admin: null}}\n"
    async with running(config(tmp_path, "stores: {main: {type: memory}}\n" + frontends), [], KEY) as app:
        assert app.endpoints == {"s3": url}


async def test_files_and_hashes_have_threads_with_a_name(tmp_path: Path) -> None:
    text = "threads: 3\nstores: {main: {type: memory}}\n" + QUIET
    async with running(config(tmp_path, text), [], KEY):
        name = await asyncio.to_thread(lambda: threading.current_thread().name)
    assert name.startswith("portico")


@pytest.mark.parametrize(("setting", "lines"), (("true", 1), ("false", 0)))
async def test_access_lines_can_be_switched_off(tmp_path: Path, setting: str, lines: int) -> None:
    text = f"log: {{access: {setting}}}\nstores: {{main: {{type: memory}}}}\n" + QUIET
    with (tmp_path / "log").open("wb") as log, logging_to(log.fileno(), level="info", human=False):
        async with running(config(tmp_path, text), [], KEY):
            context = RequestContext(protocol="s3")
            Fake.made[0].observe(Access(context=context, operation="GetObject", status=200, seconds=0.1))
    assert (tmp_path / "log").read_text().count("GetObject") == lines
