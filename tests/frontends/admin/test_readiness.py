import asyncio

from gateway.core.buckets import BucketMeta
from gateway.core.types import ListQuery, Page, Prefix
from gateway.frontends.admin.readiness import Readiness, lists
from gateway.stores.memory import Memory


class Stalled(Memory):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.release = asyncio.Event()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        self.asked += 1
        await self.release.wait()
        return await super().buckets(query, owner)


async def test_a_store_that_does_not_answer_is_a_reason() -> None:
    readiness = Readiness({"slow": lists(Stalled()), "fast": lists(Memory())}, timeout=0.01, age=60)
    assert await readiness.reasons() == {"slow": "no answer within 0.01 seconds"}


async def test_probes_at_once_share_one_question() -> None:
    store = Stalled()
    readiness = Readiness({"slow": lists(store)}, timeout=60, age=60)
    probes = [asyncio.create_task(readiness.reasons()) for _ in range(10)]
    await asyncio.sleep(0)
    store.release.set()
    assert await asyncio.gather(*probes) == [{}] * 10
    assert store.asked == 1


async def test_a_probe_that_went_away_leaves_the_others_alone() -> None:
    store = Stalled()
    readiness = Readiness({"slow": lists(store)}, timeout=60, age=60)
    first, second = (asyncio.create_task(readiness.reasons()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    store.release.set()
    assert await second == {}


async def test_an_answer_grows_old() -> None:
    store = Stalled()
    store.release.set()
    readiness = Readiness({"main": lists(store)}, timeout=60, age=0)
    await readiness.reasons()
    await readiness.reasons()
    assert store.asked == 2
