"""Objects that vanish: `capabilities.Expiring`."""

from collections.abc import Sequence
from functools import partial

from gateway.core.types import Expired
from gateway.stores.catalog.engine import Part
from gateway.stores.catalog.tables import expiry


class Expiring(Part):
    """They are found by an index on their time; what does not vanish is not in it, and costs nothing."""

    async def expired(self, until: int, *, after: Expired | None = None, limit: int = 1000) -> Sequence[Expired]:
        return await self._engine.readers.away(partial(expiry.due, until=until, after=after, limit=limit))
