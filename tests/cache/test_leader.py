"""Which of many processes leads."""

from collections.abc import Mapping, Sequence

from gateway.cache.base import Cache
from gateway.cache.leader import Leader
from gateway.cache.local import LocalCache

SECRET = b"secret"


class Lost(LocalCache):
    """A cache that can't be reached."""

    async def add(self, key: bytes, value: bytes, ttl: int) -> bool:
        return False

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {}


def candidates(cache: Cache, count: int = 3, secret: bytes = SECRET, task: str = "task") -> list[Leader]:
    return [Leader(cache, secret, task, 60) for _ in range(count)]


async def leading(leaders: Sequence[Leader]) -> list[bool]:
    return [await leader.leads() for leader in leaders]


async def test_one_leads_and_goes_on_leading() -> None:
    leaders = candidates(LocalCache())
    for _ in range(3):
        assert await leading(leaders) == [True, False, False]


async def test_when_the_leader_is_gone_another_one_leads() -> None:
    cache = LocalCache()
    leaders = candidates(cache)
    assert await leaders[0].leads()
    await cache.flush()  # as if the time of the first was over
    assert await leading(leaders) == [True, False, False]
    await cache.flush()
    assert await leading(leaders[1:]) == [True, False]
    assert not await leaders[0].leads()


async def test_tasks_and_installations_are_apart() -> None:
    cache = LocalCache()
    others = [Leader(cache, b"other", "task", 60), Leader(cache, SECRET, "other", 60)]
    assert await leading([*candidates(cache, 1), *others]) == [True, True, True]


async def test_without_a_cache_everybody_leads() -> None:
    assert await leading(candidates(Lost())) == [True, True, True]
