"""Renames that were done lately, so that a client who missed the answer can ask again."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

REMEMBERED = 300.0
"""Seconds for which a rename is known by its token."""
MOST = 4096
"""Renames that are remembered at most; the oldest are forgotten first."""


@dataclass(slots=True)
class Renames:
    """What was asked for under which token, by this process. `now`: seconds of any clock that goes on."""

    now: Callable[[], float] = time.monotonic
    _done: OrderedDict[tuple[str, str], tuple[float, object]] = field(default_factory=OrderedDict)

    def remember(self, caller: str, token: str, asked: object) -> None:
        """Note that `asked` was done. A token counts for one caller alone."""
        self._done[caller, token] = self.now(), asked
        self._done.move_to_end((caller, token))
        if len(self._done) > MOST:
            self._done.popitem(last=False)

    def recall(self, caller: str, token: str) -> object | None:
        """What was done under that token; None: nothing of late."""
        done, asked = self._done.get((caller, token), (0.0, None))
        return asked if asked is not None and self.now() - done <= REMEMBERED else None
