"""Writing objects: in one request, or of parts that have been stored before.

Either way the remote gets the last bytes only when the body has passed its checks, and nothing is visible before.
"""

import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from gateway.core.body import Body, CheckedBody, ReadyBody, checked
from gateway.core.digest import Algorithm, Digests, composite_etag, encode
from gateway.core.errors import ConditionFailed, NoSuchKey, NoSuchUpload, StoreError, Unsupported
from gateway.core.tasks import Flight, wholly
from gateway.core.types import Key, Put
from gateway.stores.s3.answer import Answer
from gateway.stores.s3.checksums import FULL_OBJECT, chosen, stated
from gateway.stores.s3.client import Client
from gateway.stores.s3.failures import is_uncertain
from gateway.stores.s3.guard import Find, Guard, Pin
from gateway.stores.s3.metadata import Stated, stated_by
from gateway.stores.s3.source import Source
from gateway.stores.s3.streamed import Replayed

GATHERED = 8 * 1024 * 1024
"""Bytes of a body that are held in memory."""
COPIES = 4
"""Parts that are copied at once."""

logger = logging.getLogger("portico.s3store")


@dataclass(frozen=True, slots=True)
class Written:
    """What has been committed. `date`: when, by the remote's clock, in ns since the epoch. `version`: as in `Meta`."""

    etag: str
    size: int
    date: int
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An upload in parts under way, as requests name it."""

    key: Key
    upload: str

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"Bucket": self.key.bucket, "Key": self.key.name, "UploadId": self.upload}


class Uploader:
    """Writes bodies in one request, and makes objects of parts."""

    def __init__(self, client: Client, find: Find) -> None:
        self._client = client
        self._find = find

    async def write(self, key: Key, body: Body, opts: Put, guard: Guard) -> Written:
        """Write a body under `key`. Raises what the body and the remote raise; then nothing is left behind.

        One that does not lie ready is gathered in memory, up to `GATHERED` bytes of it; larger ones have to be put in
        segments (`layers/segmented`): `Unsupported`.
        """
        stage = checked(body, {Algorithm.MD5, *opts.checksums})
        if isinstance(stage, ReadyBody):
            return await self.write_whole(key, stage, opts, guard, stage.digests)
        data = await gathered(stage)
        return await self.write_whole(key, data, opts, guard, stage.digests)

    async def write_whole(
        self, key: Key, data: bytes | ReadyBody, opts: Put, guard: Guard, digests: Digests
    ) -> Written:
        """Write bytes whose MD5 and wanted checksums are in `digests`, in one request."""
        native = chosen(opts.checksums)
        mark = token_hex(8) if guard.conditional else ""
        others = {name.value: encode(digests[name]) for name in opts.checksums if name is not native}
        parameters = {
            **Stated(props=opts.props, modified=opts.modified, checksums=others, mark=mark).parameters(),
            **stated(native, digests),
        }
        etag, size = digests[Algorithm.MD5].hex(), data.count if isinstance(data, ReadyBody) else len(data)

        async def put(pin: Pin) -> Written:
            try:
                answer = await self._client.call(
                    "put_object", Bucket=key.bucket, Key=key.name, **sent(data), **parameters, **pin.parameters
                )
            except ConditionFailed:  # perhaps by what this very write did, whose answer got lost
                found = await self._standing(key)
                if found is None or not mark or stated_by(found).mark != mark:
                    raise
                return Written(etag, size, 0, found.version())
            return Written(answer.etag(), size, answer.date, answer.version())

        return await wholly(guard.commit(put))

    async def _standing(self, key: Key) -> Answer | None:
        """What a HEAD says of the object that stands; None where there is none."""
        try:
            return await self._client.call("head_object", Bucket=key.bucket, Key=key.name)
        except NoSuchKey:
            return None

    async def begin(self, key: Key, stated: Stated, algorithm: Algorithm | None, *, whole: bool = False) -> Place:
        """Begin an upload in parts. `algorithm`, `whole`: the checksum that it is to have, see `Upload`."""

        async def create() -> Place:
            answer = await self._client.call(
                "create_multipart_upload",
                Bucket=key.bucket,
                Key=key.name,
                ChecksumAlgorithm=algorithm.upper() if algorithm else None,
                ChecksumType=FULL_OBJECT if algorithm and whole else None,
                **stated.parameters(),
            )
            return Place(key, answer.text("UploadId"))

        return await wholly(create(), self.abandon)

    async def put_part(
        self, place: Place, number: int, data: bytes | ReadyBody, digests: Digests, algorithm: Algorithm | None
    ) -> Answer:
        """Store a part of which the digests are known."""
        parameters = stated(algorithm, digests)
        return await self._client.call("upload_part", **place.parameters, PartNumber=number, **sent(data), **parameters)

    async def copy_object(self, source: Source, place: Place, part: int, guard: Guard) -> Written:
        """Fill an upload with an object, if it still is the one that was found, in parts of `part` bytes; commit it."""
        try:
            parts = await self.copy_parts(source, place, part)
            return await self.complete(place, parts, source.meta.size, guard)
        except BaseException:
            await wholly(self.abandon(place))
            raise

    async def copy_parts(self, source: Source, place: Place, part: int) -> list[Mapping[str, Any]]:
        """Parts from 1 on that hold an object, for a completion. Raises `ConditionFailed` if it is another by now."""
        parts: dict[int, Mapping[str, Any]] = {}
        size = source.meta.size

        async def copy(number: int, start: int) -> None:
            answer = await self._client.call(
                "upload_part_copy",
                **place.parameters,
                PartNumber=number,
                CopySourceRange=f"bytes={start}-{min(start + part, size) - 1}",
                **source.parameters,
            )
            result = answer.row("CopyPartResult")
            parts[number] = {"PartNumber": number, "ETag": result.text("ETag")}

        async with Flight(COPIES) as flight:
            for number, start in enumerate(range(0, size, part), 1):
                await flight.launch(copy(number, start))
        return [parts[number] for number in sorted(parts)]

    async def complete(self, place: Place, parts: list[Mapping[str, Any]], size: int, guard: Guard) -> Written:
        """Commit an upload in parts. One that was committed, though its answer got lost, counts as such."""
        expected = _composite(parts)

        async def commit(pin: Pin) -> Written:
            try:
                answer = await self._client.call(
                    "complete_multipart_upload",
                    **place.parameters,
                    MultipartUpload={"Parts": parts},
                    **pin.parameters,
                )
            except StoreError as error:
                found = await self._find(place.key) if is_uncertain(error) else None
                if found is None or found.etag != expected:
                    raise
                return Written(expected, size, 0, found.version)
            return Written(answer.etag(), size, answer.date, answer.version())

        return await wholly(guard.commit(commit))

    async def abandon(self, place: Place) -> None:
        """Drop an upload and its parts. Where the remote can't be reached they stay there, and the log says so."""
        try:
            await self._client.call("abort_multipart_upload", **place.parameters)
        except NoSuchUpload:
            return
        except StoreError as error:
            logger.warning("an upload could not be aborted; the remote keeps its parts: %s", error.message)


def _composite(parts: list[Mapping[str, Any]]) -> str:
    """The entity tag that S3 gives an object of these parts; empty where theirs are no MD5s (encrypted ones)."""
    try:
        return composite_etag(str(part["ETag"]).strip('"') for part in parts)
    except ValueError:
        return ""


async def gathered(stage: CheckedBody) -> bytes:
    """All of a body, in memory. Raises `Unsupported` above `GATHERED` bytes."""
    pieces: list[bytes] = []
    size = stage.size or 0
    async with aclosing(stage.chunks()) as chunks:
        if size <= GATHERED:
            async for chunk in chunks:
                pieces.append(chunk)
                size = max(size, stage.count)
                if size > GATHERED:
                    break
    if size > GATHERED:
        raise Unsupported("A body of that size needs its length stated, or to come in parts")
    return b"".join(pieces)


def sent(data: bytes | ReadyBody) -> Mapping[str, Any]:
    """The members of a request that carry a body."""
    if isinstance(data, ReadyBody):
        return {"Body": Replayed(data), "ContentLength": data.count}
    return {"Body": data}
