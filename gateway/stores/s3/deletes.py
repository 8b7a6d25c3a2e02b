"""Deleting objects and versions of them, one by one or many at once."""

import time
from collections.abc import Sequence

from gateway.core.conditions import ANY, When, check_write
from gateway.core.errors import (
    Busy,
    ConditionFailed,
    DeleteMarker,
    Denied,
    InvalidName,
    InvalidVersion,
    Locked,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    StoreError,
)
from gateway.core.locks import check_removal
from gateway.core.names import check_key, checked_key
from gateway.core.tasks import Flight, wholly
from gateway.core.types import Deleted, Key, Meta
from gateway.core.versions import NULL, Versioning, VersionRef, check_foreign
from gateway.stores.s3.answer import Answer
from gateway.stores.s3.buckets import Buckets
from gateway.stores.s3.client import Client
from gateway.stores.s3.failures import of_version, refusal
from gateway.stores.s3.guard import FREE, ROUNDS, Pin, Write
from gateway.stores.s3.objects import Objects

MAX_BATCH = 1000
"""Rows that DeleteObjects takes."""
AT_ONCE = 16
"""Versions that are looked at at once to see why they could not be removed."""

_Done = dict[VersionRef, Deleted | StoreError]


class Deletes:
    """Deletes of one store. S3 does not tell whether anything was there, so a single delete looks for it first."""

    def __init__(self, client: Client, buckets: Buckets, objects: Objects) -> None:
        self._client = client
        self._buckets = buckets
        self._objects = objects

    async def delete(self, key: Key, version: str | None, when: When, *, bypass: bool = False) -> Deleted:
        """Raises as `Store.delete`. `bypass`: as `Locks.delete_governed`."""
        checked_key(key)
        try:
            named = await self._objects.named(key.bucket, version)
        except NoSuchVersion:
            check_write(when, None)
            return Deleted(existed=False, version=version)
        async with self._objects.turns.of(key):
            if named is None:
                return await self._standing(key, when)
            return await self._version(key, named, when, bypass=bypass)

    async def _standing(self, key: Key, when: When) -> Deleted:
        for _ in range(ROUNDS):
            found = await self._objects.find(key)
            check_write(when, found)
            if found is None and (when != ANY or not await self._makes_markers(key.bucket)):
                return Deleted(existed=False)
            try:
                answer = await self._delete(key, when, found)
            except (ConditionFailed, NoSuchKey):
                continue
            return Deleted(found is not None, answer.version(), marker=answer.flag("DeleteMarker"))
        raise Busy("The object is being changed by too many at once")

    async def _makes_markers(self, bucket: str) -> bool:
        return (await self._buckets.stat(bucket)).versioning is not Versioning.OFF

    async def _version(self, key: Key, named: str, when: When, *, bypass: bool) -> Deleted:
        found: Meta | None = None
        is_marker = False
        version = None if named == NULL else named
        try:
            found = await self._objects.look(key, named)
        except DeleteMarker:
            is_marker = True
        except NoSuchVersion:
            pass
        if when.past and found is not None and await self._stands(key, version):
            raise ConditionFailed
        check_write(when, found)
        if found is None and not is_marker:
            return Deleted(existed=False, version=version)
        # What has an id never changes; the version without one may be replaced meanwhile.
        try:
            await self._delete(key, when if named == NULL else ANY, found, named, bypass=bypass)
        except Denied as error:
            raise await self._denied(error, key, named, bypass=bypass) from None
        return Deleted(existed=True, version=version, marker=is_marker)

    async def _stands(self, key: Key, version: str | None) -> bool:
        standing = await self._objects.find(key)
        return standing is not None and standing.version == version

    async def _denied(self, error: Denied, key: Key, named: str, *, bypass: bool = False) -> StoreError:
        """Why a version could not be removed: S3 says of one that is locked that access is denied."""
        try:
            check_removal((await self._objects.look(key, named)).props.system, time.time_ns(), bypass=bypass)
        except Locked as locked:
            return locked
        except StoreError:
            return error
        return error

    async def _delete(
        self, key: Key, when: When, found: Meta | None, named: str | None = None, *, bypass: bool = False
    ) -> Answer:
        pin = FREE
        if when != ANY and found is not None:
            await self._objects.probe.require(key.bucket, when, Write.DELETE)
            pin = Pin(etag=found.etag)
        return await wholly(
            self._client.call(
                "delete_object",
                Bucket=key.bucket,
                Key=key.name,
                VersionId=named,
                BypassGovernanceRetention=bypass or None,
                **pin.parameters,
            )
        )

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """`capabilities.Batch`. Whether an object was there is not known: every one that is gone counts as deleted."""
        is_versioned = await self._buckets.keeps_versions(bucket)
        return await self._many(bucket, [VersionRef(name) for name in names], quiet=not is_versioned)

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        """`capabilities.Versions`, with the same uncertainty."""
        if await self._buckets.keeps_versions(bucket):
            return await self._many(bucket, refs, quiet=False)
        return [await self._one(bucket, ref) for ref in refs]

    async def _many(self, bucket: str, refs: Sequence[VersionRef], *, quiet: bool) -> Sequence[Deleted | StoreError]:
        done: _Done = {}
        plain: list[VersionRef] = []
        for ref in dict.fromkeys(refs):
            try:
                check_key(ref.name)
                if ref.version is not None:
                    check_foreign(ref.version)
            except (InvalidName, InvalidVersion) as error:
                done[ref] = error
                continue
            if ref.name.isprintable():
                plain.append(ref)
            else:  # no XML can hold it
                done[ref] = await self._one(bucket, ref)
        for start in range(0, len(plain), MAX_BATCH):
            done |= await wholly(self._page(bucket, plain[start : start + MAX_BATCH], quiet))
        return [done[ref] for ref in refs]

    async def _one(self, bucket: str, ref: VersionRef) -> Deleted | StoreError:
        try:
            return await self.delete(Key(bucket, ref.name), ref.version, ANY)
        except StoreError as error:
            return error

    async def _page(self, bucket: str, refs: Sequence[VersionRef], quiet: bool) -> _Done:
        """`quiet`: the remote is to tell what it refused, and no more."""
        rows = [{"Key": ref.name, **({"VersionId": ref.version} if ref.version else {})} for ref in refs]
        answer = await self._client.call("delete_objects", Bucket=bucket, Delete={"Objects": rows, "Quiet": quiet})
        done: _Done = {ref: Deleted(True, None if ref.version == NULL else ref.version) for ref in refs}
        for row in answer.rows("Deleted"):
            if row.flag("DeleteMarker"):
                done[_ref(row)] = Deleted(True, row.version("DeleteMarkerVersionId"), marker=True)
        for row in answer.rows("Errors"):
            ref = _ref(row)
            error = of_version(refusal({"Error": {"Code": row.text("Code")}}), ref.version)
            if isinstance(error, NoSuchBucket):
                raise error
            done[ref] = Deleted(False, ref.version) if isinstance(error, NoSuchKey | NoSuchVersion) else error
        await self._explain(bucket, done)
        return done

    async def _explain(self, bucket: str, done: _Done) -> None:
        """Tell which of the versions that could not be removed are locked."""

        async def explain(ref: VersionRef, version: str, error: Denied) -> None:
            done[ref] = await self._denied(error, Key(bucket, ref.name), version)

        async with Flight(AT_ONCE) as flight:
            for ref, outcome in list(done.items()):
                if isinstance(outcome, Denied) and ref.version is not None:
                    await flight.launch(explain(ref, ref.version, outcome))


def _ref(row: Answer) -> VersionRef:
    return VersionRef(row.text("Key"), row.text("VersionId") or None)
