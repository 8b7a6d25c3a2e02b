"""Objects that are known to be empty indeed."""

from collections import OrderedDict

from gateway.core.types import Key


class Empties:
    """Bounded: what was seen first is forgotten first. A later write of the object has another stamp."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[tuple[Key, int], None] = OrderedDict()

    def holds(self, key: Key, stamp: int) -> bool:
        return (key, stamp) in self._seen

    def add(self, key: Key, stamp: int) -> None:
        self._seen[key, stamp] = None
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
