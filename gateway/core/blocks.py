"""How large the blocks are that bodies come in by: large ones cost least, those of many bodies must fit in memory."""

from collections.abc import Iterator
from contextlib import contextmanager

LARGEST = 2 * 1024 * 1024
"""Bytes of a block where few bodies come in."""

SMALLEST = 64 * 1024
"""Bytes of a block where very many come in."""

TOGETHER = 16 * 1024 * 1024
"""Bytes that one block of each body may have together. A body holds about five: arriving, being hashed and written."""


class Crowd:
    """The bodies that come in at present."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """There is one body more."""
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1

    def block(self) -> int:
        """Bytes that a block should have now: a power of two, so that it changes seldom."""
        size = LARGEST
        while size > SMALLEST and size * self._count > TOGETHER:
            size //= 2
        return size


CROWD = Crowd()
"""All bodies of the process: they share its memory."""
