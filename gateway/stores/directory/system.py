"""What the operating system offers, as the store needs it. All of it blocks and raises `OSError`.

No symbolic link is ever followed: a path is walked segment by segment, each opened by the directory above it.
"""

import ctypes
import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

BLOCK = 1024 * 1024

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
"""A pipe that lies there must not keep anybody waiting."""

PRIVATE = 0o700

_NOREPLACE = 1
_UNKNOWN = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})
_UNCOPIED = _UNKNOWN | {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP}

_libc = ctypes.CDLL(None, use_errno=True)


def open_folder(above: int, parts: Sequence[str], *, make: bool = False) -> int:
    """A descriptor of the folder below `above`. `make`: make what is missing, for this user alone."""
    at = os.open(".", FOLDER, dir_fd=above)
    try:
        for part in parts:
            below = _open_folder(at, part, make=make)
            os.close(at)
            at = below
    except BaseException:
        os.close(at)
        raise
    return at


def _open_folder(above: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, FOLDER, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, PRIVATE, dir_fd=above)
    return os.open(name, FOLDER, dir_fd=above)


@contextmanager
def inside(above: int, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """`open_folder`, closed with the context."""
    descriptor = open_folder(above, parts, make=make)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def pinned(name: str, above: int) -> Iterator[None]:
    """Keep the inode of what stands under a name, if anything does, from becoming another file's within the context."""
    try:
        descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=above)
    except FileNotFoundError:
        descriptor = None
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def look(name: str, above: int) -> os.stat_result | None:
    """What stands under a name, links as such; None: nothing."""
    try:
        return os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode)


def is_folder(found: os.stat_result) -> bool:
    return stat.S_ISDIR(found.st_mode)


def rename_free(name: str, above: int, new: str, above_new: int) -> None:
    """Rename to a name that is free. Raises `FileExistsError` where it isn't, whoever took it."""
    done = _libc.renameat2(above, os.fsencode(name), above_new, os.fsencode(new), _NOREPLACE)
    if not done:
        return
    code = ctypes.get_errno()
    if code not in _UNKNOWN:
        raise OSError(code, os.strerror(code), new)
    found = look(name, above)
    if found is not None and is_plain(found):
        os.link(name, new, src_dir_fd=above, dst_dir_fd=above_new, follow_symlinks=False)
        os.unlink(name, dir_fd=above)
    elif look(new, above_new) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    else:
        os.rename(name, new, src_dir_fd=above, dst_dir_fd=above_new)


def write(descriptor: int, blocks: Sequence[bytes]) -> None:
    """All of the bytes, behind what was written."""
    for block in blocks:
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def copy(source: int, start: int, length: int, target: int) -> int:
    """Copy bytes behind what was written to `target`; how many there were: fewer where the source ends.

    The kernel copies, and shares the blocks instead where the file system can.
    """
    done, native = 0, True
    while done < length:
        count = min(length - done, 1024 * BLOCK)
        try:
            copied = os.copy_file_range(source, target, count, start + done) if native else 0
        except OSError as error:
            if error.errno not in _UNCOPIED:
                raise
            native, copied = False, 0
        if not native:
            block = os.pread(source, min(count, BLOCK), start + done)
            write(target, (block,))
            copied = len(block)
        if not copied:
            break
        done += copied
    return done


def read(descriptor: int, start: int, length: int) -> bytes:
    """The bytes, fewer where the file ends."""
    blocks: list[bytes] = []
    while length and (block := os.pread(descriptor, length, start)):
        blocks.append(block)
        start, length = start + len(block), length - len(block)
    return b"".join(blocks)


def md5(descriptor: int) -> str:
    """The digest of the whole file, in hex."""
    state, offset = hashlib.md5(usedforsecurity=False), 0
    while block := os.pread(descriptor, BLOCK, offset):
        state.update(block)
        offset += len(block)
    return state.hexdigest()
