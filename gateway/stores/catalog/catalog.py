"""The catalog: an SQL index, small objects in it, and files for the large ones."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from gateway.core.errors import Unavailable
from gateway.core.store import Caps
from gateway.core.tasks import beside
from gateway.stores.catalog import database
from gateway.stores.catalog.accounts import Accounts
from gateway.stores.catalog.buckets import Buckets
from gateway.stores.catalog.collector import Collector
from gateway.stores.catalog.draft import MAX_OBJECT
from gateway.stores.catalog.engine import Engine
from gateway.stores.catalog.expiry import Expiring
from gateway.stores.catalog.failures import log
from gateway.stores.catalog.known import KnownBuckets
from gateway.stores.catalog.lock import DirectoryLock
from gateway.stores.catalog.locks import Locks
from gateway.stores.catalog.multipart import Multipart
from gateway.stores.catalog.pins import Pins
from gateway.stores.catalog.readers import Readers
from gateway.stores.catalog.recent import RecentObjects
from gateway.stores.catalog.renames import Renames
from gateway.stores.catalog.settings import CatalogSettings
from gateway.stores.catalog.sweep import sweep
from gateway.stores.catalog.tables import garbage
from gateway.stores.catalog.versions import Versions
from gateway.stores.catalog.volume import Volume, is_occupied
from gateway.stores.catalog.writer import Changes, Writer


class Catalog(Buckets, Accounts, Multipart, Renames, Versions, Expiring, Locks):
    """The embedded store, with every capability of the contract."""

    def __init__(self, settings: CatalogSettings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self.caps = Caps(max_object=MAX_OBJECT, durable=settings.durability == "full", keeps=True)

    async def start(self) -> None:
        """Raises `Unavailable` where another process has the directory or it can't be used, `Corrupt`, `OutOfSpace`."""
        if self._settings.durability == "relaxed":
            log.warning("durability is relaxed: a failure of power may take back the last acknowledged writes")
        async with AsyncExitStack() as stack:
            self._opened = await self._open(stack)
            self._stack = stack.pop_all()

    async def aclose(self) -> None:
        self._opened = None
        await self._stack.aclose()

    async def _open(self, stack: AsyncExitStack) -> Engine:
        """Open everything, and have `stack` close it in reverse."""
        directory = self._settings.path.absolute()
        lock = await asyncio.to_thread(_take, directory)
        stack.callback(lock.release)
        root = directory / "volumes" / "0"
        connection = await asyncio.to_thread(_open_index, self._settings, directory, root, suspect=lock.unclean)
        stack.push_async_callback(asyncio.to_thread, connection.close)  # it may write back the whole log
        volume = Volume(root, garbage.last_segment(connection), self._settings.reserve)
        stack.push_async_callback(volume.aclose)
        await volume.writing.run(volume.prepare)
        readers = Readers(directory)
        stack.push_async_callback(readers.aclose)
        waiting = asyncio.Event()
        waiting.set()  # for what the last process left
        known = KnownBuckets(readers)

        recent = RecentObjects(readers, self._settings.recent)

        def committed(changes: Sequence[Changes]) -> None:
            known.forget()
            for changed in changes:
                recent.forget(changed)
            waiting.set()

        writer = Writer(connection, committed)
        stack.push_async_callback(writer.aclose)
        pins = Pins(waiting)
        collector = Collector(writer, readers, volume, pins, waiting, partial(database.sync_log, directory))
        await stack.enter_async_context(beside(collector.run(), sweep(readers, volume)))
        return Engine(self._settings, writer, readers, known, recent, volume, pins, collector)


def _open_index(settings: CatalogSettings, directory: Path, root: Path, *, suspect: bool) -> database.Connection:
    return database.open_writer(directory, settings.durability, suspect, is_occupied(root))


def _take(directory: Path) -> DirectoryLock:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return DirectoryLock.acquire(directory)
    except OSError as error:
        raise Unavailable(f"The store's directory can't be used: {error.strerror}") from error
