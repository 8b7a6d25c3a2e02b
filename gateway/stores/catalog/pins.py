"""Contents that are being read."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Pins:
    """Contents that must stay whole, although no object may refer to them any more: someone is reading them.

    Taken and looked at on the event loop alone, where objects are looked up, too: so a content that is garbage and
    isn't held will never be held again.
    """

    def __init__(self, garbage: asyncio.Event) -> None:
        """`garbage` is set when garbage that was held can be collected."""
        self._garbage = garbage
        self._readers: Counter[int] = Counter()
        self._wanted: set[int] = set()

    @contextmanager
    def hold(self, content: int) -> Iterator[None]:
        """Keep a content whole, which was looked up without an await since."""
        self._readers[content] += 1
        try:
            yield
        finally:
            self._readers[content] -= 1
            if not self._readers[content]:
                del self._readers[content]
                if content in self._wanted:
                    self._wanted.remove(content)
                    self._garbage.set()

    @property
    def count(self) -> int:
        """Contents that are held."""
        return len(self._readers)

    def free(self, contents: Iterable[int]) -> list[int]:
        """Those of the garbage that may be collected now; the others are remembered until they may."""
        found = list(contents)
        self._wanted.update(content for content in found if content in self._readers)
        return [content for content in found if content not in self._readers]
