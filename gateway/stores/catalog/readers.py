"""Reading the index: short queries on the event loop, long ones in threads."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.core.errors import Unavailable
from gateway.stores.catalog.database import Connection, open_reader
from gateway.stores.catalog.failures import IndexFailure, of_index, report

T = TypeVar("T")

THREADS = 4


class Readers:
    """Connections that see every acknowledged write. A connection serves one query at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._near: Connection | None = self._open()
        self._far: deque[Connection] = deque()
        self._threads = ThreadPoolExecutor(THREADS, "portico-catalog-reader")

    def here(self, query: Callable[[Connection], T]) -> T:
        """The answer to a query of a few rows, at once: some ten microseconds, a tenth of a hop to a thread."""
        if self._near is None:
            raise Unavailable("The store is closed")
        try:
            return query(self._near)
        except IndexFailure as error:
            report(error)
            raise of_index(error) from error

    def together(self, query: Callable[[Connection], T]) -> T:
        """As `here`, for a query of several statements: they see one state of the index."""

        def whole(db: Connection) -> T:
            db.execute("BEGIN")
            try:
                return query(db)
            finally:
                db.execute("ROLLBACK")

        return self.here(whole)

    async def away(self, query: Callable[[Connection], T]) -> T:
        """The answer to a longer query, over one state of the index."""
        if self._near is None:
            raise Unavailable("The store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, query)

    async def aclose(self) -> None:
        near, self._near = self._near, None
        await asyncio.to_thread(self._threads.shutdown)
        for connection in (near, *self._far):
            if connection is not None:
                connection.close()
        self._far.clear()

    def _answer(self, query: Callable[[Connection], T]) -> T:
        try:
            connection = self._far.pop()
        except IndexError:
            connection = self._open()
        try:
            connection.execute("BEGIN")
            return query(connection)
        except IndexFailure as error:
            report(error)
            raise of_index(error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._far.append(connection)

    def _open(self) -> Connection:
        try:
            return open_reader(self._directory)
        except sqlite3.Error as error:
            report(error)
            raise of_index(error) from error
