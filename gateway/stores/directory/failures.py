"""Failures of the file system, as the errors that the Store contract knows."""

import errno
import logging
from collections.abc import Callable, Mapping

from gateway.core.errors import Denied, InvalidName, NotADirectory, OutOfSpace, StoreError, Unavailable, Unsupported

log = logging.getLogger("portico.stores.directory")

_MEANINGS: Mapping[int, Callable[[], StoreError]] = {
    errno.ENOSPC: OutOfSpace,
    errno.EDQUOT: OutOfSpace,
    errno.ENAMETOOLONG: lambda: InvalidName("The name is longer than the file system allows"),
    errno.ENOTDIR: lambda: NotADirectory("A file, or a link, stands where this name needs a directory"),
    errno.EACCES: lambda: Denied("The file system denies the gateway access"),
    errno.EPERM: lambda: Denied("The file system denies the gateway access"),
    errno.EROFS: lambda: Denied("The file system is read-only"),
    errno.EXDEV: lambda: Unsupported("The two places lie on different file systems; copy instead"),
}


def of_file(error: OSError) -> StoreError:
    """The error to raise for a failed operation on a file."""
    if (meaning := _MEANINGS.get(error.errno or 0)) is not None:
        return meaning()
    log.error("a file operation failed: %s", error)
    return Unavailable()
