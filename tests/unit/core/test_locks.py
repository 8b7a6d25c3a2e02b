"""The rules of locks on versions."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import locks
from gateway.core.errors import Locked, LocksOff, LocksOn, RetentionOver, StoreError
from gateway.core.locks import (
    LEGAL_HOLD,
    OBJECT_LOCK,
    RETENTION,
    BucketLock,
    DefaultRetention,
    Mode,
    Retention,
    Unit,
)
from gateway.core.types import Props, PropsChange

SECOND = 10**9
DAY = 86_400 * SECOND
NOW = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()) * SECOND
GOVERNANCE, COMPLIANCE = Mode.GOVERNANCE, Mode.COMPLIANCE

modes = st.sampled_from(Mode)
times = st.integers(0, 2**70)
retentions = st.builds(Retention, modes, times)
defaults = st.builds(DefaultRetention, modes, st.integers(1, 36_500), st.sampled_from(Unit))


def system(retention: Retention | None = None, held: bool | None = None) -> dict[str, str]:
    found = {} if retention is None else {RETENTION: retention.pack()}
    return found if held is None else {**found, LEGAL_HOLD: locks.ON if held else locks.OFF}


def at(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.parametrize("bypass", (False, True))
@pytest.mark.parametrize(
    ("mode", "until", "held", "removable"),
    (
        (None, 0, None, "always"),
        (None, 0, False, "always"),
        (None, 0, True, "never"),
        (GOVERNANCE, NOW - 1, None, "always"),
        (GOVERNANCE, NOW, None, "always"),
        (GOVERNANCE, NOW + 1, None, "by bypass"),
        (GOVERNANCE, NOW + 1, False, "by bypass"),
        (GOVERNANCE, NOW + 1, True, "never"),
        (GOVERNANCE, NOW - 1, True, "never"),
        (COMPLIANCE, NOW - 1, None, "always"),
        (COMPLIANCE, NOW, None, "always"),
        (COMPLIANCE, NOW + 1, None, "never"),
        (COMPLIANCE, NOW + 1, False, "never"),
        (COMPLIANCE, NOW + 1, True, "never"),
    ),
)
def test_what_may_be_removed(mode: Mode | None, until: int, held: bool | None, removable: str, bypass: bool) -> None:
    found = system(None if mode is None else Retention(mode, until), held)
    if removable == "always" or (removable == "by bypass" and bypass):
        locks.check_removal(found, NOW, bypass=bypass)
    else:
        with pytest.raises(Locked):
            locks.check_removal(found, NOW, bypass=bypass)


@pytest.mark.parametrize("bypass", (False, True))
@pytest.mark.parametrize(
    ("found", "wanted", "allowed"),
    (
        (None, (GOVERNANCE, NOW + 1), "always"),
        (None, (COMPLIANCE, NOW + 1), "always"),
        (None, None, "always"),
        ((GOVERNANCE, NOW), (COMPLIANCE, NOW + 1), "always"),
        ((COMPLIANCE, NOW), (GOVERNANCE, NOW + 1), "always"),
        ((COMPLIANCE, NOW), None, "always"),
        ((GOVERNANCE, NOW + 5), (GOVERNANCE, NOW + 6), "always"),
        ((GOVERNANCE, NOW + 5), (GOVERNANCE, NOW + 5), "always"),
        ((GOVERNANCE, NOW + 5), (GOVERNANCE, NOW + 4), "by bypass"),
        ((GOVERNANCE, NOW + 5), (COMPLIANCE, NOW + 5), "by bypass"),
        ((GOVERNANCE, NOW + 5), (COMPLIANCE, NOW + 6), "by bypass"),
        ((GOVERNANCE, NOW + 5), None, "by bypass"),
        ((COMPLIANCE, NOW + 5), (COMPLIANCE, NOW + 6), "always"),
        ((COMPLIANCE, NOW + 5), (COMPLIANCE, NOW + 5), "always"),
        ((COMPLIANCE, NOW + 5), (COMPLIANCE, NOW + 4), "never"),
        ((COMPLIANCE, NOW + 5), (GOVERNANCE, NOW + 6), "never"),
        ((COMPLIANCE, NOW + 5), None, "never"),
    ),
)
def test_what_may_become_of_a_retention(
    found: tuple[Mode, int] | None, wanted: tuple[Mode, int] | None, allowed: str, bypass: bool
) -> None:
    old, new = (None if row is None else Retention(*row) for row in (found, wanted))
    if allowed == "always" or (allowed == "by bypass" and bypass):
        locks.check_retention(old, new, NOW, bypass=bypass)
    else:
        with pytest.raises(Locked):
            locks.check_retention(old, new, NOW, bypass=bypass)


@given(st.none() | retentions, modes, st.integers(0, NOW), st.booleans())
def test_no_retention_begins_that_is_over(found: Retention | None, mode: Mode, until: int, bypass: bool) -> None:
    with pytest.raises(RetentionOver):
        locks.check_retention(found, Retention(mode, until), NOW, bypass=bypass)


def is_refused(system: dict[str, str], now: int, bypass: bool) -> bool:
    try:
        locks.check_removal(system, now, bypass=bypass)
    except Locked:
        return True
    return False


@given(st.lists(st.tuples(st.none() | retentions, st.booleans(), st.integers(0, 2**60)), max_size=8), times)
def test_compliance_holds_until_its_end_whatever_is_tried(
    steps: list[tuple[Retention | None, bool, int]], first: int
) -> None:
    """Time goes on, somebody tries one change after the other, and what was promised to anybody is kept."""
    found: Retention | None = Retention(COMPLIANCE, first)
    promised, now = first, 0
    for wanted, bypass, passed in steps:
        now += passed
        try:
            locks.check_retention(found, wanted, now, bypass=bypass)
        except StoreError:
            pass
        else:
            found = wanted
            if wanted is not None and wanted.mode is COMPLIANCE:
                promised = max(promised, wanted.until)
        if now < promised:
            assert is_refused(system(found), now, bypass)


@given(retentions, times, st.booleans())
def test_a_hold_keeps_what_no_retention_does(retention: Retention, now: int, bypass: bool) -> None:
    assert is_refused(system(retention, held=True), now, bypass)
    assert is_refused(system(retention, held=False), now, bypass) is is_refused(system(retention), now, bypass)


@given(retentions)
def test_a_retention_is_kept_as_a_property(retention: Retention) -> None:
    assert locks.retention_of(system(retention)) == retention
    assert locks.retention_of({}) is None


@given(st.none() | defaults)
def test_a_buckets_lock_is_kept_as_a_property(default: DefaultRetention | None) -> None:
    lock = BucketLock(default)
    assert locks.lock_of({OBJECT_LOCK: lock.pack()}) == lock
    assert locks.lock_of({}) is None


def test_that_a_hold_was_lifted_is_known() -> None:
    assert locks.is_held(system()) is None
    assert locks.is_held(system(held=True)) is True
    assert locks.is_held(system(held=False)) is False


@pytest.mark.parametrize(
    ("period", "unit", "start", "until"),
    (
        (1, Unit.DAYS, NOW, NOW + DAY),
        (30, Unit.DAYS, NOW + 7, NOW + SECOND + 30 * DAY),
        (1, Unit.YEARS, NOW, at(2027, 11, 21)),
        (2, Unit.YEARS, NOW + 7, at(2028, 11, 21) + SECOND),
        (1, Unit.YEARS, at(2028, 2, 29), at(2029, 3, 1)),
        (4, Unit.YEARS, at(2028, 2, 29), at(2032, 2, 29)),
        (100, Unit.YEARS, NOW, at(2126, 11, 21)),
    ),
)
def test_when_a_default_retention_ends(period: int, unit: Unit, start: int, until: int) -> None:
    assert DefaultRetention(COMPLIANCE, period, unit).begin(start) == Retention(COMPLIANCE, until)


def test_what_a_new_version_has() -> None:
    plain = Props(user={"a": "b"}, system={"http:expires": "0"})
    stated = Props(system=system(Retention(COMPLIANCE, NOW + 5)))
    held = Props(system=system(held=True))
    bare, firm = BucketLock(), BucketLock(DefaultRetention(GOVERNANCE, 1, Unit.DAYS))
    given_ = system(Retention(GOVERNANCE, NOW + DAY))

    for props in (plain, stated, held):
        assert locks.of_new(props, bare, NOW) is props
    assert locks.of_new(plain, None, NOW) is plain
    assert locks.of_new(stated, firm, NOW) is stated
    assert locks.of_new(plain, firm, NOW) == Props(user={"a": "b"}, system={"http:expires": "0", **given_})
    assert locks.of_new(held, firm, NOW).system == {**held.system, **given_}
    for props in (stated, held):
        with pytest.raises(LocksOff):
            locks.of_new(props, None, NOW)


def test_what_a_writer_may_state() -> None:
    locked = {OBJECT_LOCK: BucketLock().pack()}
    plain = Props(system={"http:expires": "0"})
    for bucket in ({}, locked):
        locks.check_stated(Props(), bucket, NOW)
        locks.check_stated(plain, bucket, NOW)
    for found in (system(Retention(GOVERNANCE, NOW + 1)), system(held=True), system(held=False)):
        locks.check_stated(Props(system=found), locked, NOW)
        with pytest.raises(LocksOff):
            locks.check_stated(Props(system=found), {}, NOW)
    with pytest.raises(RetentionOver):
        locks.check_stated(Props(system=system(Retention(GOVERNANCE, NOW))), locked, NOW)


def test_no_lock_is_passed_on() -> None:
    plain = Props(system={"http:expires": "0"})
    locked = Props(system={**plain.system, **system(Retention(GOVERNANCE, NOW), held=True)})
    assert locks.unlocked(plain) is plain
    assert locks.unlocked(locked) == plain


def test_locks_are_not_changed_like_other_properties() -> None:
    locks.check_change(PropsChange())
    locks.check_change(PropsChange(system={"s3:tagging": None}))
    for name in (OBJECT_LOCK, RETENTION, LEGAL_HOLD):
        with pytest.raises(Locked):
            locks.check_change(PropsChange(system={name: None}))


def test_versioning_stays_where_locks_are() -> None:
    locks.check_suspension({"s3:tagging": "a=b"})
    with pytest.raises(LocksOn):
        locks.check_suspension({OBJECT_LOCK: BucketLock().pack()})
