"""All or nothing: whatever breaks, a store stands as before or as after, never in between."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest

from gateway.core.body import BytesBody, CheckedBody, expect
from gateway.core.capabilities.versions import Versions
from gateway.core.digest import Algorithm
from gateway.core.errors import BadDigest, BadRequest, IncompleteBody, StoreError, TooLarge
from gateway.core.store import Store
from tests.conformance.operations import OPERATIONS, WRITES, Ground, Operation, Write, grounded
from tests.conformance.tools import BUCKET, NEW
from tests.support.bodies import Broken, Scripted, Stall, failing_at, split

SIZES = {"small": split(b"0123456789" * 4, 10), "large": split(bytes(range(256)) * 4096, 256 * 1024)}

over_writes = pytest.mark.over("write", WRITES)
over_operations = pytest.mark.over("operation", OPERATIONS)
of_every_size = pytest.mark.parametrize("pieces", SIZES.values(), ids=SIZES)


def places(pieces: Sequence[bytes]) -> Sequence[int]:
    """Before each piece, and before the end."""
    return range(len(pieces) + 1)


@over_writes
@of_every_size
async def test_a_body_that_breaks_leaves_nothing(store: Store, write: Write, pieces: Sequence[bytes]) -> None:
    ground = await grounded(store, "ground")
    before = await ground.views()
    for place in places(pieces):
        body = Scripted(pieces, failing_at(place))
        with pytest.raises(Broken):
            await write.run(ground, body)
        assert body.closed
        assert await ground.views() == before


@over_writes
@of_every_size
async def test_c17_a_write_cancelled_while_it_waits_for_the_client_leaves_nothing(
    store: Store, write: Write, pieces: Sequence[bytes]
) -> None:
    ground = await grounded(store, "ground")
    before = await ground.views()
    for place in places(pieces):
        stall = Stall(place)
        body = Scripted(pieces, stall)
        task = asyncio.ensure_future(write.run(ground, body))
        await stall.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert body.closed
        assert await ground.views() == before


@over_writes
@of_every_size
async def test_c17_a_write_cancelled_between_two_pieces_happens_wholly_or_not_at_all(
    store: Store, write: Write, pieces: Sequence[bytes]
) -> None:
    reference = await grounded(store, "reference")
    before = await reference.views()
    await write.run(reference, Scripted(pieces))
    after = await reference.views()
    for place in places(pieces):
        ground = await grounded(store, f"ground-{place}")
        task = await cancelled_at(place, write, ground, pieces)
        found = await ground.views()
        assert found in ([before, after] if task.cancelled() else [after])
        if found == before:
            await write.run(ground, Scripted(pieces))
            assert await ground.views() == after


async def cancelled_at(place: int, write: Write, ground: Ground, pieces: Sequence[bytes]) -> asyncio.Future[object]:
    """A write that is cancelled from inside its body: at the next moment where it waits for anything."""

    async def cancel(number: int) -> None:
        if number == place:
            task.cancel()

    task = asyncio.ensure_future(write.run(ground, Scripted(pieces, cancel)))
    with suppress(asyncio.CancelledError):
        await task
    return task


@over_operations
async def test_an_operation_cancelled_at_any_moment_happens_wholly_or_not_at_all(
    store: Store, operation: Operation
) -> None:
    await cancelled_at_any_moment(operation, lambda bucket: grounded(store, bucket))


@over_operations
async def test_an_operation_in_a_bucket_with_versions_happens_wholly_or_not_at_all(
    store: Store, versions: Versions, operation: Operation
) -> None:
    async def kept(bucket: str) -> Ground:
        ground = await grounded(store, bucket)
        await versions.set_versioning(bucket, enabled=True)
        return ground

    await cancelled_at_any_moment(operation, kept)


async def cancelled_at_any_moment(operation: Operation, grounds: Callable[[str], Awaitable[Ground]]) -> None:
    """Run an operation on one ground after the other, and cancel it ever later: each ends as before or as after."""
    reference = await grounds("reference")
    before = await reference.views()
    await operation.run(reference)
    after = await reference.views()
    assert before != after
    steps, following, ended = 1, 2, False
    while not ended:
        ground = await grounds(f"ground-{steps}")
        task = asyncio.ensure_future(operation.run(ground))
        for _ in range(steps):
            await asyncio.sleep(0)
        ended = task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert await ground.views() in ([before, after] if task.cancelled() else [after])
        steps, following = following, steps + following


REFUSED: dict[str, tuple[CheckedBody, type[StoreError]]] = {
    "wrong digest": (
        CheckedBody(BytesBody(NEW), {Algorithm.MD5}, [expect(Algorithm.MD5, bytes(16))]),
        BadDigest,
    ),
    "wrong checksum": (
        CheckedBody(BytesBody(NEW * 50_000), {Algorithm.CRC32C}, [expect(Algorithm.CRC32C, bytes(4))]),
        BadDigest,
    ),
    "too short": (CheckedBody(Scripted([NEW, NEW], size=2 * len(NEW) + 1)), IncompleteBody),
    "too long": (CheckedBody(Scripted([NEW, NEW], size=2 * len(NEW) - 1)), BadRequest),
    "over the limit": (CheckedBody(Scripted([NEW, NEW]), limit=len(NEW) + 1), TooLarge),
    "over the limit as stated": (CheckedBody(BytesBody(NEW), limit=1), TooLarge),
}


@over_writes
async def test_a_body_that_is_refused_at_its_end_leaves_nothing(store: Store, write: Write) -> None:
    ground = await grounded(store, "ground")
    before = await ground.views()
    for body, error in REFUSED.values():
        with pytest.raises(error):
            await write.run(ground, body)
        assert await ground.views() == before


@over_writes
async def test_nothing_is_visible_before_the_end(store: Store, write: Write) -> None:
    ground = await grounded(store, "ground")
    before = await ground.views()
    seen = []

    async def look(number: int) -> None:
        seen.append(await ground.views())

    await write.run(ground, Scripted(SIZES["large"], look))
    assert seen == [before] * (len(SIZES["large"]) + 1)
    assert await ground.views() != before


async def test_the_last_check_is_made_before_the_commit(store: Store) -> None:
    ground = await grounded(store, BUCKET)
    before = await ground.views()
    seen = []

    def check(digests: object) -> None:
        seen.append(digests)
        raise BadDigest

    with pytest.raises(BadDigest):
        await WRITES["put over"].run(ground, CheckedBody(BytesBody(NEW), {Algorithm.SHA256}, [check]))
    assert len(seen) == 1
    assert await ground.views() == before
