import time
from email.utils import formatdate

import pytest

from gateway.core.context import RequestContext, enter
from gateway.core.errors import Busy, Corrupt, DeadlineExceeded, Denied, NoSuchKey, StoreError, Unavailable
from gateway.core.faults import Backoff, is_doubtful, may_repeat, passes, retry_after, wait_of

NEVER = (Denied(), NoSuchKey(), Corrupt(), DeadlineExceeded(), Unavailable(retryable=False))


@pytest.mark.parametrize("error", NEVER, ids=lambda error: type(error).__name__)
def test_what_does_not_pass_is_never_repeated(error: StoreError) -> None:
    assert not passes(error)
    assert not may_repeat(error, harmless=True)


def test_what_may_have_been_done_is_repeated_only_where_that_does_no_harm() -> None:
    assert is_doubtful(Unavailable())
    assert may_repeat(Unavailable(), harmless=True)
    assert not may_repeat(Unavailable(), harmless=False)


def test_what_was_not_taken_is_repeated() -> None:
    assert not is_doubtful(Busy())
    assert may_repeat(Busy(), harmless=False)
    assert (wait_of(Busy(retry_after=7)), wait_of(Unavailable())) == (7, 0)


def test_when_to_come_again() -> None:
    assert retry_after({"Retry-After": "7"}) == 7
    soon = retry_after({"Retry-After": formatdate(time.time() + 100, usegmt=True)})
    assert soon is not None
    assert 90 < soon <= 100
    assert retry_after({"Retry-After": formatdate(time.time() - 100, usegmt=True)}) == 0
    assert [retry_after({"Retry-After": text}) for text in ("", "soon", "-1", "²")] == [None] * 4


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    return pauses


async def test_pauses_double_up_to_a_cap(slept: list[float]) -> None:
    for done in range(1, 6):
        await Backoff(retries=5, base=0.5, cap=3).pause(done)
    assert slept == [0.5, 1, 2, 3, 3]


async def test_what_is_asked_for_counts_up_to_the_cap(slept: list[float]) -> None:
    for asked in (0, 2, 3600):
        await Backoff(retries=5, base=0.5, cap=3).pause(1, asked)
    assert slept == [0.5, 2, 3]


async def test_no_pause_goes_beyond_the_deadline(slept: list[float]) -> None:
    enter(RequestContext(deadline=time.monotonic() + 1))
    with pytest.raises(DeadlineExceeded):
        await Backoff(retries=5, base=2, cap=3).pause(1)
    assert slept == []
