"""What is kept of bodies that broke (`Put.keep`), in stores of either kind, for whoever sent them to go on with."""

from collections.abc import Sequence
from contextlib import suppress

from gateway.core.body import Body, Salvage
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.segments import Keeping
from gateway.core.digest import Algorithm, digest
from gateway.core.errors import NoSuchUpload
from gateway.core.segments import Base, Kept
from gateway.core.store import Store
from gateway.core.types import Key, Meta, Put
from gateway.core.uploads import KEPT, Part, PartRef, Upload, UploadQuery


def mark_of(label: str) -> str:
    """What tells one label (`Put.keep`) from another; not all stores can tell the label itself."""
    return digest(Algorithm.MD5, label.encode()).hex()


def keeping(store: Store) -> Keeping | None:
    """How one goes on with what a store keeps; None where it keeps nothing."""
    if not store.caps.keeps:
        return None
    multipart = find(store, Multipart)
    return find(store, Keeping) or (None if multipart is None else KeptParts(multipart))


class KeptParts:
    """`capabilities.Keeping` by the uploads that a store makes of broken bodies: each attempt is a part."""

    def __init__(self, multipart: Multipart) -> None:
        self._multipart = multipart

    async def kept_uploads(self, bucket: str) -> Sequence[Kept]:
        """The last of several attempts may have ended in order, right before its process did. As nothing may be told
        to be there as a whole that is not, it is left out.
        """
        found = []
        for upload in sorted(await self._uploads(bucket), key=lambda upload: -upload.created):
            with suppress(NoSuchUpload):
                parts = await self._parts(upload.key, upload.id)
                found.append(_kept(upload, parts[:1] + parts[1:-1]))
        return found

    async def _uploads(self, bucket: str) -> list[Upload]:
        query, found = UploadQuery(kept=True), list[Upload]()
        while True:
            page = await self._multipart.uploads(bucket, query)
            found += [row for row in page.items if isinstance(row, Upload)]
            if page.next is None:
                return found
            query = UploadQuery(kept=True, key_marker=found[-1].name, id_marker=found[-1].id)

    async def kept_size(self, key: Key, upload: str) -> int:
        return sum(part.size for part in await self._parts(key, upload))

    async def resume_kept(self, kept: Kept, body: Body, opts: Put, base: Base) -> Meta:
        parts = first_of(await self._parts(kept.key, kept.id), kept.size)
        rest = Salvage(body)
        part = await self._multipart.put_part(kept.key, kept.id, len(parts) + 1, rest)
        if rest.error is not None:
            rest.error.kept = kept.id
            raise rest.error
        refs = [PartRef(each.number, each.etag) for each in (*parts, part)]
        return await self._multipart.complete_upload(kept.key, kept.id, refs, when=base.when)

    async def drop_kept(self, key: Key, upload: str) -> None:
        await self._multipart.abort_upload(key, upload)

    async def _parts(self, key: Key, upload: str) -> list[Part]:
        """An attempt of which nothing came is none."""
        return [part for part in (await self._multipart.parts(key, upload)).items if part.size]


def first_of(parts: Sequence[Part], size: int) -> list[Part]:
    """The parts that the first `size` bytes lie in. Raises `NoSuchUpload` where these are not to be had."""
    found: list[Part] = []
    for part in parts:
        if size <= 0:
            break
        found.append(part)
        size -= part.size
    if size:
        raise NoSuchUpload
    return found


def _kept(upload: Upload, parts: Sequence[Part]) -> Kept:
    size = sum(part.size for part in parts)
    mark = mark_of(upload.owner.removeprefix(KEPT))
    return Kept(key=upload.key, id=upload.id, mark=mark, size=size, since=upload.created)
