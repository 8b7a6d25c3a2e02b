from contextlib import ExitStack, aclosing

import pytest

from gateway.core import body as module
from gateway.core.blocks import LARGEST, SMALLEST, TOGETHER, Crowd
from gateway.core.body import BLOCK, CheckedBody
from tests.support.bodies import Scripted, split

FEW = TOGETHER // LARGEST


@pytest.mark.parametrize(
    ("bodies", "block"),
    (
        (0, LARGEST),
        (1, LARGEST),
        (FEW, LARGEST),
        (FEW + 1, LARGEST // 2),
        (FEW * 4, LARGEST // 4),
        (100_000, SMALLEST),
    ),
)
def test_blocks_shrink_as_bodies_become_many(bodies: int, block: int) -> None:
    crowd = Crowd()
    with ExitStack() as stack:
        for _ in range(bodies):
            stack.enter_context(crowd.joined())
        assert crowd.block() == block
        assert block == SMALLEST or bodies * block <= TOGETHER
    assert crowd.block() == LARGEST


async def test_a_body_counts_from_its_first_block_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    monkeypatch.setattr(module, "CROWD", crowd)
    with ExitStack() as stack:
        for _ in range(FEW):
            stack.enter_context(crowd.joined())
        async with aclosing(CheckedBody(Scripted([b"a", b"b"])).chunks()) as chunks:
            assert crowd.block() == LARGEST
            await anext(chunks)
            assert crowd.block() < LARGEST
        assert crowd.block() == LARGEST


async def test_less_is_gathered_in_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    monkeypatch.setattr(module, "CROWD", crowd)
    body = CheckedBody(Scripted(split(bytes(3 * BLOCK), 1024)))
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(crowd.joined())
        async with aclosing(body.chunks()) as chunks:
            assert {len(chunk) async for chunk in chunks} == {SMALLEST}
