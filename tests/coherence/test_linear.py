"""The checker itself: what it has to accept and to refuse."""

import pytest

from tests.coherence.linear import Event, failed, is_explained, unexplained


def wrote(begin: float, end: float, value: int | None) -> Event:
    return Event(begin, end, True, value)


def saw(begin: float, end: float, value: int | None) -> Event:
    return Event(begin, end, False, value)


GOOD = {
    "nothing": [],
    "one after the other": [saw(0, 1, None), wrote(2, 3, 1), saw(4, 5, 1), wrote(6, 7, None), saw(8, 9, None)],
    "a read beside a write sees either": [wrote(0, 10, 1), saw(1, 2, None), saw(3, 4, 1)],
    "two writes at once, either last": [wrote(0, 10, 1), wrote(0, 10, 2), saw(11, 12, 1), saw(13, 14, 1)],
    "a write that failed was done later": [wrote(0, 1, 1), failed(2, 2), saw(3, 4, 1), saw(5, 6, 2)],
    "beside a write, back and forth": [wrote(0, 1, 1), wrote(2, 20, 2), saw(3, 4, 2), saw(5, 6, 1), saw(21, 22, 2)],
    "a write that failed was never done": [wrote(0, 1, 1), failed(2, 2), saw(3, 4, 1), saw(5, 6, 1)],
}
BAD = {
    "a stale read": [wrote(0, 1, 1), wrote(2, 3, 2), saw(4, 5, 1)],
    "a deleted object": [wrote(0, 1, 1), wrote(2, 3, None), saw(4, 5, 1)],
    "never written": [saw(0, 1, 7)],
    "back after the end": [wrote(0, 1, 1), wrote(2, 20, 2), saw(3, 4, 2), saw(21, 22, 1)],
    "writes that overlap, back and forth": [wrote(0, 10, 1), wrote(0, 10, 2), saw(11, 12, 1), saw(13, 14, 2)],
    "a write before the one that was seen": [wrote(0, 1, 1), saw(2, 3, 2), wrote(4, 5, 2)],
}


@pytest.mark.parametrize("events", GOOD.values(), ids=GOOD)
def test_what_can_be_explained(events: list[Event]) -> None:
    assert is_explained(events)


@pytest.mark.parametrize("events", BAD.values(), ids=BAD)
def test_what_can_not(events: list[Event]) -> None:
    assert not is_explained(events)
    assert unexplained(events)


def test_what_comes_after_the_odd_operation_is_left_out() -> None:
    good, odd, later = GOOD["one after the other"], saw(10, 11, 1), saw(12, 13, None)
    assert unexplained([*good, odd, later]) == [*good, odd]
    assert unexplained(good) == ()
