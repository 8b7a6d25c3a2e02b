"""Deletes of objects, one by one and many as one."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from gateway.core.conditions import ANY, When
from gateway.core.errors import StoreError
from gateway.core.names import check_bucket, checked_key
from gateway.core.tasks import wholly
from gateway.core.types import Deleted, Key
from gateway.core.versions import stands
from gateway.stores.swift.copies import Copies
from gateway.stores.swift.found import end_of
from gateway.stores.swift.request import Request


class Deletions(Copies):
    """Segments that nobody needs any more go with the object that they were joined to."""

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        checked_key(key)
        if not stands(version):
            await self._up.need_bucket(key.bucket)
            return Deleted(existed=False)
        return await wholly(self._delete_one(key, when))

    async def _delete_one(self, key: Key, when: When) -> Deleted:
        async with self._up.turns.of(key):
            old = await self._standing(key, when, always=True)
            self._up.objects.forget(key.bucket, key.name)
            answer = await self._up.client.call(Request(method="DELETE", path=(key.bucket, key.name)), 404)
            if answer.status == 404:
                await self._up.need_bucket(key.bucket)
            stamp = end_of(answer.headers) if old is None else old.stamp
            self._up.objects.deleted(key.bucket, key.name, stamp, sure=old is not None)
        await self._free(old)
        return Deleted(existed=answer.status != 404)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """`capabilities.Batch`."""
        await self._up.need_bucket(check_bucket(bucket))
        results: dict[str, Deleted | StoreError] = {}
        keys: list[Key] = []
        for name in dict.fromkeys(names):
            try:
                keys.append(checked_key(Key(bucket, name)))
            except StoreError as error:
                results[name] = error
        if keys:
            results.update(await wholly(self._delete_all(bucket, keys)))
        done: list[Deleted | StoreError] = []
        for name in names:
            done.append(results[name])
            if isinstance(results[name], Deleted):
                results[name] = Deleted(existed=False)
        return done

    async def _delete_all(self, bucket: str, keys: Sequence[Key]) -> Mapping[str, Deleted | StoreError]:
        async with AsyncExitStack() as stack:
            for key in sorted(keys, key=lambda key: key.name):
                await stack.enter_async_context(self._up.turns.of(key))
            olds = await self._up.looked_up(keys)
            standing = {name: old for name, old in olds.items() if old is not None}
            for old in standing.values():
                await self._note(old)
            failures = await self._up.deletes.remove(bucket, tuple(standing)) if standing else {}
            for name, old in standing.items():
                self._up.objects.forget(bucket, name)
                if name not in failures:
                    self._up.objects.deleted(bucket, name, old.stamp)
        for name, old in standing.items():
            if name not in failures:
                await self._free(old)
        return {key.name: failures.get(key.name) or Deleted(existed=olds[key.name] is not None) for key in keys}
