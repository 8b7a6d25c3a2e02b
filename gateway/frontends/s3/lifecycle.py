"""The rules of a bucket's lifecycle as documents: read, checked as S3 checks them, and shown.

Source: PutBucketLifecycleConfiguration in the Amazon S3 API Reference, "Lifecycle configuration elements" in the Amazon
S3 User Guide.
"""

import secrets
from collections.abc import Sequence
from typing import TypedDict

from gateway.core.lifecycle import DAY, Filter, Form, Rule
from gateway.frontends.s3 import tags
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.xmlout import Members

MAX_ID = 255
MAX_PREFIX = 1024
MAX_KEPT = 100
MAX_DAYS = 2**31 - 1

_IN_FILTER = ("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "And")
_ONE_OF_EXPIRATION = ("Days", "Date", "ExpiredObjectDeleteMarker")


def parse(document: Record) -> tuple[Rule, ...]:
    """The rules of a `LifecycleConfiguration`. Raises `S3Error`."""
    rules = tuple(_rule(record) for record in document.records("Rules"))
    if not rules:
        raise S3Error(Code.MALFORMED_XML)
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise _argument(f"Rule ID must be unique. Found same ID for more than one rule: {rule.id}")
        seen.add(rule.id)
    return rules


def shown(rule: Rule) -> Members:
    """A rule as a document shows it."""
    found = rule.filter
    return {
        "ID": rule.id,
        "Prefix": found.prefix if found.form is Form.PREFIX else None,
        "Filter": None if found.form is Form.PREFIX else _shown_filter(found),
        "Status": "Enabled" if rule.enabled else "Disabled",
        "Expiration": _stated(Days=rule.days, Date=rule.date, ExpiredObjectDeleteMarker=rule.markers or None),
        "NoncurrentVersionExpiration": _stated(
            NoncurrentDays=rule.past_days, NewerNoncurrentVersions=rule.kept or None
        ),
        "AbortIncompleteMultipartUpload": _stated(DaysAfterInitiation=rule.upload_days),
    }


def _shown_filter(found: Filter) -> Members:
    sizes: Members = {"ObjectSizeGreaterThan": found.larger, "ObjectSizeLessThan": found.smaller}
    rows: Sequence[Members] = [{"Key": name, "Value": value} for name, value in found.tags]
    if found.form is Form.AND:
        return {"And": {"Prefix": found.prefix or None, "Tags": rows, **sizes}}
    if found.form is Form.ALL:
        return {}
    bare = not rows and found.larger is found.smaller is None
    return {"Prefix": found.prefix if bare else None, "Tag": rows[0] if rows else None, **sizes}


def _stated(**members: int | bool | None) -> "Members | None":
    stated = {name: value for name, value in members.items() if value is not None}
    return stated or None


def _rule(record: Record) -> Rule:
    if "Transitions" in record or "NoncurrentVersionTransitions" in record:
        raise S3Error(
            Code.INVALID_STORAGE_CLASS, "There is one storage class, STANDARD: no rule can move objects to another."
        )
    rule = Rule(
        id=_id(record.text("ID")),
        enabled=record.text("Status") == "Enabled",
        filter=_filter(record),
        **_expiration(record.record("Expiration")),
        **_past(record.record("NoncurrentVersionExpiration")),
        upload_days=_upload_days(record.record("AbortIncompleteMultipartUpload")),
    )
    _check(rule)
    return rule


def _id(stated: str | None) -> str:
    if stated and len(stated) > MAX_ID:
        raise _argument(f"ID length should not exceed allowed limit of {MAX_ID}")
    return stated or secrets.token_urlsafe(36)


def _check(rule: Rule) -> None:
    """What may not stand together."""
    found = rule.filter
    if not rule.markers and rule.days is rule.date is rule.past_days is rule.upload_days is None:
        raise _request("At least one action needs to be specified in a rule")
    if rule.markers and found.tags:
        raise _request("ExpiredObjectDeleteMarker cannot be specified with Tags.")
    if rule.upload_days is not None and found.tags:
        raise _request("AbortIncompleteMultipartUpload cannot be specified with Tags.")
    if rule.upload_days is not None and (found.larger, found.smaller) != (None, None):
        raise _request("AbortIncompleteMultipartUpload cannot be specified with Object Size.")
    if rule.kept and found.form is Form.PREFIX:
        raise _request("NewerNoncurrentVersions can only be specified in a rule with a Filter.")


def _filter(record: Record) -> Filter:
    prefix, found = record.text("Prefix"), record.record("Filter")
    if (prefix is None) == (found is None):
        raise S3Error(Code.MALFORMED_XML)
    if found is None:
        return Filter(form=Form.PREFIX, prefix=_prefix(prefix))
    stated = [name for name in _IN_FILTER if name in found]
    if not stated:
        return Filter()
    joined, tag = found.record("And"), found.record("Tag")
    rows = () if tag is None else (tag,)
    if joined is None:
        return _conditions(found, Form.SINGLE if len(stated) == 1 else Form.AND, rows)
    within = _conditions(joined, Form.AND, joined.records("Tags"))
    return within if len(stated) == 1 else _both(_conditions(found, Form.AND, rows), within)


def _both(one: Filter, other: Filter) -> Filter:
    """Conditions beside And: S3 refuses them, Ceph joins them, so that what expires is the least that can be meant."""
    prefix = max(one.prefix, other.prefix, key=len)
    if not all(prefix.startswith(found.prefix) for found in (one, other)):
        raise S3Error(Code.MALFORMED_XML)
    larger = [size for size in (one.larger, other.larger) if size is not None]
    smaller = [size for size in (one.smaller, other.smaller) if size is not None]
    return _consistent(
        Filter(
            form=Form.AND,
            prefix=prefix,
            tags=tuple(dict.fromkeys((*one.tags, *other.tags))),
            larger=max(larger, default=None),
            smaller=min(smaller, default=None),
        )
    )


def _consistent(found: Filter) -> Filter:
    """`found`, unless it can admit nothing. Raises `S3Error`."""
    if len(dict(found.tags)) != len(found.tags):
        raise _request("Duplicate Tag Keys are not allowed.")
    if found.larger is not None and found.smaller is not None and found.smaller <= found.larger:
        raise _request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
    return found


def _conditions(record: Record, form: Form, rows: Sequence[Record]) -> Filter:
    pairs = tuple((row.text("Key") or "", row.text("Value") or "") for row in rows)
    for pair in pairs:
        tags.pack([pair], tags.OF_OBJECT)
    larger, smaller = record.integer("ObjectSizeGreaterThan"), record.integer("ObjectSizeLessThan")
    if larger is not None and larger < 0:
        raise _request("'ObjectSizeGreaterThan' should be a non-negative integer")
    if smaller is not None and smaller < 1:
        raise _request("'ObjectSizeLessThan' should be a positive integer")
    prefix = _prefix(record.text("Prefix"))
    return _consistent(Filter(form=form, prefix=prefix, tags=pairs, larger=larger, smaller=smaller))


def _prefix(stated: str | None) -> str:
    if stated and len(stated.encode()) > MAX_PREFIX:
        raise _request(f"The maximum size of a prefix is {MAX_PREFIX}.")
    return stated or ""


class _Ends(TypedDict, total=False):
    days: int | None
    date: int | None
    markers: bool


def _expiration(record: Record | None) -> _Ends:
    if record is None:
        return {}
    if sum(name in record for name in _ONE_OF_EXPIRATION) != 1:
        raise S3Error(Code.MALFORMED_XML)
    days, date = record.integer("Days"), record.time("Date")
    _check_days("Days", "Expiration", days)
    if date is not None and date % DAY:
        raise _argument("'Date' must be at midnight GMT")
    return {"days": days, "date": date, "markers": record.flag("ExpiredObjectDeleteMarker") is True}


class _Past(TypedDict, total=False):
    past_days: int | None
    kept: int


def _past(record: Record | None) -> _Past:
    if record is None:
        return {}
    days, kept = record.integer("NoncurrentDays"), record.integer("NewerNoncurrentVersions")
    if days is None:
        raise S3Error(Code.MALFORMED_XML)
    _check_days("NoncurrentDays", "NoncurrentVersionExpiration", days)
    if kept is not None and not 0 < kept <= MAX_KEPT:
        raise _argument(f"'NewerNoncurrentVersions' must be a positive integer of at most {MAX_KEPT}")
    return {"past_days": days, "kept": kept or 0}


def _upload_days(record: Record | None) -> int | None:
    if record is None:
        return None
    days = record.integer("DaysAfterInitiation")
    if days is None:
        raise S3Error(Code.MALFORMED_XML)
    _check_days("DaysAfterInitiation", "AbortIncompleteMultipartUpload", days)
    return days


def _check_days(name: str, action: str, days: int | None) -> None:
    if days is not None and not 0 < days <= MAX_DAYS:
        raise _argument(f"'{name}' for {action} action must be a positive integer")


def _argument(message: str) -> S3Error:
    return S3Error(Code.INVALID_ARGUMENT, message)


def _request(message: str) -> S3Error:
    return S3Error(Code.INVALID_REQUEST, message)
