"""Buckets with what lies in them. Nothing here awaits, so every change is atomic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile

from gateway.core.errors import NoSuchBucket, NoSuchKey
from gateway.core.names import check_bucket, check_key
from gateway.core.types import BucketMeta, Key, Meta
from gateway.stores.memory.entry import Entry
from gateway.stores.memory.index import Index
from gateway.stores.memory.pending import Pending


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A bucket; `bytes` is kept with every change."""

    name: str
    owner: str
    created: int
    user: Mapping[str, str]
    system: Mapping[str, str]
    bytes: int = 0
    objects: Index[str, Entry] = field(default_factory=Index[str, Entry])
    uploads: Index[tuple[str, str], Pending] = field(default_factory=Index[tuple[str, str], Pending])

    @property
    def meta(self) -> BucketMeta:
        return BucketMeta(
            name=self.name,
            owner=self.owner,
            created=self.created,
            objects=len(self.objects),
            bytes=self.bytes,
            user=self.user,
            system=self.system,
        )

    def find(self, name: str) -> Meta | None:
        """The object of that name, or None."""
        entry = self.objects.get(name)
        return entry.meta if entry else None

    def entry(self, name: str) -> Entry:
        """The object of that name. Raises `NoSuchKey`."""
        entry = self.objects.get(name)
        if entry is None:
            raise NoSuchKey
        return entry

    def below(self, prefix: str) -> Iterator[Entry]:
        """All objects whose names begin with `prefix`."""
        rows = self.objects.walk(prefix, included=True)
        return takewhile(lambda entry: entry.meta.name.startswith(prefix), rows)

    def put(self, entry: Entry) -> Meta:
        """Have an object stand, in the place of one of the same name."""
        meta = entry.meta
        replaced = self.find(meta.name)
        self.bytes += meta.size - (replaced.size if replaced else 0)
        self.objects.put(meta.name, entry)
        return meta

    def remove(self, name: str) -> bool:
        """Take an object out; False where there was none."""
        entry = self.objects.pop(name)
        if entry is None:
            return False
        self.bytes -= entry.meta.size
        return True

    def rename(self, name: str) -> None:
        """Give the bucket, and with it everything that lies in it, another name."""
        self.name = name
        for entry in tuple(self.below("")):
            self.objects.put(entry.meta.name, entry.at(Key(name, entry.meta.name)))
        for pending in self.uploads.walk(("", ""), included=True):
            pending.upload = replace(pending.upload, key=Key(name, pending.upload.name))


class Buckets:
    """All buckets of the store."""

    def __init__(self) -> None:
        self.index: Index[str, Bucket] = Index()

    def find(self, name: str) -> Bucket | None:
        """The bucket of that name, or None. Raises `InvalidName`."""
        return self.index.get(check_bucket(name))

    def get(self, name: str) -> Bucket:
        """The bucket of that name. Raises `NoSuchBucket`, `InvalidName`."""
        bucket = self.find(name)
        if bucket is None:
            raise NoSuchBucket
        return bucket

    def holding(self, key: Key) -> Bucket:
        """The bucket that `key` lies in. Raises `NoSuchBucket`, `InvalidName`."""
        check_key(key.name)
        return self.get(key.bucket)
