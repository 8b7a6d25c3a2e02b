"""Taking bytes in: few come in memory, more go to a draft while they come."""

from collections.abc import Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from gateway.core.body import CheckedBody
from gateway.core.digest import Algorithm, encode
from gateway.core.hashing import INLINE
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.draft import Draft
from gateway.stores.directory.threads import Threads

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Received:
    """What is known of a body that has come in, whole and sound."""

    size: int
    etag: str
    checksums: Mapping[str, str]


def received(stage: CheckedBody, algorithms: Collection[Algorithm]) -> Received:
    digests = stage.digests
    checksums = {algorithm.value: encode(digests[algorithm]) for algorithm in algorithms}
    return Received(stage.count, digests[Algorithm.MD5].hex(), checksums)


async def take_in(
    stage: CheckedBody, opening: Callable[[], Bucket], finish: Callable[[Draft], T], writing: Threads
) -> T:
    """What `finish` makes of a draft that has all bytes of `stage`, in the bucket that `opening` gives.

    Both run in threads. A draft that was not published is gone afterwards. Raises what they and the body raise.
    """
    if stage.size is not None and stage.size <= INLINE:
        return await writing.run(_at_once, opening, await stage.small(), finish)
    draft = await writing.gain(lambda: drafted(opening()), Draft.discard)
    try:
        async with aclosing(stage.chunks()) as blocks:
            async for block in blocks:
                await writing.run(draft.write, (block,))
        return await writing.run(finish, draft)
    finally:
        await writing.settle(draft.discard)


def drafted(bucket: Bucket) -> Draft:
    """A draft in a bucket, which is closed with it. Raises `NoSuchBucket`, `OSError`."""
    try:
        return Draft(bucket)
    except BaseException:
        bucket.close()
        raise


def _at_once(opening: Callable[[], Bucket], data: bytes, finish: Callable[[Draft], T]) -> T:
    draft = drafted(opening())
    try:
        draft.write((data,))
        return finish(draft)
    finally:
        draft.discard()
