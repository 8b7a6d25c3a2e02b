"""Small objects that were read lately, with their bytes."""

from collections import OrderedDict
from collections.abc import Collection
from functools import partial

from gateway.core.errors import NoSuchKey
from gateway.core.expiry import has_vanished
from gateway.core.names import checked_key
from gateway.core.types import Key
from gateway.stores.catalog.readers import Readers
from gateway.stores.catalog.tables import objects
from gateway.stores.catalog.tables.objects import Opened

OVERHEAD = 2048
"""About the bytes that an entry takes beside those of its object and its properties."""

EACH = 160
"""About the bytes that a property takes beside its text."""


class RecentObjects:
    """Opens objects, out of memory where it can: a query takes twenty times as long, and locks by system calls.

    Nobody but the writer changes the index, so what was read stays true until a commit that may change it is
    acknowledged. All of this happens on the event loop. Only objects whose bytes lie inline are kept: those of others
    have to be pinned by one who has seen that they stand.
    """

    def __init__(self, readers: Readers, limit: int) -> None:
        """`limit`: bytes of memory."""
        self._readers = readers
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[str, str], Opened] = OrderedDict()

    def open(self, key: Key) -> Opened:
        """An object as it stands. Raises `InvalidName`, `NoSuchBucket`, `NoSuchKey`, `Unavailable`."""
        name = key.bucket, key.name
        found = self._kept.get(name)
        if found is not None:
            if found.meta.props.expires is not None and has_vanished(found.meta.props.expires):
                raise NoSuchKey
            self._kept.move_to_end(name)
            return found
        found = self._readers.here(partial(objects.find_open, key=checked_key(key)))
        if found.data is not None:
            self._keep(name, found)
        return found

    def forget(self, changed: Collection[Key] | None) -> None:
        """Take note of a commit: these objects may have changed; None: any."""
        if changed is None:
            self._kept.clear()
            self._size = 0
            return
        for key in changed:
            found = self._kept.pop((key.bucket, key.name), None)
            if found is not None:
                self._size -= _cost(found)

    def _keep(self, name: tuple[str, str], found: Opened) -> None:
        self._kept[name] = found
        self._size += _cost(found)
        while self._size > self._limit:
            _, oldest = self._kept.popitem(last=False)
            self._size -= _cost(oldest)


def _cost(found: Opened) -> int:
    props = found.meta.props
    size = len(found.data or b"") + OVERHEAD
    for properties in (props.user, props.system):
        for name, value in properties.items():
            size += EACH + len(name) + len(value)
    return size
