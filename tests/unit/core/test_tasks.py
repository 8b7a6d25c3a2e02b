import asyncio
import gc

import pytest

from gateway.core.tasks import Flight, Turns, wholly


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
