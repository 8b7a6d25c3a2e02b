"""The rules of a rename in the tree of directories, apart from the store that carries it out."""

from gateway.core.entries import Entry
from gateway.core.errors import AlreadyExists, IsADirectory, NoSuchKey, NotADirectory, Unsupported
from gateway.core.paths import TreePath


def destination(source: TreePath, target: TreePath, standing: Entry | None) -> TreePath:
    """Where a rename of `source` to `target` leads: inside of `target` where a directory stands there.

    Raises `Unsupported` where it would touch the root, make a bucket of something else or the reverse, or move a
    directory into itself.
    """
    if source.is_root or target.is_root:
        raise Unsupported("The root can't take part in a rename")
    if source == target:
        return target
    inside = standing is not None and standing.is_directory
    final = target.child(source.last) if inside else target
    if source.is_bucket != final.is_bucket:
        raise Unsupported("Only buckets lie in the root, and a bucket lies nowhere else")
    if final.is_inside(source):
        raise Unsupported("A directory can't be moved into itself")
    return final


def check_replace(moving: Entry, standing: Entry | None) -> None:
    """Refuse to replace what must not be: a file replaces a file, everything else needs a free name.

    Raises `AlreadyExists`, `IsADirectory`, `NotADirectory`.
    """
    if standing is None:
        return
    if standing.is_directory:
        raise AlreadyExists if moving.is_directory else IsADirectory
    if moving.is_directory:
        raise NotADirectory("A directory can't replace a file")


def check_parent(parent: Entry | None) -> None:
    """Refuse a place whose directory is missing or is a file. Raises `NoSuchKey`, `NotADirectory`."""
    if parent is None:
        raise NoSuchKey("The directory above does not exist")
    if not parent.is_directory:
        raise NotADirectory("What lies above is not a directory")
