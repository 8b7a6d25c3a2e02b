"""The writer of the index: what shares a commit, and what fails alone."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.core.errors import ConditionFailed, OutOfSpace, Unavailable
from gateway.stores.catalog import writer
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.writer import QUEUE, Writer


@dataclass
class Bench:
    """A writer over a table of numbers, whose thread can be held up."""

    connection: Connection
    writer: Writer
    brief: bool
    commits: list[str] = field(default_factory=list)
    wakes: list[None] = field(default_factory=list)

    async def run(self, work: Callable[[Connection], int]) -> int:
        return await self.writer.run(work, brief=self.brief)

    def rows(self) -> list[int]:
        return [number for (number,) in self.connection.execute("SELECT number FROM numbers ORDER BY rowid")]

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """The writer is busy with a job of its own while the context lasts."""
        begun, go_on = threading.Event(), threading.Event()

        def wait(_: Connection) -> None:
            begun.set()
            go_on.wait(20)

        holding = asyncio.ensure_future(self.writer.run(wait))
        await asyncio.to_thread(begun.wait, 20)
        try:
            yield
        finally:
            go_on.set()
            await holding


def insert(number: int) -> Callable[[Connection], int]:
    def work(db: Connection) -> int:
        db.execute("INSERT INTO numbers VALUES (?, ?)", (number, b"x" * 1000))
        return number

    return work


def refuse(number: int) -> Callable[[Connection], int]:
    def work(db: Connection) -> int:
        insert(number)(db)
        raise ConditionFailed

    return work


@pytest.fixture(params=(False, True), ids=("in the thread", "brief"))
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (number INTEGER, weight BLOB)")
        commits: list[str] = []
        wakes: list[None] = []
        connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        opened = Writer(connection, lambda _: wakes.append(None))
        yield Bench(connection, opened, request.param, commits, wakes)
        await opened.aclose()


async def together(bench: Bench, *works: Callable[[Connection], int]) -> list[int | BaseException]:
    """The outcomes of jobs that wait at the same time."""
    async with bench.held():
        tasks = [asyncio.ensure_future(bench.run(work)) for work in works]
        await asyncio.sleep(0)
        bench.commits.clear()
        bench.wakes.clear()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_jobs_that_wait_share_one_commit(bench: Bench) -> None:
    assert await together(bench, *map(insert, range(50))) == list(range(50))
    assert bench.commits == ["COMMIT"] * 2  # the job that held the writer, and all others
    assert len(bench.wakes) == 2
    assert bench.rows() == list(range(50))


async def test_jobs_one_after_the_other_do_not_wait_for_company(bench: Bench) -> None:
    for number in range(3):
        assert await bench.run(insert(number)) == number
    assert bench.commits == ["COMMIT"] * 3


async def test_a_job_that_fails_is_undone_alone(bench: Bench) -> None:
    outcomes = await together(bench, insert(1), refuse(2), insert(3))
    assert [type(outcome) for outcome in outcomes] == [int, ConditionFailed, int]
    assert bench.rows() == [1, 3]


async def test_a_job_that_can_not_be_bound_is_the_callers_mistake(bench: Bench) -> None:
    outcomes = await together(bench, insert(1), insert(2**70), insert(3))
    assert str(outcomes[1]) == "A number is out of range"
    assert bench.rows() == [1, 3]


async def test_a_mistake_in_a_job_reaches_its_caller_alone(bench: Bench) -> None:
    def wrong(db: Connection) -> int:
        insert(2)(db)
        return int("two")

    outcomes = await together(bench, insert(1), wrong, insert(3))
    assert [type(outcome) for outcome in outcomes] == [int, ValueError, int]
    assert bench.rows() == [1, 3]


async def test_a_full_disk_fails_the_group_and_nothing_after_it(bench: Bench) -> None:
    """SQLite gives the transaction up, with the jobs of it that went well."""
    (pages,) = bench.connection.execute("PRAGMA page_count").fetchone()
    bench.connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    outcomes = await together(bench, *map(insert, range(40)))
    assert {type(outcome) for outcome in outcomes} == {OutOfSpace}
    assert bench.rows() == []
    bench.connection.execute("PRAGMA max_page_count = 100000")
    assert await together(bench, insert(1), insert(2)) == [1, 2]
    assert bench.rows() == [1, 2]


async def test_a_commit_that_fails_fails_the_group_and_nothing_after_it(bench: Bench) -> None:
    bench.connection.executescript(
        """PRAGMA foreign_keys = ON;
        CREATE TABLE kin (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES kin DEFERRABLE INITIALLY DEFERRED)"""
    )

    def orphan(db: Connection) -> int:
        db.execute("INSERT INTO kin VALUES (1, 7)")  # only the commit finds that there is no such parent
        return 0

    outcomes = await together(bench, insert(1), orphan, insert(2))
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert bench.rows() == []
    assert await bench.run(insert(3)) == 3


async def test_a_job_whose_caller_has_gone_never_begins(bench: Bench) -> None:
    async with bench.held():
        tasks = [asyncio.ensure_future(bench.run(insert(number))) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait(tasks[1:2])
        assert tasks[1].cancelled()
    await asyncio.gather(tasks[0], tasks[2])
    assert bench.rows() == [0, 2]


@pytest.mark.parametrize("times", (1, 3))
async def test_a_job_that_has_begun_is_waited_for(bench: Bench, times: int) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(db: Connection) -> int:
        begun.set()
        go_on.wait(20)
        return insert(1)(db)

    task = asyncio.ensure_future(bench.writer.run(work))
    await asyncio.to_thread(begun.wait, 20)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
    go_on.set()
    await asyncio.wait((task,))
    assert task.cancelled()
    assert bench.rows() == [1]


async def test_what_is_queued_is_finished_before_the_end(bench: Bench) -> None:
    async with bench.held():
        tasks = [asyncio.ensure_future(bench.run(insert(number))) for number in range(3)]
        await asyncio.sleep(0)
        closing_down = asyncio.ensure_future(bench.writer.aclose())
        await asyncio.sleep(0)
    await closing_down
    assert await asyncio.gather(*tasks) == [0, 1, 2]
    with pytest.raises(Unavailable):
        await bench.run(insert(3))


async def test_the_queue_is_bounded(bench: Bench) -> None:
    async with bench.held():
        tasks = [asyncio.ensure_future(bench.run(insert(number))) for number in range(QUEUE + 10)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(bench.writer._waiting) == QUEUE - 1  # beside the job that holds the writer
    assert len(await asyncio.gather(*tasks)) == QUEUE + 10


async def test_brief_jobs_and_others_take_turns_in_their_order(bench: Bench) -> None:
    async with bench.held():
        tasks = [asyncio.ensure_future(bench.writer.run(insert(number), brief=number % 10 < 5)) for number in range(30)]
        await asyncio.sleep(0)
        bench.commits.clear()
    assert await asyncio.gather(*tasks) == list(range(30))
    assert bench.rows() == list(range(30))
    assert len(bench.commits) == 7  # the job that held the writer, and six groups


async def test_a_brief_job_whose_commit_is_under_way_is_waited_for(bench: Bench) -> None:
    begun = asyncio.Event()

    def work(db: Connection) -> int:
        begun.set()
        return insert(1)(db)

    task = asyncio.ensure_future(bench.writer.run(work, brief=True))
    await begun.wait()
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
    assert bench.rows() == [1]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program writes to the index, and takes its time."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_an_index_that_another_program_holds_is_waited_for_beside_the_event_loop(
    bench: Bench, tmp_path: Path
) -> None:
    with locked(tmp_path / "db"):
        task = asyncio.ensure_future(bench.run(insert(1)))
        for _ in range(5):
            await asyncio.sleep(0.01)
        assert not task.done()
        others = [asyncio.ensure_future(bench.run(insert(number))) for number in (2, 3)]
    assert await asyncio.gather(task, *others) == [1, 2, 3]
    assert bench.rows() == [1, 2, 3]


async def test_an_index_that_another_program_does_not_let_go_is_an_error(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.05)
    with locked(tmp_path / "db"), pytest.raises(Unavailable):
        await bench.run(insert(1))
    assert await bench.run(insert(2)) == 2
    assert bench.rows() == [2]
