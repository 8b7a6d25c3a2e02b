import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from gateway.core.buckets import BucketMeta
from gateway.core.errors import Unavailable
from gateway.core.events import Access
from gateway.core.types import ListQuery, Page, Prefix
from gateway.frontends.admin.frontend import AdminFrontend, Insight
from gateway.frontends.admin.page import Overview
from gateway.frontends.admin.readiness import Readiness, lists
from gateway.frontends.admin.settings import AdminSettings
from gateway.stores.memory import Memory


class Probed(Memory):
    """A memory store whose listing of buckets fails on demand, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.fault: Exception | None = None

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        self.asked += 1
        if self.fault:
            raise self.fault
        return await super().buckets(query, owner)


@dataclass
class Served:
    url: str
    frontend: AdminFrontend
    store: Probed
    readiness: Readiness
    http: aiohttp.ClientSession
    accesses: list[Access] = field(default_factory=list)

    async def get(self, path: str, method: str = "GET") -> tuple[int, str, aiohttp.ClientResponse]:
        async with self.http.request(method, self.url + path) as response:
            return response.status, await response.text(), response


def metrics(accept: str) -> tuple[bytes, str]:
    return f"accept {accept}\n".encode(), "text/plain; version=0.0.4; charset=utf-8"


def overview() -> Overview:
    return Overview("1.2.3", 90061.5, {"s3": "http://127.0.0.1:9000/<b>"})


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    store = Probed()
    readiness = Readiness({"main": lists(store)}, timeout=5, age=3600)
    accesses: list[Access] = []
    frontend = AdminFrontend(AdminSettings(port=0), Insight(metrics, overview, readiness), accesses.append)
    await frontend.start()
    async with aiohttp.ClientSession() as http:
        yield Served(f"http://127.0.0.1:{frontend.ports['admin']}", frontend, store, readiness, http, accesses)
    await frontend.aclose()


async def test_healthz_answers_whatever_the_stores_do(served: Served) -> None:
    served.store.fault = Unavailable()
    status, text, response = await served.get("/healthz")
    assert (status, text) == (200, "ok\n")
    assert response.headers["Cache-Control"] == "no-store"


async def test_readyz_says_yes(served: Served) -> None:
    status, text, response = await served.get("/readyz")
    assert (status, json.loads(text)) == (200, {"ready": True, "reasons": {}})
    assert response.content_type == "application/json"


async def test_readyz_names_the_store_and_its_reason(served: Served) -> None:
    served.store.fault = Unavailable("The disk is gone")
    status, text, _ = await served.get("/readyz")
    assert (status, json.loads(text)) == (503, {"ready": False, "reasons": {"main": "The disk is gone"}})


async def test_readyz_says_no_while_draining(served: Served) -> None:
    await served.get("/readyz")
    served.readiness.drain()
    status, text, _ = await served.get("/readyz")
    assert (status, json.loads(text)["reasons"]) == (503, {"process": "draining"})


async def test_probes_are_answered_from_one_question(served: Served) -> None:
    for _ in range(5):
        await served.get("/readyz")
    assert served.store.asked == 1


async def test_metrics_follow_the_accept_header(served: Served) -> None:
    async with served.http.get(served.url + "/metrics", headers={"Accept": "x/y"}) as response:
        assert await response.text() == "accept x/y\n"
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_the_page_shows_version_uptime_and_doors(served: Served) -> None:
    status, text, response = await served.get("/")
    assert status == 200
    assert response.content_type == "text/html"
    assert "1.2.3" in text
    assert "1 day, 1:01:01" in text
    assert "http://127.0.0.1:9000/&lt;b&gt;" in text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    (
        ("HEAD", "/healthz", 200),
        ("GET", "/nothing", 404),
        ("GET", "/../healthz/x", 404),
        ("POST", "/healthz", 405),
        ("DELETE", "/", 405),
        ("PUT", "/nothing", 405),
    ),
)
async def test_methods_and_paths(served: Served, method: str, path: str, status: int) -> None:
    found, text, response = await served.get(path, method)
    assert found == status
    assert (text == "") == (method == "HEAD")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Server"] == "Portico"


async def test_every_request_is_told(served: Served) -> None:
    _, text, response = await served.get("/healthz")
    await served.get("/nothing")
    first, second = served.accesses
    assert (first.operation, first.status, first.sent) == ("Health", 200, len(text))
    assert first.context.protocol == "admin"
    assert first.context.client == "127.0.0.1"
    assert response.headers["X-Request-Id"] == first.context.request_id
    assert (second.operation, second.status) == ("Unknown", 404)


async def test_an_unforeseen_failure_is_a_plain_500(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.store.fault = RuntimeError("hunter2")
    status, text, _ = await served.get("/readyz")
    assert (status, text) == (500, "internal error; see the log\n")
    assert "an admin request failed" in caplog.text


async def test_what_is_no_http_gets_an_answer(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.frontend.ports["admin"])
    writer.write(b"GET / HTTP/9.9\r\n\r\n")
    head = await reader.readline()
    assert b" 400 " in head
    writer.close()
    await writer.wait_closed()
