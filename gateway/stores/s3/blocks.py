"""A body as blocks for uploading, the last of which comes only when the body has ended soundly."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from gateway.core.parts import MAX_PARTS

GROWTH = 2_000
"""After so many parts of a body of unknown length the parts become twice as large."""


@dataclass(frozen=True, slots=True)
class Block:
    """`number` counts from 1. `last`: the body has ended, and passed its checks."""

    number: int
    data: bytes
    last: bool


def part_size(number: int, smallest: int, size: int | None) -> int:
    """Bytes of part `number` of a body of `size` bytes, such that `MAX_PARTS` suffice."""
    if size is not None:
        return max(smallest, -(-size // MAX_PARTS))
    return int(smallest * 2 ** ((number - 1) // GROWTH))


async def blocks(chunks: AsyncIterator[bytes], smallest: int, size: int | None) -> AsyncGenerator[Block, None]:
    """Cut a stream into blocks. There is always one, if an empty one. Raises what the stream raises."""
    pieces: list[bytes] = []
    gathered, number = 0, 1
    wanted = part_size(number, smallest, size)
    async for chunk in chunks:
        place = 0
        while place < len(chunk):
            if gathered == wanted:  # and more has come: it is not the last
                yield Block(number, b"".join(pieces), last=False)
                pieces, gathered, number = [], 0, number + 1
                wanted = part_size(number, smallest, size)
            piece = chunk[place : place + wanted - gathered]
            pieces.append(piece)
            gathered += len(piece)
            place += len(piece)
    yield Block(number, b"".join(pieces), last=True)
