"""What is asked for many times at once, and what the upstream makes of it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from gateway.core.errors import Denied, Unavailable
from gateway.core.types import Meta
from gateway.stores.swift.client import Client
from gateway.stores.swift.deleting import Deletes
from gateway.stores.swift.info import Info
from gateway.stores.swift.notes import Notes
from gateway.stores.swift.request import Answer, Request
from gateway.stores.swift.rows import FEW, Row, parsed
from gateway.stores.swift.settings import SwiftStoreSettings

SETTINGS = SwiftStoreSettings.model_validate(
    {"auth_url": "http://127.0.0.1:9/auth/v1.0", "user": "a:b", "key": "c", "owner": "a"}
)


class Scripted(Client):
    """An upstream of which a test says what it answers."""

    def __init__(self, answer: Callable[[Request], Awaitable[bytes]]) -> None:
        super().__init__(SETTINGS)
        self._answer = answer

    async def call(self, request: Request, *accepted: int) -> Answer:
        return Answer(200, CIMultiDictProxy(CIMultiDict()), await self._answer(request))

    async def info(self) -> bytes:
        return b'{"bulk_delete": {}}'


async def test_of_notes_that_are_read_together_none_outlives_the_failure_of_another() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def answer(request: Request) -> bytes:
        if "limit" in request.query:
            rows = '{"name": "%s", "hash": "", "bytes": 1, "last_modified": "2026-01-01T00:00:00.000000"}'
            listed = [f"portico-notes/{number}" for number in (1, 2)]
            return b"[]" if request.query["marker"] else f"[{', '.join(rows % name for name in listed)}]".encode()
        if request.path[-1].endswith("2"):
            await begun.wait()
            raise Denied
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    with pytest.raises(Denied):
        await Notes(Scripted(answer)).kept("bucket")
    assert ended.is_set()


@pytest.mark.parametrize("report", (b"no JSON", b"[]", b'{"Errors": [["/bucket/a"]]}', b'{"Errors": [[1, 2]]}'))
async def test_a_report_that_makes_no_sense_is_the_upstreams_fault(report: bytes) -> None:
    async def answer(request: Request) -> bytes:
        return report

    client = Scripted(answer)
    with pytest.raises(Unavailable, match="understood"):
        await Deletes(client, Info(client)).remove("bucket", ["a", "b"])


async def test_large_pages_are_read_apart_from_the_event_loop() -> None:
    readers: list[threading.Thread] = []

    def read(document: bytes) -> list[Row[Meta]]:
        readers.append(threading.current_thread())
        return []

    await parsed(read, bytes(FEW))
    await parsed(read, bytes(FEW + 1))
    assert [reader is threading.main_thread() for reader in readers] == [True, False]
