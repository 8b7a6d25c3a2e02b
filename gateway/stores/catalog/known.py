"""Buckets that are known since the last commit."""

from functools import lru_cache, partial

from gateway.core.buckets import BucketMeta
from gateway.core.names import check_bucket
from gateway.stores.catalog.readers import Readers
from gateway.stores.catalog.tables import buckets

SIZE = 1024


class KnownBuckets:
    """Answers for the buckets out of memory: every request asks for its own, and a query takes ten times as long.

    Nobody but the writer changes the index, so what was read stays true until its next commit is acknowledged.
    """

    def __init__(self, readers: Readers) -> None:
        def read(name: str) -> BucketMeta:
            return readers.here(partial(buckets.find, name=check_bucket(name)))

        self.find = lru_cache(SIZE)(read)
        """A bucket. Raises `InvalidName`, `NoSuchBucket`, `Unavailable`."""
        self.forget = self.find.cache_clear
