"""The one writer of the index: concurrent jobs share a transaction, and one fsync acknowledges them all."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.core.errors import Unavailable
from gateway.core.types import Key
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.failures import IndexFailure, of_index, report
from gateway.stores.catalog.threads import ended

T = TypeVar("T")

GROUP = 256
"""Most jobs in a transaction."""

BRIEF_GROUP = 64
"""Most brief jobs in a transaction: they hold up the event loop for some ten microseconds each."""

QUEUE = 1024
"""Most jobs under way; who comes later waits."""

PATIENCE = 5.0
"""Seconds that the index may be held by a program that is not this process."""
POLL = 0.01

Changes = Collection[Key] | None
"""The objects that a job may change; None: any, and whole buckets too."""


class _Job(Generic[T]):
    def __init__(
        self, work: Callable[[Connection], T], future: asyncio.Future[T], changes: Changes, *, brief: bool
    ) -> None:
        self.changes = changes
        self.brief = brief
        self.future = future
        self.settled = False
        self._work = work
        self._claim = threading.Lock()
        self._outcome: Callable[[], None] | None = None

    def claim(self) -> bool:
        """Whether the caller of this, the first one, is to decide what becomes of the job: the writer or its owner."""
        return self._claim.acquire(blocking=False)

    def attempt(self, connection: Connection) -> None:
        """Do the work inside the group's transaction; a failure undoes this job alone.

        Raises where SQLite has given up the whole transaction (it does so on a full disk and on I/O errors).
        """
        connection.execute("SAVEPOINT job")
        try:
            value = self._work(connection)
        except Exception as error:  # whatever it is, it belongs to the caller
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            report(error)
            self.fail(error)
        else:
            connection.execute("RELEASE job")
            self._outcome = lambda: self.future.set_result(value)

    def fail(self, error: Exception) -> None:
        refusal = of_index(error) if isinstance(error, IndexFailure) else error
        self._outcome = lambda: self.future.set_exception(refusal)

    def settle(self) -> None:
        """Tell the owner."""
        self.settled = True
        if self._outcome is not None and not self.future.done():
            self._outcome()


class _Group(NamedTuple):
    """Jobs that share a transaction. Brief ones have been attempted when the thread gets them."""

    jobs: Sequence[_Job[Any]]
    brief: bool


class Writer:
    """Runs jobs, in the order in which they were handed in, over the connection that it owns.

    It takes what is queued and never waits for more: while a commit is on its way to the disk, the next group gathers.
    Brief jobs run on the event loop: in a thread they would wait for the interpreter at every statement, which takes
    several times as long as the statements. All others, and every commit, run in the writer's thread.
    """

    def __init__(self, connection: Connection, committed: Callable[[Sequence[Changes]], None]) -> None:
        """`committed` is called on the event loop after each transaction, with what its jobs may have changed."""
        self._connection = connection
        self._connection.execute("PRAGMA busy_timeout = 0")  # its own wait would hold up the event loop
        self._committed = committed
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(QUEUE)
        self._waiting: deque[_Job[Any]] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._groups: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="portico-catalog-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Connection], T], changes: Changes = None, *, brief: bool = False) -> T:
        """What `work` returns, once it is durable; a `StoreError` that it raises leaves no trace of it.

        `brief`: it touches a few rows only. For a caller that is cancelled, a job that has not begun never will, and
        the end of one that has is waited for. Raises `Unavailable` and `OutOfSpace` where the commit fails; the disk
        may have it nevertheless, if the process ends before another commit.
        """
        async with self._slots:
            if self._closed:
                raise Unavailable("The store is closed")
            job = _Job[T](work, self._loop.create_future(), changes, brief=brief)
            self._waiting.append(job)
            if self._idle.is_set():
                self._idle.clear()
                self._loop.call_soon(self._gather, 0)
            try:
                return await job.future
            except asyncio.CancelledError:
                if not job.claim() and not job.settled:
                    job.future = self._loop.create_future()  # the cancellation took the first one with it
                    await ended(job.future)
                raise

    async def aclose(self) -> None:
        """Finish what is queued."""
        self._closed = True
        await self._idle.wait()
        self._groups.put(None)
        await asyncio.to_thread(self._thread.join)

    def _gather(self, before: int) -> None:
        """Begin as soon as a turn of the loop brings no further job: few large transactions cost less than many."""
        waiting = len(self._waiting)
        if before < waiting < BRIEF_GROUP:
            self._loop.call_soon(self._gather, waiting)
        else:
            self._begin()

    def _begin(self) -> None:
        """Take up the next group of those that wait."""
        group = self._take()
        if group.brief and not self._attempt(group, patience=0):
            group = group._replace(brief=False)
        self._groups.put(group)

    def _take(self) -> _Group:
        brief = self._waiting[0].brief
        jobs: list[_Job[Any]] = []
        most = BRIEF_GROUP if brief else GROUP
        while self._waiting and len(jobs) < most and self._waiting[0].brief == brief:
            jobs.append(self._waiting.popleft())
        return _Group(jobs, brief)

    def _serve(self) -> None:
        while (group := self._groups.get()) is not None:
            if not group.brief:
                self._attempt(group, PATIENCE)
            self._commit(group)
            self._loop.call_soon_threadsafe(self._settle, group)

    def _attempt(self, group: _Group, patience: float) -> bool:
        """Do the work of all jobs; False where the index is somebody else's, and nobody is to wait for that."""
        try:
            if not self._lock(patience):
                return False
            for job in group.jobs:
                if job.claim():
                    job.attempt(self._connection)
        except Exception as error:  # whatever it is, it belongs to all callers: none of the jobs happened
            self._undo(group, error)
        return True

    def _lock(self, patience: float) -> bool:
        """Begin a transaction, as soon as no other program holds the index. False: not at once, without patience."""
        until = time.monotonic() + patience
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or (patience and time.monotonic() > until):
                    raise
                if not patience:
                    return False
                time.sleep(POLL)
            else:
                return True

    def _commit(self, group: _Group) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except Exception as error:  # as above
            self._undo(group, error)

    def _undo(self, group: _Group, error: Exception) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        report(error)
        for job in group.jobs:
            job.fail(error)

    def _settle(self, group: _Group) -> None:
        self._committed([job.changes for job in group.jobs])
        for job in group.jobs:
            job.settle()
        if self._waiting:
            self._gather(0)
        else:
            self._idle.set()
