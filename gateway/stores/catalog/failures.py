"""Failures of the index and of the disk, as the errors that the Store contract knows."""

import errno
import logging
import sqlite3

from gateway.core.errors import BadRequest, Corrupt, OutOfSpace, StoreError, Unavailable

log = logging.getLogger("portico.stores.catalog")

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

IndexFailure = (sqlite3.Error, UnicodeEncodeError, OverflowError)
"""What a statement may raise: SQLite's own errors, and those of binding text and numbers that it can't hold."""


def report(error: BaseException) -> None:
    """Log a failure of the index that points at the machine, or at a mistake in the store."""
    if isinstance(error, sqlite3.Error):
        log.error("the index failed: %s (%s)", error, getattr(error, "sqlite_errorname", type(error).__name__))


def of_index(error: sqlite3.Error | UnicodeEncodeError | OverflowError) -> StoreError:
    """The error to raise for a failed statement."""
    if isinstance(error, UnicodeEncodeError):
        return BadRequest("A text is not valid UTF-8")
    if isinstance(error, OverflowError):
        return BadRequest("A number is out of range")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes carry the primary one in their low byte
    if code == sqlite3.SQLITE_FULL:
        return OutOfSpace()
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return Corrupt("The store's index is damaged")
    return Unavailable()


def of_file(error: OSError) -> StoreError:
    """The error to raise for a failed operation on a segment file."""
    if error.errno in FULL:
        return OutOfSpace()
    log.error("a segment file failed: %s", error)
    return Corrupt() if isinstance(error, FileNotFoundError) else Unavailable()
