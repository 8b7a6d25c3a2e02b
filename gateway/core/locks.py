"""Locks on versions: what keeps one from being removed, and how that may change. Pure: the time is given.

A version in a bucket with locks is kept by its retention until that ends, and by a legal hold until that is lifted.
Retention in governance mode may be bypassed; nobody gets past one in compliance mode. A lock is of one version: what a
copy, a rename or an append makes of it begins with what the bucket gives.

Source: "Locking objects with Object Lock" in the Amazon S3 User Guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gateway.core.buckets import BucketProps
from gateway.core.errors import Locked, LocksOff, LocksOn, RetentionOver, Unsupported
from gateway.core.types import Props, PropsChange

OBJECT_LOCK = "s3:object-lock"
"""The property of buckets in which versions can be locked. It is set once and for all."""

RETENTION = "s3:retention"
LEGAL_HOLD = "s3:legal-hold"
"""The properties of versions that hold their locks."""

OF_VERSIONS = frozenset({RETENTION, LEGAL_HOLD})

ON = "ON"
OFF = "OFF"

_SECOND = 10**9


class Mode(StrEnum):
    """How firm a retention is. The values are S3's words."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


class Unit(StrEnum):
    """What the retention of new versions is counted in. The values are S3's words."""

    DAYS = "Days"
    YEARS = "Years"


@dataclass(frozen=True, slots=True)
class Retention:
    """A version is kept until a time, in ns since the epoch."""

    mode: Mode
    until: int

    def binds(self, now: int) -> bool:
        return self.until > now

    def pack(self) -> str:
        """The retention as a property holds it."""
        return f"{self.mode} {self.until}"

    @classmethod
    def unpack(cls, text: str) -> "Retention":
        mode, until = text.split()
        return cls(Mode(mode), int(until))


@dataclass(frozen=True, slots=True)
class DefaultRetention:
    """How long new versions are kept whose writers say nothing of it."""

    mode: Mode
    period: int
    unit: Unit

    def begin(self, now: int) -> Retention:
        """The retention of a version that is made now, to the next whole second. A year is a calendar year."""
        seconds = -(-now // _SECOND)
        days = self.unit is Unit.DAYS
        end = seconds + self.period * 86_400 if days else _years_later(seconds, self.period)
        return Retention(self.mode, end * _SECOND)


@dataclass(frozen=True, slots=True)
class BucketLock:
    """Versions in the bucket can be locked, and new ones are by `default`, if there is one."""

    default: DefaultRetention | None = None

    def pack(self) -> str:
        """The lock as a property holds it."""
        default = self.default
        return ON if default is None else f"{default.mode} {default.period} {default.unit}"

    @classmethod
    def unpack(cls, text: str) -> "BucketLock":
        if text == ON:
            return cls()
        mode, period, unit = text.split()
        return cls(DefaultRetention(Mode(mode), int(period), Unit(unit)))


def refuse(props: BucketProps) -> None:
    """What a store that can't lock versions says of a bucket that is to have locks. Raises `Unsupported`."""
    if OBJECT_LOCK in props.system:
        raise Unsupported("This store can't lock versions of objects")


def lock_of(system: Mapping[str, str]) -> BucketLock | None:
    """What the properties of a bucket say of locks; None: it has none."""
    packed = system.get(OBJECT_LOCK)
    return None if packed is None else BucketLock.unpack(packed)


def retention_of(system: Mapping[str, str]) -> Retention | None:
    """The retention of a version, which may be over."""
    packed = system.get(RETENTION)
    return None if packed is None else Retention.unpack(packed)


def is_held(system: Mapping[str, str]) -> bool | None:
    """Whether a legal hold is on a version; None: there never was one."""
    stated = system.get(LEGAL_HOLD)
    return None if stated is None else stated == ON


def check_removal(system: Mapping[str, str], now: int, *, bypass: bool = False) -> None:
    """Raise `Locked` unless the version with these properties may be removed. `bypass`: governance does not count."""
    if is_held(system):
        raise Locked("A legal hold is on this version of the object")
    found = retention_of(system)
    if found is not None and found.binds(now) and not (bypass and found.mode is Mode.GOVERNANCE):
        raise Locked("This version of the object is retained")


def check_retention(found: Retention | None, wanted: Retention | None, now: int, *, bypass: bool = False) -> None:
    """Raise `Locked` unless a version's retention may be replaced by `wanted` (None: by none).

    Whoever may not bypass can only extend it. Raises `RetentionOver` for one that would be over already.
    """
    if wanted is not None and not wanted.binds(now):
        raise RetentionOver
    if found is None or not found.binds(now) or (bypass and found.mode is Mode.GOVERNANCE):
        return
    if wanted is None or wanted.mode is not found.mode or wanted.until < found.until:
        raise Locked("The retention of this version can only be extended")


def check_stated(props: Props, bucket: Mapping[str, str], now: int) -> None:
    """Raise where a new version can't be locked as its writer states, in a bucket with these properties.

    Raises `LocksOff`, and `RetentionOver` for a retention that would be over already.
    """
    if not props.system or OF_VERSIONS.isdisjoint(props.system):
        return
    if OBJECT_LOCK not in bucket:
        raise LocksOff
    stated = retention_of(props.system)
    if stated is not None and not stated.binds(now):
        raise RetentionOver


def of_new(props: Props, lock: BucketLock | None, now: int) -> Props:
    """What a version that is made now has, of which a writer states `props`: the retention of its bucket, too.

    Raises `LocksOff` where a lock is stated and the bucket has none.
    """
    if lock is None:
        check_stated(props, {}, now)
        return props
    if lock.default is None or RETENTION in props.system:
        return props
    return replace(props, system={**props.system, RETENTION: lock.default.begin(now).pack()})


def unlocked(props: Props) -> Props:
    """What is passed on of a version's properties to what is made of it."""
    if not props.system or OF_VERSIONS.isdisjoint(props.system):
        return props
    return replace(props, system={name: value for name, value in props.system.items() if name not in OF_VERSIONS})


def check_change(change: PropsChange) -> None:
    """Raise `Locked` where a change of properties touches a lock: these have operations of their own."""
    if change.system and not (OF_VERSIONS | {OBJECT_LOCK}).isdisjoint(change.system):
        raise Locked("Locks are not changed like other properties")


def check_suspension(system: Mapping[str, str]) -> None:
    """Raise `LocksOn` where versioning can't be suspended, since versions of the bucket can be locked."""
    if OBJECT_LOCK in system:
        raise LocksOn


def _years_later(seconds: int, years: int) -> int:
    """The same date and time of another year; of the 29th of February, the 1st of March where there is none."""
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    try:
        end = start.replace(year=start.year + years)
    except ValueError:
        end = start.replace(year=start.year + years, month=3, day=1)
    return int(end.timestamp())
