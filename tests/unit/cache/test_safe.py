import asyncio

import pytest

from gateway.cache import safe as module
from gateway.cache.local import LocalCache
from gateway.cache.safe import Safe

SECRET = b"secret of the caches"


class Spy(LocalCache):
    """A cache whose content can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[bytes, bytes] = {}

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        self.kept[key] = value
        return await super().set(key, value, ttl)


class Dead(LocalCache):
    """A cache that can't be reached."""

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        return False

    async def add(self, key: bytes, value: bytes, ttl: int) -> bool:
        return False


async def test_what_was_put_is_found_by_whoever_has_the_secret_and_the_scope() -> None:
    cache = LocalCache()
    await Safe(cache, SECRET, ("a", "b")).put(b"token", 60)
    assert await Safe(cache, SECRET, ("a", "b")).get() == b"token"
    for scope in (("a",), ("a", "b", ""), ("a\0b",), ("ab",), ("b", "a")):
        assert await Safe(cache, SECRET, scope).get() is None
    assert await Safe(cache, b"another secret", ("a", "b")).get() is None


async def test_nothing_of_the_secret_or_the_scope_can_be_read_in_the_cache() -> None:
    cache = Spy()
    for _ in range(2):
        await Safe(cache, SECRET, ("tenant", "password")).put(b"token" * 10, 60)
        (content,) = cache.kept.items()
        for text in (b"token", b"tenant", b"password", SECRET):
            assert all(text not in part for part in content)
    assert all(part.isascii() for part in cache.kept)


async def test_a_secret_that_was_put_under_another_name_does_not_open() -> None:
    cache = Spy()
    mine, yours = Safe(cache, SECRET, ("mine",)), Safe(cache, SECRET, ("yours",))
    await mine.put(b"my token", 60)
    await yours.put(b"your token", 60)
    (_, mine_value), (yours_key, _) = cache.kept.items()
    await cache.set(yours_key, mine_value, 60)
    assert await yours.get() is None
    assert await mine.get() == b"my token"


@pytest.mark.parametrize("garbage", (b"", b"x", b"x" * 12, b"x" * 40))
async def test_garbage_counts_as_nothing(garbage: bytes) -> None:
    cache = Spy()
    safe = Safe(cache, SECRET, ("a",))
    await safe.put(b"token", 60)
    (key,) = cache.kept
    await cache.set(key, garbage, 60)
    assert await safe.get() is None
    altered = bytes([*b"\0" * 12, *b"\1" * 21])
    await cache.set(key, altered, 60)
    assert await safe.get() is None


async def test_one_after_the_other_has_a_turn() -> None:
    cache, inside, most = LocalCache(), 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with Safe(cache, SECRET, ("a",)).turn(b"old"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(work(), work())
    assert most == 1


async def test_a_turn_holds_up_nobody_who_replaces_something_else() -> None:
    cache = LocalCache()
    safe, other = Safe(cache, SECRET, ("a",)), Safe(cache, SECRET, ("b",))
    async with asyncio.timeout(5), safe.turn(b"old"), other.turn(b"old"), safe.turn(b"older"):
        pass


async def test_nobody_waits_for_a_cache_that_is_gone_or_for_one_who_holds_his_turn_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with asyncio.timeout(5), Safe(Dead(), SECRET, ("a",)).turn(b"old"), Safe(Dead(), SECRET, ("a",)).turn(b"old"):
        pass
    monkeypatch.setattr(module, "TURN_SECONDS", 1)
    cache = LocalCache()
    async with asyncio.timeout(20), Safe(cache, SECRET, ("a",)).turn(b"old"), Safe(cache, SECRET, ("a",)).turn(b"old"):
        pass


async def test_a_turn_ends_with_whoever_had_it() -> None:
    cache = LocalCache()
    with pytest.raises(RuntimeError):
        async with Safe(cache, SECRET, ("a",)).turn(b"old"):
            raise RuntimeError
    async with asyncio.timeout(5), Safe(cache, SECRET, ("a",)).turn(b"old"):
        pass
