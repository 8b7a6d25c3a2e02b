"""Deletes, one by one and many as one: `capabilities.Batch`."""

from collections.abc import Sequence

from gateway.core.conditions import ANY, When, check_write
from gateway.core.errors import StoreError
from gateway.core.expiry import has_vanished
from gateway.core.types import Deleted, Key
from gateway.core.versions import stands
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.failures import of_file
from gateway.stores.directory.names import Place, Unholdable, place
from gateway.stores.directory.objects import Objects


class Deletes(Objects):
    """An object goes durably, and behind it the folders that were made on the way to it."""

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        return await self._threads.run(self._delete, key, version, when)

    def _delete(self, key: Key, version: str | None, when: When) -> Deleted:
        with self._writing.locks.bucket(key.bucket), self._site.bucket(key.bucket) as bucket:
            where = _place(key.name)
            if where is None:
                return Deleted(False)
            with self._writing.locks.names((key.bucket, key.name)):
                existed = self._remove(bucket, key.name, where, version, when)
            self._writing.settle(bucket, (where,))
        return Deleted(existed)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        return await self._threads.run(self._delete_many, bucket, names)

    def _delete_many(self, name: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        with self._writing.locks.bucket(name), self._site.bucket(name) as bucket:
            places: list[Place] = []
            results = [self._delete_one(bucket, each, places) for each in names]
            self._writing.settle(bucket, places)
        return results

    def _delete_one(self, bucket: Bucket, name: str, places: list[Place]) -> Deleted | StoreError:
        """Remove one of many; its place joins `places` for what is left to do."""
        try:
            where = _place(name)
            if where is None:
                return Deleted(False)
            with self._writing.locks.names((bucket.name, name)):
                existed = self._remove(bucket, name, where, None, ANY)
        except StoreError as error:
            return error
        except OSError as error:
            return of_file(error)
        places.append(where)
        return Deleted(existed)

    def _remove(self, bucket: Bucket, name: str, where: Place, version: str | None, when: When) -> bool:
        """Whether there was an object, which is gone now. The caller holds the lock."""
        with bucket.opened(where) as file:
            if not stands(version):
                return False
            check_write(when, self._writing.meta(bucket, name, file) if when is not ANY else None)
            if file is None:
                return False
            self._writing.remove(bucket, where, file)
            return when.expires is not None or file.record is None or not has_vanished(file.record.expires)


def _place(name: str) -> Place | None:
    """None for a name that no file can have."""
    try:
        return place(name)
    except Unholdable:
        return None
