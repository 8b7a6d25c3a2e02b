"""The one writer of the index: concurrent jobs share a transaction, and one fsync acknowledges them all."""

import asyncio
import queue
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, TypeVar

from gateway.core.errors import Unavailable
from gateway.core.types import Key
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.failures import IndexFailure, of_index, report
from gateway.stores.catalog.threads import ended

T = TypeVar("T")

GROUP = 256
"""Most jobs in a transaction."""

QUEUE = 1024
"""Most jobs under way; who comes later waits."""

Changes = Collection[Key] | None
"""The objects that a job may change; None: any, and whole buckets too."""


class _Job(Generic[T]):
    def __init__(self, work: Callable[[Connection], T], future: asyncio.Future[T], changes: Changes) -> None:
        self.changes = changes
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


class Writer:
    """Runs jobs, in the order in which they were handed in, over the connection that it owns.

    It takes what is queued and never waits for more: while a commit is on its way to the disk, the next group gathers.
    """

    def __init__(self, connection: Connection, committed: Callable[[Sequence[Changes]], None]) -> None:
        """`committed` is called on the event loop after each transaction, with what its jobs may have changed."""
        self._connection = connection
        self._committed = committed
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(QUEUE)
        self._queue: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="portico-catalog-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Connection], T], changes: Changes = None) -> T:
        """What `work` returns, once it is durable; a `StoreError` that it raises leaves no trace of it.
        For a caller that is cancelled, a job that has not begun never will, and the end of one that has is waited for.
        Raises `Unavailable` and `OutOfSpace` where the commit fails; the disk may have it nevertheless, if the process
        ends before another commit.
        """
        async with self._slots:
            if self._closed:
                raise Unavailable("The store is closed")
            job = _Job[T](work, self._loop.create_future(), changes)
            self._queue.put(job)
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
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        while group := self._take():
            self._commit(group)
            self._loop.call_soon_threadsafe(self._settle, group)

    def _take(self) -> Sequence[_Job[Any]]:
        """The jobs that wait, at least one; none at the end."""
        group: list[_Job[Any]] = []
        job = self._queue.get()
        while job is not None:
            group.append(job)
            if len(group) == GROUP:
                return group
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return group
        if group:
            self._queue.put(None)
        return group

    def _commit(self, group: Sequence[_Job[Any]]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                if job.claim():
                    job.attempt(connection)
            connection.execute("COMMIT")
        except Exception as error:  # whatever it is, it belongs to all callers: none of the jobs happened
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            report(error)
            for job in group:
                job.fail(error)

    def _settle(self, group: Sequence[_Job[Any]]) -> None:
        self._committed([job.changes for job in group])
        for job in group:
            job.settle()
