"""Uploads by forms of browsers: who signed their policy, and what it lets them upload.

Source: "Browser-based uploads using POST" in the Amazon S3 API Reference. Pure; fields have lower-case names.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import NoReturn

from gateway.auth.claim import Signed, from_form
from gateway.auth.errors import AuthCode, AuthError
from gateway.auth.principals import User
from gateway.auth.request import Scheme
from gateway.auth.sigv2 import SigV2
from gateway.auth.sigv4 import SigV4, Verified

POLICY = "policy"
MAX_CONDITIONS = 200

_V4 = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_V2 = ("awsaccesskeyid", "signature")
_UNCHECKED = frozenset({POLICY, "file", "x-amz-signature", *_V2})
"""Fields that no condition need speak of."""

_HARMLESS = ("x-ignore-", "x-amz-checksum-")
"""What the names of further such fields begin with: a checksum allows nothing, it only makes more sure."""

_LARGEST = 2**63 - 1
_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def scheme_of(fields: Mapping[str, str]) -> Scheme:
    """The scheme that a form is signed by. Raises `AuthError` where a part of one is missing."""
    scheme, names = Scheme.ANONYMOUS, tuple[str, ...]()
    if any(name in fields for name in _V4):
        scheme, names = Scheme.V4_QUERY, (*_V4, POLICY)
    elif POLICY in fields or any(name in fields for name in _V2):
        scheme, names = Scheme.V2_QUERY, (*_V2, POLICY)
    for name in names:
        if not fields.get(name):
            raise AuthError(
                AuthCode.INVALID_ARGUMENT,
                f"Bucket POST must contain a field named '{name}'. "
                "If it is specified, please check the order of the fields.",
                ArgumentName=name,
            )
    return scheme


def verify_v4(sigv4: SigV4, fields: Mapping[str, str], user: User | None = None) -> Verified:
    """Who signed a form's policy. `user`: who is known to have the access key. Raises `AuthError`."""
    return sigv4.verify_text(from_form(fields), fields[POLICY], user)


def verify_v2(sigv2: SigV2, fields: Mapping[str, str], user: User | None = None) -> User:
    """Who signed a form's policy. `user`: who is known to have the access key. Raises `AuthError`."""
    return sigv2.verify_text(signed_v2(fields), user)


def signed_v2(fields: Mapping[str, str]) -> Signed:
    """What was signed of a form."""
    return Signed(fields["awsaccesskeyid"], fields["signature"], (fields[POLICY],))


def signed_v4(fields: Mapping[str, str]) -> Signed:
    """What was signed of a form. Raises `AuthError`."""
    claim = from_form(fields)
    return Signed(claim.terms.access_key, claim.signature, (fields[POLICY],))


class _Match(Enum):
    EQUALS = "eq"
    STARTS_WITH = "starts-with"


@dataclass(frozen=True, slots=True)
class FormCondition:
    """What one field has to be, or to begin with."""

    match: _Match
    field: str
    value: str

    def holds(self, fields: Mapping[str, str]) -> bool:
        found = fields.get(self.field, "")
        if self.match is _Match.EQUALS:
            return found == self.value
        if self.field == "content-type" and "," in found:
            return all(part.strip().startswith(self.value) for part in found.split(","))
        return found.startswith(self.value)

    def __str__(self) -> str:
        return json.dumps([self.match.value, f"${self.field}", self.value])


@dataclass(frozen=True, slots=True)
class FormPolicy:
    """What may be uploaded, and until when. `sizes` are the least and the most bytes that the file may have."""

    expires: datetime
    conditions: tuple[FormCondition, ...]
    sizes: tuple[int, int] = (0, _LARGEST)

    def check(self, fields: Mapping[str, str], now: datetime) -> None:
        """Raise `AuthError` unless a form with these fields may be sent now."""
        if now >= self.expires:
            _deny("Policy expired.")
        for condition in self.conditions:
            if not condition.holds(fields):
                _deny(f"Policy Condition failed: {condition}")
        known = {condition.field for condition in self.conditions}
        for name in fields:
            if name not in known and name not in _UNCHECKED and not name.startswith(_HARMLESS):
                _deny(f"Extra input fields: {name}")


def parse_policy(encoded: str) -> FormPolicy:
    """The policy in a form, as base64 of its JSON. Raises `AuthError` `InvalidPolicyDocument`."""
    try:
        document = json.loads(b64decode(encoded, validate=True).decode(), object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        _refuse("Invalid JSON.")
    if not isinstance(document, dict):
        _refuse("Invalid JSON.")
    if unknown := sorted(document.keys() - {"expiration", "conditions"}):
        _refuse(f"Unexpected: '{unknown[0]}'")
    conditions = document.get("conditions")
    if not isinstance(conditions, list):
        _refuse("Policy missing conditions.")
    if len(conditions) > MAX_CONDITIONS:
        _refuse(f"A policy has {MAX_CONDITIONS} conditions at most.")
    least, most = 0, _LARGEST
    found: list[FormCondition] = []
    for stated in conditions:
        match stated:
            case [str(name), low, high] if name.lower() == "content-length-range":
                least, most = max(least, _size(low)), min(most, _size(high))
            case _:
                found += _conditions(stated)
    return FormPolicy(_expiration(document.get("expiration")), tuple(found), (least, most))


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _conditions(stated: object) -> Iterator[FormCondition]:
    match stated:
        case dict() if stated:
            for name, value in stated.items():
                if not isinstance(value, str):
                    _refuse("Invalid Simple-Condition: value must be a string.")
                yield FormCondition(_Match.EQUALS, name.lower().removeprefix("$"), value)
        case [str(kind), str(name), str(value)] if kind.lower() in {match.value for match in _Match}:
            if not name.startswith("$") or name == "$":
                _refuse("Invalid Condition: the field's name begins with $.")
            yield FormCondition(_Match(kind.lower()), name[1:].lower(), value)
        case _:
            _refuse("Invalid Condition.")


def _size(stated: object) -> int:
    """A number of bytes; some clients write it as a string."""
    if isinstance(stated, str) and stated.isascii() and stated.isdigit() and len(stated) < 20:
        stated = int(stated)
    if not isinstance(stated, int) or isinstance(stated, bool) or not 0 <= stated <= _LARGEST:
        _refuse("Invalid content-length-range.")
    return stated


def _expiration(stated: object) -> datetime:
    if not isinstance(stated, str):
        _refuse("Policy missing expiration.")
    if not _EXPIRATION.fullmatch(stated):
        _refuse("Invalid 'expiration' value.")
    try:
        return datetime.fromisoformat(stated).astimezone(UTC)
    except ValueError:
        _refuse("Invalid 'expiration' value.")


def _refuse(what: str) -> NoReturn:
    raise AuthError(AuthCode.INVALID_POLICY_DOCUMENT, f"Invalid Policy: {what}")


def _deny(what: str) -> NoReturn:
    raise AuthError(AuthCode.ACCESS_DENIED, f"Invalid according to Policy: {what}")
