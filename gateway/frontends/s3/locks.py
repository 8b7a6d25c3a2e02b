"""Operations on locks: what a bucket gives new versions, and the retention and the legal hold of a version.

Source: the Get- and Put- calls of ObjectLockConfiguration, ObjectRetention and ObjectLegalHold in the Amazon S3 API
Reference.
"""

from collections.abc import Mapping

from gateway.auth.access import Action
from gateway.core.errors import LocksOff
from gateway.core.locks import (
    LEGAL_HOLD,
    OBJECT_LOCK,
    ON,
    BucketLock,
    DefaultRetention,
    Mode,
    Retention,
    Unit,
    lock_of,
    retention_of,
)
from gateway.core.ops import locks_of
from gateway.core.types import Meta
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import content_md5
from gateway.frontends.s3.checksums import stated as claimed
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.facts import REMAINING, remaining_days
from gateway.frontends.s3.locking import in_milliseconds, permit_bypass, wants_bypass
from gateway.frontends.s3.parameters import version_of
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.rights import bucket_of, inspect
from gateway.frontends.s3.text import iso8601
from gateway.frontends.s3.xmlout import Members, Output

_MOST = {Unit.DAYS: 36_500, Unit.YEARS: 100}


async def get_object_lock_configuration(call: Call) -> Output:
    """GetObjectLockConfiguration."""
    lock = lock_of(bucket_of(call).system)
    if lock is None:
        raise S3Error(Code.OBJECT_LOCK_CONFIGURATION_NOT_FOUND, BucketName=call.key.bucket)
    rule: Members | None = None
    if lock.default is not None:
        rule = {"DefaultRetention": {"Mode": lock.default.mode.value, lock.default.unit.value: lock.default.period}}
    return Output({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": rule}})


async def put_object_lock_configuration(call: Call) -> Output:
    """PutObjectLockConfiguration: enables locks in a bucket that keeps versions; without a rule, none is left."""
    asked = await _document(call)
    if asked.text("ObjectLockEnabled") is None:
        raise S3Error(Code.MALFORMED_XML)
    rule = asked.record("Rule")
    lock = BucketLock() if rule is None else BucketLock(_default(rule.record("DefaultRetention")))
    await locks_of(call.store).set_lock(call.key.bucket, lock)
    return Output({})


def _default(asked: Record | None) -> DefaultRetention:
    mode = None if asked is None else asked.text("Mode")
    periods = {} if asked is None else {unit: asked.integer(unit) for unit in Unit if unit in asked}
    if mode is None or len(periods) != 1:
        raise S3Error(Code.MALFORMED_XML)
    ((unit, period),) = periods.items()
    if period is None or not 1 <= period <= _MOST[unit]:
        raise S3Error(
            Code.INVALID_RETENTION_PERIOD, f"Default retention period must be from 1 to {_MOST[unit]} {unit.lower()}."
        )
    return DefaultRetention(Mode(mode), period, unit)


async def get_object_retention(call: Call) -> Output:
    """GetObjectRetention."""
    retention = retention_of((await _lockable(call)).props.system)
    if retention is None:
        raise S3Error(Code.NO_SUCH_OBJECT_LOCK_CONFIGURATION, Key=call.key.name)
    return Output({"Retention": {"Mode": retention.mode.value, "RetainUntilDate": retention.until}})


async def put_object_retention(call: Call) -> Output:
    """PutObjectRetention: an empty document ends it.

    Policies may ask what it says, so it is permitted when that is known.
    """
    retention = _retention(await _document(call))
    bucket, name, version = bucket_of(call), call.key.name, version_of(call.query)
    stated = {} if retention is None else _facts(retention)
    await inspect(call, Action.PUT_RETENTION, bucket, name, version, stated=stated)
    _check_lockable(call)
    bypass = wants_bypass(call)
    if bypass:
        await permit_bypass(call, name, version)
    await locks_of(call.store).set_retention(call.key, retention, version, bypass=bypass)
    return Output({})


def _facts(retention: Retention) -> Mapping[str, str]:
    """What policies may ask of a retention."""
    until = iso8601(retention.until)
    return {
        "s3:object-lock-mode": retention.mode.value,
        "s3:object-lock-retain-until-date": until,
        REMAINING: remaining_days(until) or "",
    }


def _retention(asked: Record) -> Retention | None:
    mode, until = asked.text("Mode"), asked.time("RetainUntilDate")
    if mode is None and until is None:
        return None
    if mode is None or until is None:
        raise S3Error(Code.MALFORMED_XML)
    return Retention(Mode(mode), in_milliseconds(until))


async def get_object_legal_hold(call: Call) -> Output:
    """GetObjectLegalHold."""
    status = (await _lockable(call)).props.system.get(LEGAL_HOLD)
    if status is None:
        raise S3Error(Code.NO_SUCH_OBJECT_LOCK_CONFIGURATION, Key=call.key.name)
    return Output({"LegalHold": {"Status": status}})


async def put_object_legal_hold(call: Call) -> Output:
    """PutObjectLegalHold.

    Policies may ask what it says, so it is permitted when that is known.
    """
    status = (await _document(call)).text("Status")
    if status is None:
        raise S3Error(Code.MALFORMED_XML)
    version = version_of(call.query)
    stated = {"s3:object-lock-legal-hold": status}
    await inspect(call, Action.PUT_LEGAL_HOLD, bucket_of(call), call.key.name, version, stated=stated)
    _check_lockable(call)
    await locks_of(call.store).set_hold(call.key, version, held=status == ON)
    return Output({})


async def _document(call: Call) -> Record:
    """The document, which has to come with a digest."""
    if content_md5(call.headers) is None and claimed(call.headers).algorithm is None:
        raise S3Error(Code.INVALID_REQUEST, "Missing required header for this request: Content-MD5")
    return await required_document(call)


async def _lockable(call: Call) -> Meta:
    _check_lockable(call)
    return await call.store.stat(call.key, version_of(call.query))


def _check_lockable(call: Call) -> None:
    """Raise `LocksOff` in a bucket without locks."""
    if OBJECT_LOCK not in bucket_of(call).system:
        raise LocksOff
