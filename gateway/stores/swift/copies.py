"""Copies of objects."""

from contextlib import AsyncExitStack
from dataclasses import replace
from urllib.parse import quote

from gateway.core.body import StreamBody
from gateway.core.conditions import ANY, When
from gateway.core.errors import TooLarge, Unavailable
from gateway.core.names import checked_key
from gateway.core.tasks import wholly
from gateway.core.types import Copy, Key, Meta, Put
from gateway.stores.swift.found import Found
from gateway.stores.swift.metadata import Stated, of_object
from gateway.stores.swift.objects import ATTEMPTS, Objects
from gateway.stores.swift.opening import Opening
from gateway.stores.swift.request import Request


class Copies(Objects):
    """Objects are copied by the upstream itself, wherever it understands the condition."""

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        """By the upstream itself, in one piece: a copy shares no segments, and is no large object any more.

        Where the target must not stand yet (Swift takes If-None-Match of a copy for a matter of its source), the bytes
        pass through here. Raises `TooLarge` above the size of one object.
        """
        checked_key(source)
        checked_key(target)
        self._check_conditions(opts.when)
        for _ in range(ATTEMPTS):
            found = await self._readable(source, opts.source_version, opts.source_when)
            most = (await self._up.info.get()).max_file_size
            if found.meta.size > most:
                raise TooLarge
            server = opts.when is ANY or self._up.settings.exclusive
            props = found.meta.props if opts.props is None else opts.props
            meta = replace(found.meta, key=target, props=props)
            try:
                if server:
                    return await wholly(self._copy(found, meta, opts.when))
                return await self._carry(found, meta, opts.when)
            except _Changed:
                continue
        raise Unavailable("The object changes too often to be copied")

    async def _copy(self, found: Found, meta: Meta, when: When) -> Meta:
        source, target = found.meta.key, meta.key
        headers = {
            **of_object(meta.props, _kept(found), meta.checksums, ""),
            "X-Copy-From": quote(f"{source.bucket}/{source.name}"),
            "X-Fresh-Metadata": "true",
            "If-Match": found.tag,
        }
        request = Request(
            method="PUT",
            path=(target.bucket, target.name),
            headers=headers,
            body=b"",
            patience=self._up.settings.copy_timeout,
        )
        async with self._up.turns.of(target):
            old = await self._standing(target, when)
            self._up.objects.forget(target.bucket, target.name)
            answer = await self._up.client.call(request, 404, 412)
            if answer.status == 412:
                raise _Changed
            if answer.status == 404:
                await self._up.need_bucket(target.bucket)
                raise _Changed
            done = await self._know(replace(meta, modified=0), answer)
        await self._free(old)
        return done

    async def _carry(self, found: Found, meta: Meta, when: When) -> Meta:
        async with AsyncExitStack() as stack:
            reader = await Opening(self._up, stack, found.meta.key).reader(None, found)
            if reader is None:
                raise _Changed
            body = StreamBody(reader.chunks(), found.meta.size)
            return await self._put(meta.key, body, Put(props=meta.props, when=when), _kept(found), meta.checksums)


class _Changed(Exception):
    """The object is another one than it was a moment ago."""


def _kept(found: Found) -> Stated:
    """What a copy has to state: an ETag that is not the MD5 of its bytes, or was stated itself."""
    return Stated(etag=found.meta.etag if found.meta.etag != found.tag.strip('"') else "")
