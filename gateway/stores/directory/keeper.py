"""Where records of files are kept: in an attribute of the file, or in a sidecar, which is named by its inode.

So either belongs to the file and not to its name: it is there before the file gets its name, and goes along with
every rename.
"""

import errno
import os
from contextlib import suppress

import msgspec

from gateway.stores.directory.hidden import Hidden
from gateway.stores.directory.records import Kind, Record, pack, unpack

ATTRIBUTE = "user.portico"
SIDECARS = "meta"

_ASIDE = b""
"""What the attribute holds where the record is too large for it."""

_NONE = frozenset({errno.ENODATA, errno.ENOTSUP})
_TOO_LARGE = frozenset({errno.ENOSPC, errno.E2BIG, errno.ERANGE})


class Keeper:
    """Keeps the records of one bucket's files and folders. All methods block, and raise `OSError`."""

    def __init__(self, hidden: Hidden, attributes: bool) -> None:
        self._hidden = hidden
        self._attributes = attributes

    def load(self, descriptor: int, found: os.stat_result) -> Record | None:
        """The record of an open file or folder, `found` being what it looks like now."""
        packed = self._attribute(descriptor) if self._attributes else _ASIDE
        if packed == _ASIDE:
            packed = self._hidden.read(SIDECARS, _sidecar(found.st_ino))
            if packed is None:
                return None
            record = _unpacked(packed)
            # The inode of a file that others removed may have become another file's.
            return record if record is None or record.kind is not Kind.FILE or record.fits(found) else None
        return None if packed is None else _unpacked(packed)

    def save(self, descriptor: int, record: Record) -> None:
        """Keep the record of an open file or folder, instead of any other."""
        packed = pack(record)
        inode = os.fstat(descriptor).st_ino
        if not self._attributes or not self._fits(descriptor, packed):
            self._hidden.write(packed, SIDECARS, _sidecar(inode))
            if self._attributes:
                with suppress(OSError):  # without any attributes, it is looked for in the sidecar as well
                    os.setxattr(descriptor, ATTRIBUTE, _ASIDE)

    def drop(self, inode: int) -> None:
        """Forget what belongs to a file that is gone."""
        self._hidden.remove(SIDECARS, _sidecar(inode))

    def hand_over(self, other: "Keeper", inode: int) -> None:
        """Have another bucket's keeper know what is kept of a file that moves there."""
        packed = self._hidden.read(SIDECARS, _sidecar(inode))
        if packed is not None:
            other._hidden.write(packed, SIDECARS, _sidecar(inode))

    def _attribute(self, descriptor: int) -> bytes | None:
        try:
            return os.getxattr(descriptor, ATTRIBUTE)
        except OSError as error:
            if error.errno not in _NONE:
                raise
            return None if error.errno == errno.ENODATA else _ASIDE

    def _fits(self, descriptor: int, packed: bytes) -> bool:
        try:
            os.setxattr(descriptor, ATTRIBUTE, packed)
        except OSError as error:
            if error.errno not in _TOO_LARGE | {errno.ENOTSUP}:
                raise
            return False
        return True


def _sidecar(inode: int) -> str:
    return f"{inode:x}"


def _unpacked(packed: bytes) -> Record | None:
    """None for what others have written over."""
    try:
        return unpack(packed)
    except msgspec.DecodeError:
        return None
