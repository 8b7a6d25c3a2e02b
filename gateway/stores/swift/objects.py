"""Objects."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from multidict import CIMultiDict, CIMultiDictProxy

from gateway.core.body import Body
from gateway.core.conditions import ABSENT, ANY, When, check_read, check_write
from gateway.core.errors import (
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    NotFound,
    StoreError,
    Unavailable,
    Unsupported,
)
from gateway.core.names import check_bucket, checked_key
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.tasks import wholly
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.versions import stands
from gateway.stores.swift.buckets import Buckets
from gateway.stores.swift.dynamic import free_parts, parts_of
from gateway.stores.swift.facts import Facts
from gateway.stores.swift.found import Found, http_date
from gateway.stores.swift.listing import listing_of
from gateway.stores.swift.metadata import Stated, of_object
from gateway.stores.swift.opening import Opening
from gateway.stores.swift.request import Answer, Request
from gateway.stores.swift.staging import Staged, incoming

ATTEMPTS = 5
"""So often an object is looked at anew that changes while it is being opened or copied."""


class Objects(Buckets):
    """Writes of one name are ordered by a lock here; between processes Swift lets the last one win.

    Of the conditions of writes Swift knows `If-None-Match: *` alone, which is passed on; the others are checked under
    the lock where the settings say that nobody else writes (`exclusive`), and refused otherwise. Updates and deletes
    are checked against what stands right before them.
    """

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        """Rows tell name, size, ETag, time and type; the rest of own recent writes only (`Caps.listed_props`)."""
        check_bucket(bucket)
        if query.limit <= 0:
            await self._up.need_bucket(bucket)
            return Page(())
        return await listing_of(self._up, bucket).page(query)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        return (await self._readable(key, version, when)).meta

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        checked_key(key)
        for _ in range(ATTEMPTS):
            pinned = await self._readable(key, version, when) if when is not ANY or version else None
            async with AsyncExitStack() as stack:
                reader = await Opening(self._up, stack, key).reader(span, pinned)
                if reader is not None:
                    yield reader
                    return
        raise Unavailable("The object changes too often to be opened")

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        return await self._put(key, body, opts, Stated(modified=opts.modified))

    async def _put(
        self, key: Key, body: Body, opts: Put, stated: Stated, checksums: Mapping[str, str] | None = None
    ) -> Meta:
        """`stated` and `checksums`: of an object that is copied, instead of those of the bytes."""
        await self._foresee(key, opts.when)

        def headers(facts: Facts) -> Mapping[str, str]:
            # Segments have no MD5 of the whole that Swift could tell: it is stated.
            told = Stated(stated.etag or (facts.etag if facts.upload else ""), stated.modified)
            known = facts.checksums if checksums is None else checksums
            return {**of_object(opts.props, told, known, facts.upload), **native(opts.when)}

        look = partial(self._check_owner, key.bucket, opts.owner)
        coming = incoming(key, body, opts.checksums, headers, look)
        async with self._up.staging.staged(coming) as staged:
            meta = Meta(
                key=key,
                size=staged.size,
                etag=stated.etag or staged.facts.etag,
                modified=0 if stated.modified is None else stated.modified,
                props=opts.props,
                checksums=staged.facts.checksums if checksums is None else checksums,
            )
            return await wholly(self._commit(meta, opts.when, staged, {**headers(staged.facts)}))

    async def _check_owner(self, bucket: str, owner: str | None) -> None:
        """The last look before the commit, since Swift has no such condition. Raises `NoSuchBucket`."""
        if owner is not None and (await self.stat_bucket(bucket)).owner != owner:
            raise NoSuchBucket

    async def _commit(self, meta: Meta, when: When, staged: Staged, headers: Mapping[str, str]) -> Meta:
        key = meta.key
        async with self._up.turns.of(key):
            old = await self._standing(key, when, staged.facts.upload)
            self._up.objects.forget(key.bucket, key.name)
            answer = await self._pushed(meta, staged)
            if staged.late:
                request = Request(method="POST", path=(key.bucket, key.name), headers=headers)
                await self._up.client.call(request)
            done = await self._know(meta, answer)
        await self._free(old)
        return done

    async def _pushed(self, meta: Meta, staged: Staged) -> Answer:
        try:
            return await staged.commit()
        except NotFound as error:
            raise await self._up.missing(meta.key.bucket, error) from None
        except Unavailable:
            if await self._stands(meta, staged.facts.upload):
                return Answer(201, CIMultiDictProxy(CIMultiDict()))
            raise

    async def _stands(self, meta: Meta, upload: str) -> bool:
        """Whether the object of these segments stands, though the upstream did not say so."""
        try:
            found = await self._found(meta.key)
        except StoreError:
            return False
        return bool(upload) and found is not None and (found.upload, found.meta.etag) == (upload, meta.etag)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        checked_key(key)
        async with self._up.turns.of(key):
            found = await self._readable(key, version, ANY)
            check_write(change.when, found.meta)
            props = change.apply(found.meta.props)
            modified = found.meta.modified if change.modified is None else change.modified
            if (props, modified) == (found.meta.props, found.meta.modified):
                return found.meta
            return await wholly(self._post(found, replace(found.meta, props=props, modified=modified)))

    async def _post(self, found: Found, meta: Meta) -> Meta:
        """Swift forgets whatever a POST does not state, and dates the object anew: its time has to be stated, too."""
        stated = Stated(found.stated.etag, meta.modified, found.stated.size)
        headers = of_object(meta.props, stated, meta.checksums, found.upload)
        if found.manifest:
            headers["X-Object-Manifest"] = found.manifest
        key = meta.key
        if meta.expires is not None:
            await self._note(found)
        self._up.objects.forget(key.bucket, key.name)
        request = Request(method="POST", path=(key.bucket, key.name), headers=headers)
        if (await self._up.client.call(request, 404)).status == 404:
            raise await self._up.missing(key.bucket, NoSuchKey())
        return await self._know(meta, None)

    async def _foresee(self, key: Key, when: When) -> None:
        """Refuse a write before its body is read."""
        checked_key(key)
        self._check_conditions(when)
        if when is not ANY:
            check_write(when, _meta(await self._found(key)))

    def _check_conditions(self, when: When) -> None:
        if when not in {ANY, ABSENT} and not self._up.settings.exclusive:
            raise Unsupported("The upstream can't write on that condition")

    async def _standing(self, key: Key, when: When, kept: str = "", *, always: bool = False) -> Found | None:
        """What is about to be replaced, where that matters; what its segments are is noted. Raises `ConditionFailed`.

        `kept`: the upload whose segments are those of the new object, too. `always`: where it hardly matters as well,
        since a DLO of others may lie in a bucket of which nobody has looked at any.
        """
        if when is ANY and not always and not await self._up.segments.may_hold(key.bucket):
            return None
        found = await self._found(key)
        check_write(when, _meta(found))
        if found is not None and found.upload and found.upload == kept:
            return None
        await self._note(found)
        return found

    async def _note(self, old: Found | None) -> None:
        """A process that dies before it has freed these segments leaves word of them."""
        if old is not None and old.upload:
            await self._up.notes.put(old.meta.key, old.upload)

    async def _found(self, key: Key) -> Found | None:
        return await self._up.found(key)

    async def _readable(self, key: Key, version: str | None, when: When) -> Found:
        found = await self._found(checked_key(key))
        if found is None:
            raise await self._up.missing(key.bucket, NoSuchKey())
        if not stands(version):
            raise NoSuchVersion
        check_read(when, found.meta)
        return found

    async def _know(self, meta: Meta, answer: Answer | None) -> Meta:
        """The object as it stands after a write; `answer` dates the write in whole seconds, should another be there.

        That it can't be looked at is no failure of the write.
        """
        try:
            found = await self._found(meta.key)
        except StoreError:
            found = None
        if found is not None and (found.meta.etag, found.meta.size) == (meta.etag, meta.size):
            self._up.objects.wrote(meta.key.bucket, meta.name, found.meta, found.stamp)
            return found.meta
        written = http_date("" if answer is None else answer.headers.get("Last-Modified", ""))
        return replace(meta, modified=meta.modified or written or time.time_ns())

    async def _free(self, old: Found | None) -> None:
        if old is not None and old.upload:
            await self._up.segments.free(old.meta.key, old.upload)
        elif old is not None and old.manifest and (parts := parts_of(old)) is not None:
            await free_parts(self._up, *parts)


def _meta(found: Found | None) -> Meta | None:
    return None if found is None else found.meta


def native(when: When) -> Mapping[str, str]:
    return {"If-None-Match": "*"} if when == ABSENT else {}
