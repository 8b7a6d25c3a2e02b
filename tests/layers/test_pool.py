import asyncio
import inspect

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.errors import Busy, Unavailable
from gateway.core.store import Store
from gateway.core.types import ListQuery
from gateway.layers.layer import Layer
from gateway.layers.leased import Leased
from gateway.layers.pool import FAILURE_SECONDS, StorePool
from gateway.stores.memory import Memory
from tests.frontends.ftp.world import until


class Opened(Memory):
    """A store that knows whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True
        await super().aclose()


class House:
    """A pool whose clock goes by hand, and all stores that were opened for it."""

    def __init__(self, limit: int = 10, idle_seconds: float = 0.01) -> None:
        self.now = 0.0
        self.fault: Exception | None = None
        self.opened: list[Opened] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.pool = StorePool(limit, idle_seconds, lambda: self.now)

    async def opening(self) -> Store:
        await asyncio.sleep(0)
        await self.hold.wait()
        if self.fault is not None:
            raise self.fault
        self.opened.append(Opened())
        return self.opened[-1]

    async def use(self, key: bytes = b"a") -> Store:
        async with self.pool.lease(key, self.opening) as store:
            await asyncio.sleep(0)
            return store


async def test_many_who_ask_at_once_have_one_store_opened() -> None:
    house = House()
    found = await asyncio.gather(*[house.use() for _ in range(10)])
    assert len(house.opened) == 1
    assert set(found) == set(house.opened)
    assert await house.use(b"b") is not found[0]
    await house.pool.aclose()


async def test_what_nobody_uses_is_closed_after_its_time_and_opened_again() -> None:
    house = House()
    async with house.pool.lease(b"busy", house.opening):
        await house.use()
        busy, idle = house.opened
        await asyncio.sleep(0.03)
        assert not idle.closed
        house.now = 1.0
        await until(lambda: idle.closed)
        await asyncio.sleep(0.03)
        assert not busy.closed
        assert len(house.pool) == 1
        assert await house.use() is not idle
    house.now = 2.0
    await until(lambda: all(store.closed for store in house.opened))
    assert len(house.pool) == 0
    await house.pool.aclose()


async def test_there_are_never_more_than_the_limit_and_the_stillest_goes_first() -> None:
    house = House(limit=2, idle_seconds=1000)
    for key in (b"a", b"b", b"a", b"c"):
        await house.use(key)
    await until(lambda: house.opened[1].closed)
    assert [store.closed for store in house.opened] == [False, True, False]
    async with house.pool.lease(b"x", house.opening), house.pool.lease(b"y", house.opening):
        with pytest.raises(Busy):
            await house.use(b"z")
    await house.use(b"z")
    await house.pool.aclose()
    assert all(store.closed for store in house.opened)


async def test_a_failure_is_told_for_a_while_and_leaves_no_store() -> None:
    house = House()
    house.fault = Unavailable("down")
    assert all(isinstance(error, Unavailable) for error in await gather(house, 5))
    house.fault = None
    assert [str(error) for error in await gather(house, 1)] == ["down"]
    assert len(house.pool) == 0
    house.now = FAILURE_SECONDS + 0.1
    await house.use()
    await house.pool.aclose()


async def gather(house: House, count: int) -> list[object]:
    return list(await asyncio.gather(*[house.use() for _ in range(count)], return_exceptions=True))


async def test_who_stops_waiting_does_not_stop_the_others() -> None:
    house = House()
    house.hold.clear()
    first, second = (asyncio.create_task(house.use()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    house.hold.set()
    assert await second is house.opened[0]
    await house.pool.aclose()
    assert house.opened[0].closed


async def test_a_discarded_store_is_given_to_nobody_else_and_closed_by_its_last_user() -> None:
    house = House()
    async with house.pool.lease(b"a", house.opening) as old:
        house.pool.discard(b"a")
        assert await house.use() is not old
        assert not house.opened[0].closed
    await until(lambda: house.opened[0].closed)
    house.pool.discard(b"a")
    await until(lambda: house.opened[1].closed)
    await house.pool.aclose()


async def test_a_closed_pool_has_closed_everything_and_opens_nothing() -> None:
    house = House()
    house.hold.clear()
    waiting = asyncio.create_task(house.use())
    await asyncio.sleep(0)
    await house.pool.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(Unavailable):
        await house.use()


async def test_a_leased_store_is_asked_again_after_it_was_closed() -> None:
    memory = Memory()

    class Kept(Layer):
        async def aclose(self) -> None:
            pass

    async def opening() -> Store:
        return Kept(memory)

    pool = StorePool(10, 1000)
    store = Leased(lambda: pool.lease(b"a", opening), Memory())
    await store.create_bucket("b", BucketProps(owner="o"))
    pool.discard(b"a")
    assert [row.name for row in (await store.buckets(ListQuery())).items] == ["b"]
    await pool.aclose()


def test_nothing_is_ever_asked_of_the_pattern() -> None:
    """What the plain layer forwards to the store inside, this one has to lease a store for."""
    told = {"caps", "offers", "shields", "inner"}
    forwarded = {name for name, member in vars(Layer).items() if inspect.isfunction(member) and name[0] != "_"}
    assert forwarded - told <= vars(Leased).keys()


async def test_a_failure_that_many_are_told_of_holds_none_of_them() -> None:
    house = House()
    house.fault = Unavailable()
    depths = []
    for _ in range(4):
        with pytest.raises(Unavailable) as failed:
            await house.use()
        depths.append(len(failed.traceback))
    assert depths[1] == depths[2] == depths[3]
    await house.pool.aclose()
