"""A file that is coming to be: bytes, then metadata, then its name."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from gateway.core.errors import NoSuchBucket
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.describing import set_time
from gateway.stores.directory.hidden import DRAFTS
from gateway.stores.directory.records import Record


class Draft:
    """It lies in the hidden folder of its bucket, which it keeps open. Its methods block, and raise `OSError`.

    What was not published goes with `discard`.
    """

    def __init__(self, bucket: Bucket) -> None:
        """Takes the bucket over."""
        self.bucket = bucket
        self.name = bucket.hidden.unique()
        self.published = False
        with there(), bucket.hidden.folder(DRAFTS, make=True) as drafts:
            self.drafts = os.dup(drafts)
            try:
                self.descriptor = os.open(
                    self.name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=drafts
                )
            except BaseException:
                os.close(self.drafts)
                raise
        self.inode = os.fstat(self.descriptor).st_ino

    def write(self, blocks: Sequence[bytes]) -> None:
        system.write(self.descriptor, blocks)

    def seal(self, record: Record) -> Record:
        """Give the file its record and its time, durably; the record as it was kept."""
        set_time(self.descriptor, record.modified)
        sealed = record.stamped(os.fstat(self.descriptor))
        with there():
            self.bucket.keeper.save(self.descriptor, sealed)
        self.bucket.hidden.sync(self.descriptor)
        return sealed

    @property
    def is_lost(self) -> bool:
        """Somebody has removed it, which is what becomes of all drafts when their bucket goes."""
        return not os.fstat(self.descriptor).st_nlink

    def discard(self) -> None:
        """Remove what was not published, and close everything."""
        try:
            if not self.published:
                with suppress(FileNotFoundError):
                    os.unlink(self.name, dir_fd=self.drafts)
                self.bucket.keeper.drop(self.inode)
        finally:
            os.close(self.descriptor)
            os.close(self.drafts)
            self.bucket.close()


@contextmanager
def there() -> Iterator[None]:
    """Nothing in a bucket's hidden folder goes but with the bucket. Raises `NoSuchBucket`."""
    try:
        yield
    except FileNotFoundError:
        raise NoSuchBucket from None
