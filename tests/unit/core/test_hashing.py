import asyncio
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from gateway.core import hashing as module
from gateway.core.digest import Algorithm
from gateway.core.hashing import AHEAD, INLINE, Hashing

LARGE = bytes(INLINE + 1)


class Slow:
    """Hashes that wait to be let on before each block."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.let_on = threading.Semaphore(0)
        self.error: Exception | None = None
        monkeypatch.setattr(module, "new", lambda algorithm: self)
        self._state = hashlib.md5()

    def update(self, data: bytes, /) -> None:
        self.let_on.acquire()
        if self.error is not None:
            raise self.error
        self._state.update(data)

    def digest(self) -> bytes:
        return self._state.digest()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_blocks_are_hashed_in_their_order() -> None:
    hashing = Hashing({Algorithm.MD5, Algorithm.CRC32})
    blocks = [bytes([number]) * (1 if number % 3 else INLINE * 20) for number in range(30)]
    for block in blocks:
        await hashing.update(block)
    assert (await hashing.digests())[Algorithm.MD5] == hashlib.md5(b"".join(blocks)).digest()


async def test_without_algorithms_nothing_is_kept() -> None:
    hashing = Hashing(())
    await hashing.update(LARGE)
    assert await hashing.digests() == {}


async def test_blocks_wait_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    hashing = Hashing({Algorithm.MD5})
    for _ in range(AHEAD):
        await hashing.update(LARGE)
    late = asyncio.create_task(hashing.update(b"the end"))
    await settle()
    assert not late.done()
    slow.let_on.release()
    await late
    slow.let_on.release(AHEAD)
    assert await hashing.digests() == {Algorithm.MD5: hashlib.md5(LARGE * AHEAD + b"the end").digest()}


async def test_who_waits_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    hashing = Hashing({Algorithm.MD5})
    for _ in range(AHEAD):
        await hashing.update(LARGE)
    late = asyncio.create_task(hashing.update(LARGE))
    await settle()
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    slow.let_on.release(AHEAD)
    assert await hashing.digests() == {Algorithm.MD5: hashlib.md5(LARGE * AHEAD).digest()}


@pytest.mark.parametrize("blocks", (1, AHEAD, AHEAD + 2))
async def test_a_hash_that_fails_ends_the_stream(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    slow = Slow(monkeypatch)
    slow.error = MemoryError()
    slow.let_on.release(blocks)
    with pytest.raises(MemoryError):
        await hashed(blocks)


async def hashed(blocks: int) -> None:
    hashing = Hashing({Algorithm.MD5})
    for _ in range(blocks):
        await hashing.update(LARGE)
        await settle()
    await hashing.digests()


class AtOnce(ThreadPoolExecutor):
    """Its work has ended before anybody learns of it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


@pytest.mark.parametrize("blocks", (1, 2))
async def test_a_hash_that_fails_while_nobody_waits_ends_the_stream(
    monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    asyncio.get_running_loop().set_default_executor(AtOnce())
    slow = Slow(monkeypatch)
    slow.error = MemoryError()
    slow.let_on.release(blocks)
    with pytest.raises(MemoryError):
        await hashed(blocks)


async def test_a_block_that_comes_as_the_thread_has_seen_none_is_hashed() -> None:
    asyncio.get_running_loop().set_default_executor(AtOnce())
    hashing = Hashing({Algorithm.MD5})
    await hashing.update(LARGE)
    await hashing.update(b"late")
    assert await hashing.digests() == {Algorithm.MD5: hashlib.md5(LARGE + b"late").digest()}
