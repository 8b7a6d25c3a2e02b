"""What reapers have done."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum


class What(StrEnum):
    """What is removed: an object by its own time or by a rule, a past version, a delete marker, an upload."""

    VANISHED = "vanished"
    EXPIRED = "expired"
    PAST = "past"
    MARKER = "marker"
    UPLOAD = "upload"


class Tally:
    """What was removed of one store since the start, and how often it would not let go of something."""

    def __init__(self) -> None:
        self.removed: Counter[What] = Counter()
        self.refused = 0

    def since(self, before: Mapping[What, int]) -> Mapping[str, int]:
        """What was removed since `removed` was `before`."""
        return {what.value: count - before.get(what, 0) for what, count in self.removed.items()}
