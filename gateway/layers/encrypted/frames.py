"""How bytes are sealed: a *run* is a header and frames, each of which proves itself, its place and whether it is last.

An object that came in as one is one run, and so is each part of a multipart upload; the runs of an object lie one
behind the other. The frames are those of the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, 2015) over
AES-256-GCM: what is cut off, moved, doubled or changed is found wherever it is read.
"""

import hmac
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import Corrupt
from gateway.core.ranges import Extent

FRAME = 64 * 1024
"""Plain bytes of every frame but a run's last, which has fewer or as many."""
TAG = 16
"""Bytes that a frame is longer than its plain bytes."""
SEALED_FRAME = FRAME + TAG
HEADER = 34
"""Bytes of a run's header: the number of the part, in two, and a random salt."""

_NUMBER = 2
_PLACE = 11


def frames_in(size: int) -> int:
    """The frames of `size` plain bytes: one at least, so that emptiness proves itself, too."""
    return max(1, -(-size // FRAME))


def stored_size(size: int) -> int:
    """The bytes of a run of `size` plain bytes."""
    return HEADER + size + TAG * frames_in(size)


def new_header(number: int) -> bytes:
    """The header of a new run. `number`: that of the part, 0 for an object that comes in as one."""
    return number.to_bytes(_NUMBER, "big") + os.urandom(HEADER - _NUMBER)


def number_of(header: bytes) -> int:
    return int.from_bytes(header[:_NUMBER], "big")


class Frames:
    """The frames of one run, sealed and opened one by one.

    The key of the run follows from the object's key, its content id and the header.
    """

    def __init__(self, key: bytes, content: bytes, header: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"portico run 1" + content + header, "sha256"))

    def seal(self, plain: memoryview, number: int, *, last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(number, last=last), plain, None)

    def open(self, sealed: memoryview, number: int, *, last: bool) -> bytes:
        """Raises `Corrupt`."""
        try:
            return self._cipher.decrypt(_nonce(number, last=last), sealed, None)
        except InvalidTag:
            raise Corrupt from None


class Sealing:
    """A run that is being made. Some bytes are always held back: which frame is the last one shows at the end."""

    def __init__(self, header: bytes, frames: Frames) -> None:
        self._lead = header
        self._frames = frames
        self._held = b""
        self._next = 0

    def take(self, block: bytes) -> bytes:
        """The bytes of the run that are certain, now that its plain bytes go on with `block`."""
        data = self._held + block
        whole = max(0, len(data) - 1) // FRAME * FRAME
        self._held = data[whole:]
        return self._sealed(memoryview(data)[:whole], whole // FRAME, ends=False)

    def end(self, block: bytes = b"") -> bytes:
        """The rest of the run; `block` are its last plain bytes."""
        data = self._held + block
        return self._sealed(memoryview(data), frames_in(len(data)), ends=True)

    def _sealed(self, data: memoryview, count: int, *, ends: bool) -> bytes:
        if not count:
            return b""
        first, self._next = self._next, self._next + count
        sealed = (
            self._frames.seal(data[at * FRAME : (at + 1) * FRAME], first + at, last=ends and at == count - 1)
            for at in range(count)
        )
        lead, self._lead = self._lead, b""
        return b"".join((lead, *sealed))


class Opening:
    """Frames of a run that are being read, from number `first` up to but not including `stop`."""

    def __init__(self, frames: Frames, first: int, stop: int, size: int) -> None:
        """`size`: the run's plain bytes."""
        self._frames = frames
        self._next = first
        self._stop = stop
        self._last = frames_in(size) - 1
        self._held = b""

    def take(self, block: bytes) -> bytes:
        """Plain bytes of all frames that have come in whole. Raises `Corrupt`."""
        data = self._held + block
        whole = len(data) // SEALED_FRAME * SEALED_FRAME
        self._held = data[whole:]
        return self._opened(memoryview(data)[:whole])

    def end(self) -> bytes:
        """Those of the last frame, if it is shorter than the others. Raises `Corrupt` where a frame is missing."""
        plain = self._opened(memoryview(self._held))
        if self._next != self._stop:
            raise Corrupt
        return plain

    def _opened(self, data: memoryview) -> bytes:
        opened = []
        for at in range(0, len(data), SEALED_FRAME):
            opened.append(self._frames.open(data[at : at + SEALED_FRAME], self._next, last=self._next == self._last))
            self._next += 1
        return b"".join(opened)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_PLACE, "big") + bytes((last,))


class Run(NamedTuple):
    """A run, or what is wanted of it. `offset` is where it begins among the stored bytes, `extent` which plain bytes
    of it are wanted. `position` counts the object's runs from 0.
    """

    position: int
    offset: int
    size: int
    extent: Extent


class Layout:
    """Where the runs of an object lie."""

    def __init__(self, sizes: Iterable[int], *, parted: bool) -> None:
        """`sizes`: the plain bytes of each run. `parted`: they came in as parts of an upload."""
        self.parted = parted
        plain = array("Q", sizes)
        self._starts = array("Q", accumulate(plain, initial=0))
        self._offsets = array("Q", accumulate(map(stored_size, plain), initial=0))

    @property
    def size(self) -> int:
        """Plain bytes of all runs."""
        return self._starts[-1]

    @property
    def count(self) -> int:
        return len(self._starts) - 1

    def runs(self, extent: Extent) -> Iterator[Run]:
        """The runs that hold `extent`, which lies in the object; if that is empty, the first one."""
        position = max(0, bisect_right(self._starts, extent.start, hi=self.count) - 1)
        while position < self.count:
            start, stop = self._starts[position], self._starts[position + 1]
            if start >= extent.stop and position:
                return
            wanted = Extent(max(extent.start - start, 0), min(extent.stop, stop) - start)
            yield Run(position, self._offsets[position], stop - start, wanted)
            position += 1
            if stop >= extent.stop:
                return
