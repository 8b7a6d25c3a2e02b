"""What objects were before: former versions, and delete markers."""

from collections.abc import Iterator

from gateway.core.types import Key
from gateway.core.versions import rank_of
from gateway.stores.memory.entry import Entry
from gateway.stores.memory.index import Index

_Row = tuple[int, Entry]


class History:
    """Versions that are not the current object of their names, in order of name and rank: the newest first."""

    def __init__(self) -> None:
        self._index: Index[tuple[str, str], _Row] = Index()

    def __len__(self) -> int:
        return len(self._index)

    def put(self, rank: int, entry: Entry) -> None:
        """Keep a version."""
        self._index.put((entry.meta.name, _place(rank)), (rank, entry))

    def newest(self, name: str) -> _Row | None:
        """The newest version of a name, with its rank."""
        return next(self._of(name), None)

    def find(self, name: str, version: str | None) -> _Row | None:
        """The version of a name with that id, with its rank."""
        if version is None:
            return next((row for row in self._of(name) if row[1].meta.version is None), None)
        found = self._index.get((name, _place(rank_of(version))))
        return found if found is not None and found[1].meta.version == version else None

    def pop(self, name: str, version: str | None) -> Entry | None:
        """Take a version out; None where it is not there."""
        found = self.find(name, version)
        if found is None:
            return None
        self._index.pop((name, _place(found[0])))
        return found[1]

    def walk(self, name: str = "", rank: int = -1) -> Iterator[_Row]:
        """Versions with their ranks, in order, from the first of `name` that is older than `rank`."""
        start = "" if rank < 0 else _place(rank)
        return self._index.walk((name, start), included=False)

    def rename(self, bucket: str) -> None:
        """Have all of it be of a bucket of that name."""
        for rank, entry in tuple(self._index.walk(("", ""), included=True)):
            self.put(rank, entry.at(Key(bucket, entry.meta.name)))

    def _of(self, name: str) -> Iterator[_Row]:
        for row in self._index.walk((name, ""), included=True):
            if row[1].meta.name != name:
                return
            yield row


def _place(rank: int) -> str:
    return f"{rank:016x}"
