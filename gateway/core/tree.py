"""A tree of directories over the objects of a store, for protocols that think in files.

A directory stands where a key lies below it or a marker stands: a zero-byte object `name/` of type
`application/directory`; in an older form an object `name` of that type. The root holds the buckets.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import MappingProxyType
from typing import TypeVar

from gateway.core import ops
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.listings import Glance, Row
from gateway.core.capabilities.objects import Rename
from gateway.core.conditions import ABSENT, ANY
from gateway.core.entries import Entry, Rows, bucket_entry, directory, entry_of, is_marker
from gateway.core.errors import (
    AlreadyExists,
    ConditionFailed,
    Denied,
    IsADirectory,
    NoSuchKey,
    NotADirectory,
    NotEmpty,
    NotFound,
    Unsupported,
)
from gateway.core.paths import SEPARATOR, TreePath
from gateway.core.ranges import Span
from gateway.core.renames import check_parent, check_replace, destination
from gateway.core.rendering import apart, rendered
from gateway.core.store import Reader, Store
from gateway.core.types import DIRECTORY_TYPE, ListQuery, Meta, Page, Prefix, Props, Put

T = TypeVar("T")

PAGE = 1000

_MARKER = Put(props=Props(content_type=DIRECTORY_TYPE), when=ABSENT)

Sees = Callable[[BucketMeta], bool]
"""Whether the root shows a bucket."""


class Tree:
    """The tree that one caller sees. `owner` is the account that new buckets belong to.

    The root shows the buckets that the caller `sees`, of his own account or, with `all_accounts`, of every one. What
    else he may do is checked before. The directories `always` stand even while nothing lies in them, if their buckets
    do. Raises only `StoreError`.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        sees: Sees,
        *,
        all_accounts: bool = False,
        always: frozenset[TreePath] = frozenset(),
    ) -> None:
        self.store = store
        self._owner = owner
        self._sees = sees
        self._shown = None if all_accounts else owner
        self._always = always

    async def stat(self, path: TreePath, since: int | None = None) -> Entry:
        """What stands at `path`: the directory, where a file shares its path. `since`: see `rendered`.

        Raises `NotFound`.
        """
        if path.is_root:
            return directory("", since)
        if path.is_bucket:
            return bucket_entry(await self.store.stat_bucket(path.bucket))
        if await self._first_below(path) is not None or path in self._always:
            return directory(path.last, since)
        return entry_of(await self.store.stat(path.key), path.last)

    async def find(self, path: TreePath) -> Entry | None:
        """What stands at `path`, or None."""
        return await _found(self.stat(path))

    async def file(self, path: TreePath) -> Meta:
        """The file of exactly this path, even where a directory shares it. Raises `NotFound`, `IsADirectory`."""
        _check_depth(path)
        try:
            meta = await self.store.stat(path.key)
        except NoSuchKey:
            await self._refuse_directory(path)
            raise
        if is_marker(meta):
            raise IsADirectory
        return meta

    async def size(self, path: TreePath) -> int:
        """Bytes of the file of exactly this path; a listing that is at hand tells them. Raises as `file`."""
        at_hand = find(self.store, Glance)
        if at_hand is not None and len(path.parts) > 1:
            meta = await at_hand.glance(path.key)
            if meta is not None and meta.size:  # markers of directories have none
                return meta.size
        return (await self.file(path)).size

    def rendered(
        self, path: TreePath, form: Callable[[Iterable[Entry]], T], since: int | None = None
    ) -> AsyncGenerator[T, None]:
        """What `form`, which is pure, makes of the entries of a directory, page by page, from one query a page.

        It may run in threads (`core.rendering`), but not in two at a time. `since`: the time of directories, which
        listings of objects don't tell. Raises `NotFound` and `NotADirectory` before the first page.
        """
        return self._render_root(form) if path.is_root else self._render_directory(path, form, since)

    async def _render_root(self, form: Callable[[Iterable[Entry]], T]) -> AsyncGenerator[T, None]:
        marker: str | None = ""
        while marker is not None:
            try:
                page = await self.store.buckets(ListQuery(marker=marker, limit=PAGE), self._shown)
            except Denied:  # who may not list buckets may still use those that he knows
                return
            seen = [bucket_entry(row) for row in page.items if isinstance(row, BucketMeta) and self._sees(row)]
            yield await apart(len(seen), form, seen)
            marker = page.next

    async def _render_directory(
        self, path: TreePath, form: Callable[[Iterable[Entry]], T], since: int | None
    ) -> AsyncGenerator[T, None]:
        rows = Rows(path.prefix, since)

        def work(page: Page[Row | Prefix]) -> tuple[T, str | None, bool]:
            return form(rows.feed(page.items)), page.next, not page.items

        marker: str | None = ""
        while marker is not None:
            query = ListQuery(prefix=path.prefix, delimiter=SEPARATOR, marker=marker, limit=PAGE)
            made, following, is_empty = await rendered(self.store, path.bucket, query, work)
            if is_empty and not marker and not path.is_bucket:
                await self._check_empty_directory(path)
            yield made
            marker = following
        yield form(rows.rest())

    async def _check_empty_directory(self, path: TreePath) -> None:
        if path not in self._always and not is_marker(await self.store.stat(path.key)):
            raise NotADirectory

    @asynccontextmanager
    async def open(self, path: TreePath, span: Span | None = None) -> AsyncIterator[Reader]:
        """Read the file of exactly this path. Raises `NotFound`, `IsADirectory`, `BadRange`."""
        _check_depth(path)
        async with AsyncExitStack() as stack:
            try:
                reader = await stack.enter_async_context(self.store.open(path.key, span=span))
            except NoSuchKey:
                await self._refuse_directory(path)
                raise
            if is_marker(reader.meta):
                raise IsADirectory
            yield reader

    async def standing(self, path: TreePath) -> Meta | None:
        """The file that one written to `path` takes the place of; None where the path is free.

        The directory above need not stand; it will, by the file. Raises `NotFound`, `IsADirectory`, and `NotADirectory`
        where a file stands in the place of the directory above.
        """
        try:
            return await self.file(path)
        except NoSuchKey:
            parent = path.parent
            if not parent.is_bucket and await ops.exists(self.store, parent.key):
                check_parent(await self.stat(parent))
            return None

    async def mkdir(self, path: TreePath, system: Mapping[str, str] = MappingProxyType({})) -> None:
        """Make a directory that stands by itself; in the root: a bucket, with these properties of the product.

        Raises `AlreadyExists`, `NotFound`.
        """
        if path.is_bucket:
            if not await self.store.create_bucket(path.bucket, BucketProps(owner=self._owner, system=system)):
                raise AlreadyExists
            return
        check_parent(await self.find(path.parent))
        if await self.find(path):
            raise AlreadyExists
        try:
            await self.store.put(path.marker, BytesBody(b""), _MARKER)
        except ConditionFailed:
            raise AlreadyExists from None

    async def rmdir(self, path: TreePath) -> None:
        """Remove an empty directory or bucket. Raises `NotFound`, `NotADirectory`, `NotEmpty`."""
        if path.is_root:
            raise Unsupported("The root can't be removed")
        if path.is_bucket:
            return await self.store.delete_bucket(path.bucket)
        page = await self.store.list(path.bucket, ListQuery(prefix=path.prefix, limit=2))
        if any(row.name != path.prefix or (isinstance(row, Meta) and row.size) for row in page.items):
            raise NotEmpty
        older = await self._older_marker(path)
        if not page.items and older is None:
            raise NotADirectory if await ops.exists(self.store, path.key) else NoSuchKey
        if page.items:
            await self.store.delete(path.marker)
        if older is not None:
            await self.store.delete(older.key)
        return None

    async def remove(self, path: TreePath) -> None:
        """Remove the file of exactly this path. Raises `NotFound`, `IsADirectory`."""
        await self.file(path)
        if not (await self.store.delete(path.key)).existed:
            raise NoSuchKey

    async def rename(self, source: TreePath, target: TreePath, *, replaces: bool = True) -> TreePath:
        """Rename a file, a directory with all that lies below it, or a bucket; returns where it stands now.

        To itself it does nothing; onto a directory it moves inside; a file replaces a file, if it may. Raises
        `NotFound` (the source, or the directory above the target), `AlreadyExists`, `IsADirectory`, `NotADirectory`,
        `Unsupported`.
        """
        moving, standing = await self.stat(source), await self.find(target)
        final = destination(source, target, standing)
        if final == source:
            return final
        in_place = standing if final == target else await self.find(final)
        check_replace(moving, in_place)
        if in_place is not None and not replaces:
            raise AlreadyExists
        if final.is_bucket:
            await self._rename_bucket(source, final)
            return final
        check_parent(await self.find(final.parent))
        if moving.is_directory:
            await self._rename_directory(source, final)
        else:
            await ops.rename(self.store, source.key, final.key, when=ANY if replaces else ABSENT)
        return final

    async def _rename_bucket(self, source: TreePath, target: TreePath) -> None:
        native = find(self.store, Rename)
        if native is None:
            raise Unsupported("Buckets can't be renamed in this store")
        await native.rename_bucket(source.bucket, target.bucket)

    async def _rename_directory(self, source: TreePath, target: TreePath) -> None:
        older = await self._older_marker(source)
        try:
            await ops.rename_prefix(self.store, source.marker, target.marker)
        except NoSuchKey:
            if older is None:
                raise
        if older is not None:
            await ops.rename(self.store, older.key, target.key, when=ABSENT)

    async def _first_below(self, path: TreePath) -> Meta | Prefix | None:
        page = await self.store.list(path.bucket, ListQuery(prefix=path.prefix, limit=1))
        return page.items[0] if page.items else None

    async def _refuse_directory(self, path: TreePath) -> None:
        if path in self._always or await self._first_below(path):
            raise IsADirectory

    async def _older_marker(self, path: TreePath) -> Meta | None:
        meta = await _found(self.store.stat(path.key))
        return meta if meta is not None and is_marker(meta) else None


def _check_depth(path: TreePath) -> None:
    if len(path.parts) < 2:
        raise IsADirectory("Files lie in buckets, not in the root")


async def _found(call: Awaitable[T]) -> T | None:
    with suppress(NotFound):
        return await call
    return None
