"""Writing objects: in one request where they are small, in parallel parts where they are not.

Either way the remote gets the last bytes only when the body has passed its checks, and nothing is visible before.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from gateway.core.body import Body, checked
from gateway.core.digest import Algorithm, Digests, composite_etag, encode
from gateway.core.errors import ConditionFailed, NoSuchKey, NoSuchUpload, StoreError
from gateway.core.tasks import wholly
from gateway.core.types import Key, Put
from gateway.stores.s3.blocks import Block, blocks
from gateway.stores.s3.checksums import MEMBERS, chosen, digests_of, stated
from gateway.stores.s3.client import Client
from gateway.stores.s3.failures import is_uncertain
from gateway.stores.s3.guard import Find, Guard, Pin
from gateway.stores.s3.metadata import Stated, stated_by
from gateway.stores.s3.tasks import Flight

logger = logging.getLogger("portico.s3store")


@dataclass(frozen=True, slots=True)
class Written:
    """What has been committed. `date`: when, by the remote's clock, in ns since the epoch."""

    etag: str
    size: int
    date: int


@dataclass(frozen=True, slots=True)
class Place:
    """An upload in parts under way, as requests name it."""

    key: Key
    upload: str

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"Bucket": self.key.bucket, "Key": self.key.name, "UploadId": self.upload}


class Uploader:
    """Writes bodies. Memory holds up to `parallelism` blocks of `part_size` bytes of each."""

    def __init__(self, client: Client, find: Find, part_size: int, parallelism: int) -> None:
        self._client = client
        self._find = find
        self._part_size = part_size
        self._parallelism = parallelism

    async def write(self, key: Key, body: Body, opts: Put, guard: Guard) -> Written:
        """Write a body under `key`. Raises what the body and the remote raise; then nothing is left behind."""
        small = body.size is None or body.size <= self._part_size
        stage = checked(body, {Algorithm.MD5, *opts.checksums} if small else ())
        async with (
            aclosing(stage.chunks()) as chunks,
            aclosing(blocks(chunks, self._part_size, body.size)) as parts,
        ):
            first = await anext(parts)
            if first.last and small:
                return await self.write_whole(key, first.data, opts, guard, stage.digests)
            return await self._write_parts(key, first, parts, opts, guard)

    async def write_whole(self, key: Key, data: bytes, opts: Put, guard: Guard, digests: Digests) -> Written:
        """Write bytes whose MD5 and wanted checksums are in `digests`, in one request."""
        native = chosen(opts.checksums)
        mark = token_hex(8) if guard.conditional else ""
        others = {name.value: encode(digests[name]) for name in opts.checksums if name is not native}
        parameters = {
            **Stated(props=opts.props, modified=opts.modified, checksums=others, mark=mark).parameters(),
            **stated(native, digests),
        }
        etag = digests[Algorithm.MD5].hex()

        async def put(pin: Pin) -> Written:
            try:
                answer = await self._client.call(
                    "put_object", Bucket=key.bucket, Key=key.name, Body=data, **parameters, **pin.parameters
                )
            except ConditionFailed:  # perhaps by what this very write did, whose answer got lost
                if not await self._bears(key, mark):
                    raise
                return Written(etag, len(data), 0)
            return Written(answer.etag(), len(data), answer.date)

        return await wholly(guard.commit(put))

    async def _bears(self, key: Key, mark: str) -> bool:
        """Whether the object that stands is the one that was written with `mark`."""
        try:
            answer = await self._client.call("head_object", Bucket=key.bucket, Key=key.name)
        except NoSuchKey:
            return False
        return bool(mark) and stated_by(answer).mark == mark

    async def _write_parts(
        self, key: Key, first: Block, rest: AsyncIterator[Block], opts: Put, guard: Guard
    ) -> Written:
        native = chosen(opts.checksums)
        place = await self.begin(key, Stated(props=opts.props, modified=opts.modified), native)
        parts: dict[int, Mapping[str, Any]] = {}
        size = 0

        async def send(block: Block) -> None:
            parts[block.number] = await self._send(place, block, native)

        try:
            async with Flight(self._parallelism) as flight:
                await flight.launch(send(first))
                size += len(first.data)
                async for block in rest:
                    size += len(block.data)
                    await flight.launch(send(block))
            return await self.complete(place, [parts[number] for number in sorted(parts)], size, guard)
        except BaseException:
            await wholly(self.abandon(place))
            raise

    async def begin(self, key: Key, stated: Stated, algorithm: Algorithm | None) -> Place:
        """Begin an upload in parts."""

        async def create() -> Place:
            answer = await self._client.call(
                "create_multipart_upload",
                Bucket=key.bucket,
                Key=key.name,
                ChecksumAlgorithm=algorithm.upper() if algorithm else None,
                **stated.parameters(),
            )
            return Place(key, answer.text("UploadId"))

        return await wholly(create(), self.abandon)

    async def _send(self, place: Place, block: Block, algorithm: Algorithm | None) -> Mapping[str, Any]:
        digests = await digests_of(block.data, {algorithm} if algorithm else ())
        parameters = stated(algorithm, digests)
        answer = await self._client.call(
            "upload_part", **place.parameters, PartNumber=block.number, Body=block.data, **parameters
        )
        sums = {name: value for name, value in parameters.items() if name in MEMBERS.values()}
        return {"PartNumber": block.number, "ETag": answer.text("ETag"), **sums}

    async def copy_parts(self, source: Key, etag: str, size: int, place: Place, part: int, guard: Guard) -> Written:
        """Fill an upload with the object at `source`, if it still has `etag`, in parts of `part` bytes; commit it."""
        parts: dict[int, Mapping[str, Any]] = {}

        async def copy(number: int, start: int) -> None:
            answer = await self._client.call(
                "upload_part_copy",
                **place.parameters,
                PartNumber=number,
                CopySource={"Bucket": source.bucket, "Key": source.name},
                CopySourceIfMatch=f'"{etag}"',
                CopySourceRange=f"bytes={start}-{min(start + part, size) - 1}",
            )
            result = answer.row("CopyPartResult")
            parts[number] = {"PartNumber": number, "ETag": result.text("ETag")}

        try:
            async with Flight(self._parallelism) as flight:
                for number, start in enumerate(range(0, size, part), 1):
                    await flight.launch(copy(number, start))
            return await self.complete(place, [parts[number] for number in sorted(parts)], size, guard)
        except BaseException:
            await wholly(self.abandon(place))
            raise

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
                if not is_uncertain(error) or await self._etag(place.key) != expected:
                    raise
                return Written(expected, size, 0)
            return Written(answer.etag(), size, answer.date)

        return await wholly(guard.commit(commit))

    async def _etag(self, key: Key) -> str | None:
        found = await self._find(key)
        return found.etag if found else None

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
