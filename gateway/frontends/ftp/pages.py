"""The entries of a shown directory, page by page, in the form in which they are wanted."""

import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from gateway.core.buckets import BucketMeta
from gateway.core.entries import Entry, directory
from gateway.core.paths import TreePath
from gateway.core.rendering import apart
from gateway.core.tree import PAGE
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.switches import Switches

STARTED = time.time_ns()
"""When this process began: the time of what the configuration alone has made, the root and virtual folders."""

SORTED = 10_000
"""Entries of a directory that are put in another order; where there are more, all come by name."""

T = TypeVar("T")


def since(bucket: BucketMeta | None) -> int:
    """The time of directories in a bucket, of which listings tell none."""
    return STARTED if bucket is None else bucket.created


async def entry_of(login: Login, shown: TreePath, bucket: BucketMeta | None) -> Entry:
    """What stands at a path, as listings show it. Raises as `Tree.stat`."""
    entry = await login.tree.stat(login.view.real(shown), since(bucket))
    is_folder = not shown.is_root and shown.last in login.view.folders_in(shown.parent)
    return directory(shown.last, STARTED) if is_folder else entry


def pages(
    login: Login, shown: TreePath, bucket: BucketMeta | None, form: Callable[[Iterable[Entry]], T]
) -> AsyncGenerator[T, None]:
    """What `form` makes of the entries of a directory of `bucket`, and of its virtual folders. See `Tree.rendered`."""
    found = partial(login.tree.rendered, login.view.real(shown), since=since(bucket))
    folders = login.view.folders_in(shown)
    return _with(folders, found, form) if folders else found(form)


async def _with(
    folders: frozenset[str],
    found: Callable[[Callable[[Iterable[Entry]], T]], AsyncGenerator[T, None]],
    form: Callable[[Iterable[Entry]], T],
) -> AsyncGenerator[T, None]:
    """What shares the name of a virtual folder is hidden by it."""

    def beside(entries: Iterable[Entry]) -> T:
        return form([entry for entry in entries if entry.name not in folders])

    async with aclosing(found(beside)) as rest:
        async for page in rest:
            yield page
    yield form([directory(name, STARTED) for name in sorted(folders)])


async def arranged(
    found: AsyncGenerator[list[Entry], None], chosen: Switches, form: Callable[[Iterable[Entry]], T]
) -> AsyncGenerator[T, None]:
    """What `form` makes of entries in the order asked for, if they are no more than `SORTED`."""
    async with aclosing(found):
        entries: list[Entry] = []
        async for page in found:
            entries += page
            if len(entries) > SORTED:
                break
        else:
            entries = await apart(len(entries), chosen.arranged, entries)
        for start in range(0, max(len(entries), 1), PAGE):
            yield await apart(len(entries), form, entries[start : start + PAGE])
        del entries
        async for page in found:
            yield await apart(len(page), form, page)
