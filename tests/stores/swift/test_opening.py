"""Whole objects are read in two pieces, of one version."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import ClientResponse

from gateway.core.errors import Corrupt, NoSuchKey, Unavailable
from gateway.core.ranges import Span
from gateway.stores.swift import SwiftStore, opening
from gateway.stores.swift.opening import Opening
from tests.conformance.tools import KEY, NEW, OLD, put, read
from tests.stores.swift.test_faults import LARGE, OBJECT, behind
from tests.support.faultproxy import Fault, FaultProxy

BEGINNING = Span(0, 9_999)


@pytest.fixture(autouse=True)
def short_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BEGINNING", BEGINNING)


@pytest.fixture
def before_the_rest(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[object]]], None]:
    """Have something done once, right before the rest of an object is asked for."""
    asked = Opening._asked

    def arrange(act: Callable[[], Awaitable[object]]) -> None:
        todo = [act]

        async def meddled(self: Opening, span: Span | None, tag: str, *, rest: bool = False) -> ClientResponse:
            if rest and todo:
                await todo.pop()()
            return await asked(self, span, tag, rest=rest)

        monkeypatch.setattr(Opening, "_asked", meddled)

    return arrange


def _ranges(proxy: FaultProxy) -> list[str]:
    lines = (line for head in proxy.heads if head.startswith("GET") for line in head.split("\r\n"))
    return [line.partition("=")[2] for line in lines if line.lower().startswith("range:")]


async def test_the_rest_is_asked_for_on_its_own_and_pinned() -> None:
    async with behind() as (store, proxy):
        assert await read(store, KEY) == LARGE
        assert _ranges(proxy) == ["0-9999", "10000-"]
        assert "if-match:" in proxy.heads[-1].lower()


@pytest.mark.parametrize("size", (1, 9_999, 10_000))
async def test_what_fits_the_beginning_takes_one_request(size: int) -> None:
    async with behind() as (store, proxy):
        await put(store, KEY, LARGE[:size])
        proxy.heads.clear()
        assert await read(store, KEY) == LARGE[:size]
        assert _ranges(proxy) == ["0-9999"]


async def test_an_empty_object_is_read() -> None:
    async with behind() as (store, _):
        await put(store, KEY, b"")
        assert await read(store, KEY) == b""


@pytest.mark.parametrize("new", (NEW, LARGE[::-1], b""))
async def test_an_object_that_is_replaced_between_the_pieces_is_read_as_it_is_then(
    before_the_rest: Callable[[Callable[[], Awaitable[object]]], None], new: bytes
) -> None:
    async with behind() as (store, _):
        before_the_rest(lambda: put(store, KEY, new))
        assert await read(store, KEY) == new


async def test_an_object_that_is_deleted_between_the_pieces_is_gone(
    before_the_rest: Callable[[Callable[[], Awaitable[object]]], None],
) -> None:
    async with behind() as (store, _):
        before_the_rest(lambda: store.delete(KEY))
        with pytest.raises(NoSuchKey):
            await read(store, KEY)


async def test_an_object_that_never_stays_the_same_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Opening._asked

    async def meddled(self: Opening, span: Span | None, tag: str, *, rest: bool = False) -> ClientResponse:
        if rest:
            await put(store, KEY, LARGE + OLD * next(number))
        return await asked(self, span, tag, rest=rest)

    number = iter(range(1, 100))
    async with behind() as (opened, _):
        store: SwiftStore = opened
        monkeypatch.setattr(Opening, "_asked", meddled)
        with pytest.raises(Unavailable, match="too often"):
            await read(store, KEY)


async def test_without_an_etag_nothing_is_put_together() -> None:
    async with behind(Fault(when=f"^GET .*{OBJECT}", untagged=True)) as (store, proxy):
        assert await read(store, KEY) == LARGE
        assert _ranges(proxy) == ["0-9999"]
        assert len(proxy.heads) == 2


@pytest.mark.parametrize("fault", (Fault(cut_answer=5_000), Fault(length=9_000), Fault(length=11_000)))
async def test_a_beginning_of_another_length_is_never_followed_by_the_rest(fault: Fault) -> None:
    async with behind(replace(fault, when=f"^GET .*{OBJECT}")) as (store, _):
        with pytest.raises((Unavailable, Corrupt)):
            await read(store, KEY)
