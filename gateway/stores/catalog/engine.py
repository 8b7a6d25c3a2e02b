"""What every part of an open catalog works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.core.body import Body
from gateway.core.digest import Algorithm
from gateway.core.errors import StoreError, Unavailable
from gateway.core.store import Store
from gateway.stores.catalog.collector import Collector
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.draft import receive
from gateway.stores.catalog.known import KnownBuckets
from gateway.stores.catalog.pins import Pins
from gateway.stores.catalog.readers import Readers
from gateway.stores.catalog.recent import RecentObjects
from gateway.stores.catalog.settings import CatalogSettings
from gateway.stores.catalog.stored import Filed, Received
from gateway.stores.catalog.volume import Volume
from gateway.stores.catalog.writer import Changes, Writer

T = TypeVar("T")

BRIEF = 64 * 1024
"""Most bytes that a brief job takes into the index."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The machinery of an open catalog."""

    settings: CatalogSettings
    writer: Writer
    readers: Readers
    known: KnownBuckets
    recent: RecentObjects
    volume: Volume
    pins: Pins
    collector: Collector

    async def receive(self, body: Body, algorithms: frozenset[Algorithm]) -> Received:
        """Take a body in, to be handed on to `commit` without an await between. Raises as `draft.receive`."""
        return await receive(body, algorithms, self.volume, self.settings.inline_max)

    async def commit(
        self, received: Received, work: Callable[[Connection], T], changes: Changes = None, *, brief: bool = True
    ) -> T:
        """Run the job that is to name what was received; if it fails, what lies in a file is removed again.

        `brief`: beside that, it touches a few rows only.

        A job that was refused, or found the disk full, has certainly left no row, and so its file goes at once: on a
        full disk that must not depend on another commit. Of any other failure the index has to be asked.
        """
        brief = brief and (isinstance(received.stored, Filed) or received.stored.size <= BRIEF)
        try:
            return await self.writer.run(work, changes, brief=brief)
        except BaseException as error:
            if isinstance(received.stored, Filed):
                if isinstance(error, StoreError) and not isinstance(error, Unavailable):
                    await self.volume.writing.run(self.volume.unlink, (received.stored.segment,))
                else:
                    self.collector.abandon(received.stored.segment)
            raise


class Part(Store):
    """A part of the store's methods, over the engine of the whole."""

    _opened: Engine | None = None

    @property
    def _engine(self) -> Engine:
        if self._opened is None:
            raise Unavailable("The store is not open")
        return self._opened
