"""Locks on versions in the headers of requests and answers, and who may get past them.

Source: "Locking objects with Object Lock" in the Amazon S3 User Guide, PutObject in the API Reference.
"""

from collections.abc import Mapping

from multidict import CIMultiDict

from gateway.auth.access import Action
from gateway.core.conditions import When
from gateway.core.errors import Denied
from gateway.core.locks import (
    LEGAL_HOLD,
    OBJECT_LOCK,
    OF_VERSIONS,
    OFF,
    ON,
    RETENTION,
    Mode,
    Retention,
    lock_of,
    retention_of,
)
from gateway.core.ops import locks_of
from gateway.core.types import Deleted, Key
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import Stated, content_md5
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of, inspect, seems_allowed
from gateway.frontends.s3.text import MILLISECOND, iso8601, parse_iso8601

BUCKET_HEADER = "x-amz-bucket-object-lock-enabled"
BYPASS = "x-amz-bypass-governance-retention"
_MODE = "x-amz-object-lock-mode"
_UNTIL = "x-amz-object-lock-retain-until-date"
_HOLD = "x-amz-object-lock-legal-hold"

HEADERS = frozenset({_MODE, _UNTIL, _HOLD})
"""What a new object's writer states of its locks by."""


def wants_lock(headers: Mapping[str, str]) -> bool:
    """Whether a bucket that is created is to have locks. Raises `S3Error` `InvalidArgument`."""
    text = headers.get(BUCKET_HEADER, "false").strip().lower()
    if text not in {"true", "false"}:
        raise _invalid(f"{BUCKET_HEADER} must be true or false", BUCKET_HEADER, text)
    return text == "true"


def stated(call: Call) -> Mapping[str, str]:
    """The properties that hold the locks which a new object's writer states. Raises `S3Error`, `Denied`."""
    headers = call.headers
    if HEADERS.isdisjoint(headers):
        return {}
    found = {}
    if (retention := _retention(headers)) is not None:
        _permit(call, Action.PUT_RETENTION)
        found[RETENTION] = retention.pack()
    if (hold := headers.get(_HOLD)) is not None:
        if hold not in {ON, OFF}:
            raise _invalid("Legal Hold must be either of 'ON' or 'OFF'", _HOLD, hold)
        _permit(call, Action.PUT_LEGAL_HOLD)
        found[LEGAL_HOLD] = hold
    return found


def _retention(headers: Mapping[str, str]) -> Retention | None:
    mode, until = headers.get(_MODE), headers.get(_UNTIL)
    if mode is until is None:
        return None
    if mode is None or until is None:
        missing = _MODE if mode is None else _UNTIL
        raise _invalid(f"{_UNTIL} and {_MODE} must both be supplied", missing, "")
    if mode not in tuple(Mode):
        raise _invalid("Unknown wormMode directive.", _MODE, mode)
    try:
        return Retention(Mode(mode), in_milliseconds(parse_iso8601(until)))
    except ValueError:
        raise _invalid("The retain until date must be provided in ISO 8601 format", _UNTIL, until) from None


def in_milliseconds(until: int) -> int:
    """The end of a retention as it can be told: who puts again what he was told must not shorten it by that."""
    return -(-until // MILLISECOND) * MILLISECOND


def _permit(call: Call, action: Action) -> None:
    """Raise `Denied` unless the caller may lock the object that he writes."""
    if not seems_allowed(call, action, bucket_of(call), call.key.name):
        raise Denied


def check_verified(call: Call, claimed: Stated, upload: Mapping[str, str] | None = None) -> None:
    """Raise `S3Error` `InvalidRequest` where a body that will be locked comes without a digest, as S3 does.

    `upload`: the properties of the upload that the body is a part of.
    """
    lock = lock_of(bucket_of(call).system)
    if lock is None:
        return
    is_stated = not (HEADERS.isdisjoint(call.headers) if upload is None else OF_VERSIONS.isdisjoint(upload))
    is_locked = is_stated or lock.default is not None
    what = "Object" if upload is None else "Part"
    if is_locked and claimed.algorithm is None and content_md5(call.headers) is None:
        raise S3Error(
            Code.INVALID_REQUEST,
            f"Content-MD5 OR x-amz-checksum- HTTP header is required for Put {what} requests with Object Lock "
            "parameters",
        )


def tell(call: Call, system: Mapping[str, str], headers: CIMultiDict[str]) -> None:
    """Say how an object is locked, to who may see that."""
    bucket, name = bucket_of(call), call.key.name
    retention = retention_of(system)
    if retention is not None and seems_allowed(call, Action.GET_RETENTION, bucket, name):
        headers[_MODE] = retention.mode.value
        headers[_UNTIL] = iso8601(retention.until)
    if LEGAL_HOLD in system and seems_allowed(call, Action.GET_LEGAL_HOLD, bucket, name):
        headers[_HOLD] = system[LEGAL_HOLD]


def wants_bypass(call: Call) -> bool:
    """Whether retention in governance mode is to count for nothing, in a bucket where it counts at all."""
    return call.headers.get(BYPASS, "").strip().lower() == "true" and OBJECT_LOCK in bucket_of(call).system


async def permit_bypass(call: Call, name: str, version: str | None) -> None:
    """Raise `Denied` unless the caller may get past retention in governance mode."""
    await inspect(call, Action.BYPASS_RETENTION, bucket_of(call), name, version)


async def delete(call: Call, key: Key, version: str | None, when: When) -> Deleted:
    """Delete an object, or a version, past retention in governance mode if that is wanted. Raises as `Store.delete`."""
    if version is None or not wants_bypass(call):
        return await call.store.delete(key, version, when)
    await permit_bypass(call, key.name, version)
    return await locks_of(call.store).delete_governed(key, version, when)


def _invalid(message: str, name: str, value: str) -> S3Error:
    return S3Error(Code.INVALID_ARGUMENT, message, ArgumentName=name, ArgumentValue=value)
