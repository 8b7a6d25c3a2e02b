"""Which parts an object was put together from: `capabilities.Parted`.

Asked for by HEAD with a part's number, which whoever may read the object may do. GetObjectAttributes would take another
right, and tells the parts of some objects only.
"""

from collections.abc import Sequence

from gateway.core.conditions import ANY
from gateway.core.digest import Algorithm
from gateway.core.errors import BadRange, BadRequest
from gateway.core.tasks import Flight
from gateway.core.types import Key, Meta
from gateway.core.uploads import ObjectPart, ObjectParts
from gateway.stores.s3.answer import Answer
from gateway.stores.s3.client import Client
from gateway.stores.s3.metadata import CHECKSUM
from gateway.stores.s3.objects import REFRESHES, Objects
from gateway.stores.s3.reading import extent_of
from gateway.stores.s3.source import Source

PARTS_COUNT = "x-amz-mp-parts-count"
AT_ONCE = 16
"""Parts that are asked for at once."""


class Composition:
    """Asks the remote for the parts of objects. Remotes that don't tell them are taken to know none."""

    def __init__(self, client: Client, objects: Objects) -> None:
        self._client = client
        self._objects = objects

    async def parts(self, key: Key, version: str | None, marker: int, limit: int) -> ObjectParts:
        """As `Parted.object_parts`."""
        found = await self._objects.source(key, version, ANY)
        for _ in range(REFRESHES):
            if not found.meta.is_composite:
                break
            count = found.meta.etag.partition("-")[2]
            total = int(count) if count.isascii() and count.isdigit() else 0
            answers = await self._ask(found, range(marker + 1, min(marker + limit, total) + 1))
            if all(answer is None or answer.etag() == found.meta.etag for answer in answers):
                parts = [_part(found.meta, number, answer, total) for number, answer in enumerate(answers, marker + 1)]
                told = tuple(part for part in parts if part is not None)
                return ObjectParts(found.meta, total, told) if len(told) == len(parts) else ObjectParts(found.meta)
            found = await self._objects.source(key, version, ANY)  # it has changed meanwhile
        return ObjectParts(found.meta)

    async def _ask(self, found: Source, numbers: Sequence[int]) -> list[Answer | None]:
        """What the remote says of each part; None where it refuses to."""
        answers: dict[int, Answer | None] = {}

        async def ask(number: int) -> None:
            answers[number] = await self._head(found, number)

        async with Flight(AT_ONCE) as flight:
            for number in numbers:
                await flight.launch(ask(number))
        return [answers[number] for number in numbers]

    async def _head(self, found: Source, number: int) -> Answer | None:
        key = found.meta.key
        try:
            return await self._client.call(
                "head_object",
                Bucket=key.bucket,
                Key=key.name,
                VersionId=found.version,
                PartNumber=number,
                ChecksumMode="ENABLED",
            )
        except (BadRange, BadRequest):
            return None


def _part(meta: Meta, number: int, answer: Answer | None, total: int) -> ObjectPart | None:
    """What an answer tells of a part; None where it speaks of the whole object, as some remotes' answers do."""
    if answer is None or PARTS_COUNT not in answer.headers:
        return None
    try:
        size, start, stop = extent_of(answer)
    except ValueError:
        return None
    offset = start if size == meta.size else meta.size - stop  # an empty part has no range
    return ObjectPart(number=number, offset=offset, size=stop - start, checksums=_own(answer, meta, total))


def _own(answer: Answer, meta: Meta, total: int) -> dict[str, str]:
    """The checksums of the part, by algorithm: some remotes tell those of the whole object instead."""
    told = {
        algorithm.value: answer.headers[CHECKSUM + algorithm]
        for algorithm in Algorithm
        if CHECKSUM + algorithm in answer.headers
    }
    return {
        name: value
        for name, value in told.items()
        if "-" not in value and (total == 1 or meta.checksums.get(name) != value)
    }
