"""Objects made of segments: `capabilities.Segments` by static large objects, or dynamic ones without those."""

from collections.abc import Sequence
from urllib.parse import quote

from gateway.core.body import ReadyBody
from gateway.core.conditions import ANY, When
from gateway.core.digest import Digests, composite_etag
from gateway.core.errors import ConditionFailed, NoSuchUpload, StoreError, Unsupported
from gateway.core.faults import is_doubtful
from gateway.core.names import check_bucket
from gateway.core.segments import Base, Kept, LeftUpload, SegmentRules
from gateway.core.types import Key, Meta, Put
from gateway.core.uploads import Part
from gateway.stores.swift.deletes import Deletions
from gateway.stores.swift.facts import Facts, facts_of
from gateway.stores.swift.found import Found
from gateway.stores.swift.metadata import Stated, of_object
from gateway.stores.swift.names import container_of, new_upload, prefix_of, root_of
from gateway.stores.swift.objects import native
from gateway.stores.swift.request import Request
from gateway.stores.swift.segments import Segment, is_branch, segment
from gateway.stores.swift.staging import SMALL, Staged

BASE = 0
"""The number of what stood before an append, as a segment. Those that are appended begin at 1."""


class Large(Deletions):
    """A segment is an object in the bucket's container of segments; the manifest makes one object of all of them."""

    async def segment_rules(self, key: Key, when: When = ANY, size: int | None = None) -> SegmentRules:
        await self._foresee(key, when)
        abilities = await self._up.info.get()
        joins = bool(abilities.max_segments) or await self._up.segments.has_dynamic(key.bucket)
        return SegmentRules(joins=joins, largest=abilities.max_file_size, streams=True, whole=True)

    async def extends(self, found: Meta) -> bool:
        """Of small objects it would make many small segments; of a DLO it would change what others read."""
        if found.size <= SMALL or not (await self._up.info.get()).max_segments:
            return False
        standing = await self._found(found.key)
        return standing is not None and not standing.manifest

    async def begin_segments(self, key: Key, opts: Put, base: Base | None = None) -> str:
        await self._up.segments.ensure(key.bucket)
        upload = new_upload()
        if base is not None and not base.inside:
            standing = await self._unchanged(key, base)
            upload = f"{standing.upload}/{upload}" if standing.upload else upload
        await self._up.notes.put(key, upload)
        return upload

    async def put_segment(self, key: Key, upload: str, number: int, body: ReadyBody) -> Part:
        etag = facts_of(body.digests, frozenset()).etag
        path = container_of(key.bucket), _name(key, upload, number)
        await self._up.client.call(Request(method="PUT", path=path, headers={"ETag": etag}, body=body))
        return Part(number=number, size=body.count, etag=etag, modified=0)

    async def join_segments(
        self, key: Key, upload: str, segments: Sequence[Part], opts: Put, digests: Digests, base: Base | None = None
    ) -> Meta:
        try:
            done = await self._joined(key, upload, segments, opts, digests, base)
        except StoreError as error:
            if not is_doubtful(error):
                await self.drop_segments(key, upload, len(segments))
            raise
        if done.expires is None:
            await self._up.notes.clear(key, upload)
        return done

    async def _joined(
        self, key: Key, upload: str, segments: Sequence[Part], opts: Put, digests: Digests, base: Base | None
    ) -> Meta:
        container = container_of(key.bucket)
        rows = [segment(container, _name(key, upload, part.number), part.etag, part.size) for part in segments]
        size = sum(part.size for part in segments)
        facts = facts_of(digests, opts.checksums, root_of(upload)) if digests else Facts(upload=root_of(upload))
        # Of a body that came in several attempts nobody knows the MD5.
        etag = facts.etag or composite_etag(row.etag for row in rows)
        when = opts.when if base is None else base.when
        if base is not None and base.meta is not None and not base.inside:
            rows = [*await self._rows_of(await self._unchanged(key, base), upload), *rows]
            size += base.meta.size
            etag = composite_etag(row.etag for row in rows)
        modified, is_static = opts.modified, bool((await self._up.info.get()).max_segments)
        join = self._up.segments.join if is_static else self._up.segments.join_dynamically
        meta = Meta(key=key, size=size, etag=etag, modified=modified or 0, props=opts.props, checksums=facts.checksums)
        stated = Stated(etag, modified, None if is_static else size)
        headers = {**of_object(opts.props, stated, facts.checksums, facts.upload), **native(when)}
        await self._check_owner(key.bucket, opts.owner)
        staged = Staged(facts=facts, size=size, commit=lambda: join(key, upload, rows, headers))
        return await self._commit(meta, when, staged, headers)

    async def _unchanged(self, key: Key, base: Base) -> Found:
        """What an append goes on from. Raises `ConditionFailed` where that is another object by now."""
        found = await self._found(key)
        if found is None or base.meta is None or found.meta.etag != base.meta.etag:
            raise ConditionFailed
        return found

    async def _rows_of(self, found: Found, upload: str) -> list[Segment]:
        """The rows of a large object's manifest; a plain object becomes a segment, copied by the upstream."""
        key = found.meta.key
        if found.static:
            return await self._up.segments.manifest(key)
        container, name = container_of(key.bucket), _name(key, upload, BASE)
        headers = {"X-Copy-From": quote(f"{key.bucket}/{key.name}"), "X-Fresh-Metadata": "true", "If-Match": found.tag}
        patience = self._up.settings.copy_timeout
        await self._up.client.call(
            Request(method="PUT", path=(container, name), headers=headers, body=b"", patience=patience)
        )
        return [segment(container, name, found.tag.strip('"'), found.meta.size)]

    async def drop_segments(self, key: Key, upload: str, count: int = 0) -> None:
        found = await self._found(key)
        if found is not None and await self._holds(found, upload):
            if found.meta.expires is None:
                await self._up.notes.clear(key, upload)
        else:
            names = [_name(key, upload, number) for number in range(BASE, count + 1)] if count else []
            await self._up.segments.free(key, upload, names)

    async def _holds(self, found: Found, upload: str) -> bool:
        """Whether an object is made of these segments: it names the upload, and its manifest an append.

        What lies deeper in a tree of manifests is not looked for, and taken to be there.
        """
        if found.upload != root_of(upload):
            return False
        if upload == found.upload:
            return True
        key = found.meta.key
        begin = f"/{container_of(key.bucket)}/{prefix_of(key.name, upload)}"
        rows = await self._up.segments.manifest(key)
        return any(row.path.startswith(begin) or is_branch(row.path) for row in rows)

    async def renew_segments(self, key: Key, upload: str) -> None:
        await self._up.notes.renew(key, upload)

    async def left_segments(self, bucket: str, before: int) -> Sequence[LeftUpload]:
        return await self._up.notes.older(bucket, before)

    async def keep_segments(self, key: Key, upload: str, label: str, segments: Sequence[Part]) -> None:
        if not (await self._up.info.get()).max_segments:
            raise Unsupported("A dynamic large object shows whatever lies under its prefix")
        await self._up.notes.keep(key, upload, label, segments)

    async def kept_segments(self, bucket: str) -> Sequence[Kept]:
        await self._up.need_bucket(check_bucket(bucket))
        return await self._up.notes.kept(bucket)

    async def segments_of(self, key: Key, upload: str) -> Sequence[Part]:
        found = await self._up.notes.parts(key, upload)
        if not found:
            raise NoSuchUpload
        return found


def _name(key: Key, upload: str, number: int) -> str:
    return f"{prefix_of(key.name, upload)}{number:08}"
