"""The Condition element: operators over what is known of a request.

Source: "IAM JSON policy elements: Condition operators" and "Multivalued context keys" in the IAM User Guide.
"""

import operator
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from ipaddress import ip_address, ip_network

from gateway.auth.policy.patterns import Values, matches, resolve

Test = Callable[[str, str, Values], bool]
"""Whether a value that a request has (first) is what a policy's value (second) asks for. Raises `ValueError`."""

NULL = "Null"


class Quantifier(Enum):
    """How an operator takes a key that has many values."""

    PLAIN = ""
    ANY = "ForAnyValue"
    ALL = "ForAllValues"


@dataclass(frozen=True, slots=True)
class _Kind:
    """An operator. `negated`: it holds where its test doesn't. `check` raises `ValueError` for a policy's bad value."""

    test: Test
    check: Callable[[str], object] = str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with one key. `key` is folded; `if_exists`: it also holds where the request has no such key."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Quantifier = Quantifier.PLAIN
    if_exists: bool = False

    def holds(self, known: Values) -> bool:
        """Whether the condition is met by what is known of a request."""
        found = known.get(self.key)
        if self.operator == NULL:
            return any((value.lower() == "true") is (found is None) for value in self.values)
        kind = _KINDS[self.operator]
        if found is None:
            return self.if_exists or self.quantifier is Quantifier.ALL or self._absent(kind)
        if self.quantifier is Quantifier.ALL:
            return all(self._meets(kind, value, known) for value in found)
        if self.quantifier is Quantifier.ANY or not kind.negated:
            return any(self._meets(kind, value, known) for value in found)
        return all(self._meets(kind, value, known) for value in found)

    def _absent(self, kind: _Kind) -> bool:
        """A key that is not there differs from every value; of many values, none is there that could differ."""
        return kind.negated and self.quantifier is Quantifier.PLAIN

    def _meets(self, kind: _Kind, value: str, known: Values) -> bool:
        return any(_holds(kind.test, value, wanted, known) for wanted in self.values) is not kind.negated


def _holds(test: Test, value: str, wanted: str, known: Values) -> bool:
    """What a client sends may be no number, date or address at all; it then is none of those wanted."""
    try:
        return test(value, wanted, known)
    except ValueError:
        return False


def parse_condition(name: str, key: str, values: tuple[str, ...]) -> Condition:
    """A condition, from the operator's full name. `key` is folded. Raises `ValueError`; its text is for the client."""
    prefix, colon, rest = name.rpartition(":")
    quantifier = Quantifier(prefix) if colon and prefix in _QUANTIFIERS else Quantifier.PLAIN
    stem = rest.removesuffix("IfExists")
    if (colon and quantifier is Quantifier.PLAIN) or (stem not in _KINDS and rest != NULL):
        raise ValueError(f"Invalid Condition type : {name}")
    for value in values:
        try:
            if "${" not in value:
                _CHECKS[stem](value)
        except ValueError:
            raise ValueError(f"Invalid value for the condition {name} on {key}") from None
    return Condition(stem, key, values, quantifier, stem != rest)


_QUANTIFIERS = frozenset({Quantifier.ANY.value, Quantifier.ALL.value})


def _text(value: str, wanted: str, known: Values) -> bool:
    return value == resolve(wanted, known)


def _text_of_any_case(value: str, wanted: str, known: Values) -> bool:
    resolved = resolve(wanted, known)
    return resolved is not None and value.casefold() == resolved.casefold()


def _like(value: str, wanted: str, known: Values) -> bool:
    return matches(wanted, value, known)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite():
        raise ValueError(text)
    return number


_SECONDS = re.compile(r"\d{1,11}", re.ASCII)


def _date(text: str) -> datetime:
    """A moment in ISO 8601, or in seconds since the epoch."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bool(text: str) -> bool:
    lower = text.lower()
    if lower not in {"true", "false"}:
        raise ValueError(text)
    return lower == "true"


def _same_bool(value: str, wanted: str, known: Values) -> bool:
    return _bool(value) is _bool(wanted)


def _binary(text: str) -> bytes:
    return b64decode(text, validate=True)


def _same_bytes(value: str, wanted: str, known: Values) -> bool:
    return _binary(value) == _binary(wanted)


def _network(text: str) -> object:
    return ip_network(text, strict=False)


def _within(value: str, wanted: str, known: Values) -> bool:
    address = ip_address(value)
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address in ip_network(wanted, strict=False)


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> Test:
    return lambda value, wanted, known: compare(_number(value), _number(wanted))


def _dated(compare: Callable[[datetime, datetime], bool]) -> Test:
    return lambda value, wanted, known: compare(_date(value), _date(wanted))


_ORDERS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}

_KINDS: Mapping[str, _Kind] = {
    "StringEquals": _Kind(_text),
    "StringNotEquals": _Kind(_text, negated=True),
    "StringEqualsIgnoreCase": _Kind(_text_of_any_case),
    "StringNotEqualsIgnoreCase": _Kind(_text_of_any_case, negated=True),
    "StringLike": _Kind(_like),
    "StringNotLike": _Kind(_like, negated=True),
    "ArnEquals": _Kind(_like),
    "ArnLike": _Kind(_like),
    "ArnNotEquals": _Kind(_like, negated=True),
    "ArnNotLike": _Kind(_like, negated=True),
    "Bool": _Kind(_same_bool, _bool),
    "BinaryEquals": _Kind(_same_bytes, _binary),
    "IpAddress": _Kind(_within, _network),
    "NotIpAddress": _Kind(_within, _network, negated=True),
    **{f"Numeric{name}": _Kind(_numeric(order), _number) for name, order in _ORDERS.items()},
    "NumericNotEquals": _Kind(_numeric(operator.eq), _number, negated=True),
    **{f"Date{name}": _Kind(_dated(order), _date) for name, order in _ORDERS.items()},
    "DateNotEquals": _Kind(_dated(operator.eq), _date, negated=True),
}

_CHECKS: Mapping[str, Callable[[str], object]] = {
    NULL: _bool,
    **{name: kind.check for name, kind in _KINDS.items()},
}
