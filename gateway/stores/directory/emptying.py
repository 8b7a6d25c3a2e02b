"""Buckets and folders that look empty: what may lie in them yet, and how they are taken away."""

import errno
import os

from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.hidden import TRIES, remove_tree, removed
from gateway.stores.directory.names import HIDDEN
from gateway.stores.directory.records import Kind


def is_used(bucket: Bucket) -> bool:
    """Whether anything lies in a bucket but folders that were made on the way to objects: links and pipes count."""
    return holds(bucket, bucket.descriptor, own=HIDDEN)


def holds(bucket: Bucket, folder: int, *, own: str = "") -> bool:
    """The same of a folder, apart from what is called `own`."""
    for name in set(os.listdir(folder)) - {own}:
        found = system.look(name, folder)
        if found is None:
            continue
        if not system.is_folder(found):
            return True
        with system.inside(folder, (name,)) as below:
            record = bucket.keeper.load(below, found)
            if record is None or record.kind is not Kind.PATH or holds(bucket, below):
                return True
    return False


def dismantle(name: str, above: int) -> None:
    """Remove a bucket's folder with what is the store's own in it. Raises `OSError` where anything else lies there."""
    with system.inside(above, (name,)) as folder:
        for entry in set(os.listdir(folder)) - {HIDDEN}:
            remove_folders(entry, folder)
        for _ in range(TRIES):
            if left := set(os.listdir(folder)) - {HIDDEN}:
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), min(left))
            remove_tree(HIDDEN, folder)
            if removed(name, above):  # else a writer who is late has made the hidden folder anew
                return
    os.rmdir(name, dir_fd=above)


def remove_folders(name: str, above: int) -> None:
    """Remove a folder and the folders in it. Raises `OSError` where anything else lies in one of them."""
    with system.inside(above, (name,)) as folder:
        for entry in os.listdir(folder):
            remove_folders(entry, folder)
    os.rmdir(name, dir_fd=above)
