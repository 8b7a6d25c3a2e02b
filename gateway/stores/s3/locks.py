"""Locks as S3 states them: of versions in members and headers, of buckets in a configuration.

Source: "Locking objects with Object Lock" in the Amazon S3 User Guide.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.core.locks import (
    LEGAL_HOLD,
    OF_VERSIONS,
    RETENTION,
    BucketLock,
    DefaultRetention,
    Mode,
    Retention,
    Unit,
    is_held,
    retention_of,
)
from gateway.stores.s3.answer import SECOND, Answer

ENABLED = "Enabled"

_MODE = "x-amz-object-lock-mode"
_UNTIL = "x-amz-object-lock-retain-until-date"
_HOLD = "x-amz-object-lock-legal-hold"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def members(system: Mapping[str, str]) -> dict[str, Any]:
    """The members of a write that state the locks among system properties."""
    found: dict[str, Any] = {}
    if not system or OF_VERSIONS.isdisjoint(system):
        return found
    if (retention := retention_of(system)) is not None:
        found |= {"ObjectLockMode": retention.mode.value, "ObjectLockRetainUntilDate": moment(retention)}
    if is_held(system) is not None:
        found["ObjectLockLegalHoldStatus"] = system[LEGAL_HOLD]
    return found


def moment(retention: Retention) -> datetime:
    """The end of a retention: the next whole second, since headers tell no more, and nothing may end too early."""
    return _EPOCH + timedelta(seconds=-(-retention.until // SECOND))


def told(headers: Mapping[str, str]) -> dict[str, str]:
    """The system properties that hold the locks which an answer tells. Raises `ValueError` for unsound ones."""
    found = {LEGAL_HOLD: headers[_HOLD]} if _HOLD in headers else {}
    if _MODE in headers:
        found[RETENTION] = Retention(Mode(headers[_MODE]), _parsed(headers.get(_UNTIL, ""))).pack()
    return found


def _parsed(text: str) -> int:
    """In ns since the epoch. A time without an offset is UTC."""
    parsed = datetime.fromisoformat(text)
    since = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) - _EPOCH
    return since // timedelta(microseconds=1) * 1000


def configuration(lock: BucketLock) -> Mapping[str, Any]:
    """A bucket's lock as PutObjectLockConfiguration takes it."""
    default = lock.default
    if default is None:
        return {"ObjectLockEnabled": ENABLED}
    rule = {"Mode": default.mode.value, default.unit.value: default.period}
    return {"ObjectLockEnabled": ENABLED, "Rule": {"DefaultRetention": rule}}


def lock_in(answer: Answer) -> BucketLock | None:
    """The lock that GetObjectLockConfiguration answers with; None: the bucket has none. Raises `ValueError`."""
    found = answer.row("ObjectLockConfiguration")
    if found.text("ObjectLockEnabled") != ENABLED:
        return None
    rule = found.row("Rule").row("DefaultRetention")
    for unit in Unit:
        if period := rule.number(unit):
            return BucketLock(DefaultRetention(Mode(rule.text("Mode")), period, unit))
    return BucketLock()
