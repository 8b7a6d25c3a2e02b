import asyncio
import gc

import pytest

from gateway.core.tasks import Flight, Shared, Turns, beside, wholly


class Work:
    """Takes until `finish` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.finish = asyncio.Event()
        self.begun = asyncio.Event()
        self.undone: list[str] = []
        self.done = False
        self._error = error

    async def __call__(self) -> str:
        self.begun.set()
        await self.finish.wait()
        self.done = True
        if self._error is not None:
            raise self._error
        return "made"

    async def undo(self, made: str) -> None:
        self.undone.append(made)


async def test_work_gives_what_it_makes() -> None:
    work = Work()
    work.finish.set()
    assert await wholly(work(), work.undo) == "made"
    assert work.undone == []


async def test_work_that_fails_fails_its_caller() -> None:
    work = Work(ValueError("no"))
    work.finish.set()
    with pytest.raises(ValueError, match="no"):
        await wholly(work(), work.undo)
    assert work.undone == []


@pytest.mark.parametrize("times", (1, 2, 3))
@pytest.mark.parametrize("error", (None, ValueError("unseen")))
async def test_a_cancelled_caller_waits_for_the_end(times: int, error: Exception | None) -> None:
    work = Work(error)
    caller = asyncio.create_task(wholly(work(), work.undo))
    await work.begun.wait()
    for _ in range(times):
        caller.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not caller.done()
    work.finish.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert work.done
    assert work.undone == ([] if error else ["made"])


async def test_turns_of_one_name_follow_upon_each_other_and_others_do_not_wait() -> None:
    turns = Turns()
    order: list[str] = []

    async def take(name: str, what: str) -> None:
        async with turns.of(name):
            order.append(f"{what} begins")
            await asyncio.sleep(0)
            order.append(f"{what} ends")

    await asyncio.gather(take("a", "one"), take("a", "two"), take("b", "three"))
    assert order.index("one ends") < order.index("two begins")
    assert order.index("three begins") < order.index("one ends")


async def test_several_that_fail_at_once_are_all_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(number: int) -> None:
        raise ValueError(number)

    async def fly() -> None:
        async with Flight(3) as flight:
            await flight.launch(fail(1))
            await flight.launch(fail(2))

    with pytest.raises(ValueError, match=r"^[12]$"):
        await fly()
    gc.collect()
    assert caplog.records == []


async def test_what_runs_beside_ends_with_the_context() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with beside(work()):
        await begun.wait()
        assert not ended.is_set()
    assert ended.is_set()


async def test_what_fails_beside_is_told_at_once_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    others = Work()

    async def work() -> None:
        raise ValueError("no")

    async def other() -> None:
        await others()

    async with beside(work(), other()):
        await others.begun.wait()
        await asyncio.sleep(0)
        assert "ValueError: no" in caplog.text
        assert not others.done


async def test_who_is_cancelled_while_what_runs_beside_ends_learns_of_it() -> None:
    stopping, stopped = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopping.set()
            await stopped.wait()

    async def user() -> None:
        async with beside(work()):
            await asyncio.sleep(0)

    task = asyncio.create_task(user())
    await stopping.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    stopped.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_many_want_at_once_is_done_once() -> None:
    shared: Shared[str] = Shared()
    work = Work()
    asking = [asyncio.create_task(shared.result("name", work)) for _ in range(3)]
    await work.begun.wait()
    assert "name" in shared
    assert len(shared) == 1
    asking[0].cancel()
    work.finish.set()
    assert await asyncio.gather(*asking[1:]) == ["made", "made"]
    assert len(shared) == 0


async def test_what_is_shared_is_broken_off_at_the_end() -> None:
    shared: Shared[str] = Shared()
    work = Work()
    asking = asyncio.create_task(shared.result("name", work))
    await work.begun.wait()
    await shared.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not work.done
