"""Renames: `capabilities.Rename`."""

from gateway.core.conditions import ANY, When
from gateway.core.errors import AlreadyExists, InvalidName, NoSuchKey
from gateway.core.locks import unlocked
from gateway.core.names import check_key
from gateway.core.types import Key, Meta
from gateway.stores.memory.entry import Entry
from gateway.stores.memory.objects import Objects


class Renames(Objects):
    """An object keeps everything but its name and its locks: also the time of its last change."""

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        entry = self._readable(source, when=source_when)
        bucket = self._writable(target, when)
        if source == target:
            return entry.meta
        self._buckets.get(source.bucket).delete(source.name)
        return bucket.put(_moved(entry, target))

    async def rename_prefix(self, source: Key, target: Key) -> int:
        origin, destination = self._buckets.get(source.bucket), self._buckets.get(target.bucket)
        if origin is destination and target.name.startswith(source.name):
            raise InvalidName("A prefix can't be renamed to one inside of itself")
        if next(destination.below(target.name), None) is not None:
            raise AlreadyExists
        entries = tuple(origin.below(source.name))
        if not entries:
            raise NoSuchKey
        names = [check_key(target.name + entry.meta.name.removeprefix(source.name)) for entry in entries]
        for entry, name in zip(entries, names, strict=True):
            origin.delete(entry.meta.name)
            destination.put(_moved(entry, Key(target.bucket, name)))
        return len(entries)

    async def rename_bucket(self, source: str, target: str) -> None:
        bucket = self._buckets.get(source)
        if self._buckets.find(target) is not None:
            raise AlreadyExists
        self._buckets.index.pop(source)
        bucket.rename(target)
        self._buckets.index.put(target, bucket)


def _moved(entry: Entry, target: Key) -> Entry:
    return entry.at(target).having(unlocked(entry.meta.props))
