"""What a directory shows, made from the rows of a listing without asking for any of them again."""

from collections.abc import Iterable, Iterator

from gateway.core import filetimes
from gateway.core.buckets import BucketMeta
from gateway.core.capabilities.listings import Row
from gateway.core.paths import SEPARATOR
from gateway.core.record import record
from gateway.core.types import DIRECTORY_TYPE, Prefix


@record(frozen=True, slots=True)
class Entry:
    """A file or directory under its last name. `size` in bytes; times in ns since the epoch, where they are known."""

    name: str
    is_directory: bool
    size: int = 0
    modified: int | None = None
    created: int | None = None
    content_type: str = ""


def is_marker(row: Row) -> bool:
    """Whether an object stands for a directory: by its name, or, in the older form, by its type."""
    if row.name.endswith(SEPARATOR):
        return True
    kind = row.content_type
    return DIRECTORY_TYPE in kind and kind.partition(";")[0].strip() == DIRECTORY_TYPE


def entry_of(row: Row, name: str) -> Entry:
    """An object as the entry `name`."""
    if is_marker(row):
        return directory(name, row.modified)
    modified, created = (filetimes.modified(row), filetimes.created(row)) if row.user else (row.modified, None)
    return Entry(name, False, row.size, modified, created, row.content_type)


def directory(name: str, modified: int | None = None) -> Entry:
    return Entry(name, True, modified=modified)


def bucket_entry(bucket: BucketMeta) -> Entry:
    """A bucket as a directory of the root."""
    return directory(bucket.name, bucket.created)


class Rows:
    """Turns the rows of a listing with the delimiter `/` into entries, page by page and in bounded memory.

    A file `a` and a prefix `a/` are one entry, the directory. Between the two lie only names that begin with `a` and a
    character below the slash, so what is held back is a chain of such beginnings, never longer than a name. `since`:
    the time of directories that have none of their own.
    """

    def __init__(self, prefix: str, since: int | None = None) -> None:
        self._prefix = prefix
        self._since = since
        self._held: list[Entry] = []

    def feed(self, rows: Iterable[Row | Prefix]) -> Iterator[Entry]:
        """The entries that are certain now, without the directory's own marker and what no path leads to (`a//b`)."""
        held, skip = self._held, len(self._prefix)
        for row in rows:
            name = row.name[skip:]
            known = self._since
            while held and name >= (shadowed := held[-1].name + SEPARATOR):
                entry = held.pop()
                if name != shadowed:
                    yield entry
                elif entry.is_directory:
                    known = entry.modified
            if not isinstance(row, Prefix):
                if name:
                    held.append(entry_of(row, name))
            elif name != SEPARATOR:
                yield directory(name.removesuffix(SEPARATOR), known)

    def rest(self) -> Iterator[Entry]:
        """The entries that were held back, at the end of the listing."""
        while self._held:
            yield self._held.pop()
