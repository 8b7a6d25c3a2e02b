"""Bucket policies as JSON has them: parsed strictly, and applied to what somebody wants to do.

Source: "Grammar of the IAM JSON policy language" in the IAM User Guide. Nothing is passed over: a statement that is not
understood wholly could let in whom it was to keep out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn

from gateway.auth.policy.conditions import Condition, parse_condition
from gateway.auth.policy.names import ACTIONS, EXISTING_TAG, folded, is_key
from gateway.auth.policy.patterns import Values, matches
from gateway.auth.policy.principals import Who, parse_principal
from gateway.auth.principals import Principal

MAX_POLICY = 20 * 1024
"""Bytes that a policy may have."""

MAX_STATEMENTS = 200

ARN = "arn:aws:s3:::"

_VARIABLES_SINCE = "2012-10-17"
_VERSIONS = ("2008-10-17", _VARIABLES_SINCE)
_EVERY_ACTION = frozenset({"*", "s3:*"})

_Object = Mapping[str, object]


class MalformedPolicy(ValueError):
    """What is wrong with a policy, for the client."""


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wants to do, as policies see it. `action` is in lower case, `resource` an ARN."""

    principal: Principal
    action: str
    resource: str
    known: Values


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `principals`, `actions` and `resources` are those that it is about, or (`not_...`) all others.

    Actions are in lower case. `variables`: resources and conditions may have variables.
    """

    sid: str
    effect: Effect
    principals: tuple[Who, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    not_principals: bool = False
    not_actions: bool = False
    not_resources: bool = False
    variables: bool = True

    def applies(self, attempt: Attempt) -> bool:
        """Whether the statement is about `attempt`, and all of its conditions hold."""
        return (
            any(who.includes(attempt.principal) for who in self.principals) is not self.not_principals
            and any(_does(pattern, attempt.action) for pattern in self.actions) is not self.not_actions
            and self._covers(attempt) is not self.not_resources
            and all(condition.holds(attempt.known) for condition in self.conditions)
        )

    def _covers(self, attempt: Attempt) -> bool:
        values = attempt.known if self.variables else None
        return any(matches(pattern, attempt.resource, values) for pattern in self.resources)


def _does(pattern: str, action: str) -> bool:
    return pattern in _EVERY_ACTION or matches(pattern, action)


@dataclass(frozen=True, slots=True)
class Policy:
    """The statements of a bucket's policy."""

    statements: tuple[Statement, ...]

    def effect(self, attempt: Attempt) -> Statement | None:
        """The statement that decides: one that denies before any that allows; None where none is about it."""
        allowing = None
        for statement in self.statements:
            if (allowing is None or statement.effect is Effect.DENY) and statement.applies(attempt):
                if statement.effect is Effect.DENY:
                    return statement
                allowing = statement
        return allowing

    @property
    def looks_at_objects(self) -> bool:
        """Whether a condition asks for the tags that an object has."""
        return any(
            condition.key.startswith(EXISTING_TAG)
            for statement in self.statements
            for condition in statement.conditions
        )


@lru_cache(256)
def read(text: str) -> Policy:
    """A policy that was checked when it was put."""
    return parse(text)


def parse(text: str, bucket: str | None = None) -> Policy:
    """A policy from its JSON; one for `bucket` may speak of nothing else.

    Raises `MalformedPolicy`.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_POLICY:
        _refuse(f"Normalized policy document exceeds the maximum allowed size of {MAX_POLICY} bytes.")
    document = _document(text)
    _check_fields(document, {"Version", "Id", "Statement"})
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        _refuse("The policy must contain a valid version string")
    if not isinstance(document.get("Id", ""), str):
        _refuse("Id must be a string")
    stated = document.get("Statement")
    rows = stated if isinstance(stated, list) else [stated]
    if not rows or len(rows) > MAX_STATEMENTS:
        _refuse(f"A policy has 1 to {MAX_STATEMENTS} statements")
    try:
        policy = Policy(tuple(_statement(row, variables=version == _VARIABLES_SINCE) for row in rows))
    except MalformedPolicy:
        raise
    except ValueError as error:
        raise MalformedPolicy(str(error)) from None
    if bucket is not None:
        _check_resources(policy, bucket)
    return policy


def _document(text: str) -> _Object:
    try:
        document = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except MalformedPolicy:
        raise
    except (ValueError, RecursionError):
        _refuse("This policy contains invalid Json")
    if not isinstance(document, dict) or not text.startswith("{"):
        _refuse("Policies must be valid JSON and the first byte must be '{'")
    return document


def _distinct(pairs: Sequence[tuple[str, object]]) -> _Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("This policy contains a name twice")
    return found


def _no_constant(name: str) -> NoReturn:
    _refuse("This policy contains invalid Json")


def _check_fields(found: _Object, known: set[str]) -> None:
    if unknown := sorted(found.keys() - known):
        _refuse(f"Unknown field {unknown[0]}")


_PAIRS = ("Principal", "Action", "Resource")
_FIELDS = {"Sid", "Effect", "Condition", *_PAIRS, *(f"Not{name}" for name in _PAIRS)}


def _statement(row: object, *, variables: bool) -> Statement:
    if not isinstance(row, dict):
        _refuse("Missing required field Statement")
    _check_fields(row, _FIELDS)
    (principals, not_principals), (actions, not_actions), (resources, not_resources) = (
        _either(row, name) for name in _PAIRS
    )
    effect, sid = row.get("Effect"), row.get("Sid", "")
    if effect not in tuple(Effect):
        _refuse("Invalid effect: it is Allow or Deny")
    if not isinstance(sid, str):
        _refuse("Sid must be a string")
    if not_principals and effect == "Allow":
        _refuse("Allow with NotPrincipal is not allowed.")
    return Statement(
        sid,
        Effect(str(effect)),
        parse_principal(principals),
        tuple(_action(name) for name in _texts(actions, "Action")),
        tuple(_resource(name) for name in _texts(resources, "Resource")),
        _conditions(row.get("Condition", {})),
        not_principals,
        not_actions,
        not_resources,
        variables,
    )


def _either(row: _Object, name: str) -> tuple[object, bool]:
    """The element of that name or its opposite, and whether it is the opposite."""
    opposite = f"Not{name}"
    if (name in row) is (opposite in row):
        _refuse(f"Missing required field {name}" if name not in row else f"{name} and {opposite} exclude each other")
    return (row[name], False) if name in row else (row[opposite], True)


def _texts(stated: object, name: str) -> list[str]:
    found = stated if isinstance(stated, list) else [stated]
    texts = [text for text in found if isinstance(text, str) and text]
    if not texts or len(texts) != len(found):
        _refuse(f"{name} must be a string or a list of strings")
    return texts


def _action(name: str) -> str:
    pattern = name.lower()
    if pattern not in _EVERY_ACTION and not any(matches(pattern, action) for action in ACTIONS):
        _refuse("Policy has invalid action")
    return pattern


def _resource(name: str) -> str:
    if name != "*" and not name.startswith(ARN):
        _refuse("Policy has invalid resource")
    return name


def _conditions(stated: object) -> tuple[Condition, ...]:
    if not isinstance(stated, dict):
        _refuse("Condition must be an object")
    found = []
    for operator, keys in stated.items():
        if not isinstance(keys, dict):
            _refuse("Condition must be an object of objects")
        for key, values in keys.items():
            name = folded(key)
            if not is_key(name):
                _refuse(f"Policy has an invalid condition key: {key}")
            found.append(parse_condition(operator, name, _values(values)))
    return tuple(found)


def _values(stated: object) -> tuple[str, ...]:
    """The values of a condition as texts: JSON's numbers and booleans may stand for their own."""
    found = stated if isinstance(stated, list) else [stated]
    texts = []
    for value in found:
        if isinstance(value, bool):
            texts.append("true" if value else "false")
        elif isinstance(value, str | int | float):
            texts.append(str(value))
        else:
            _refuse("Condition values must be strings, numbers or booleans")
    if not texts:
        _refuse("A condition needs a value")
    return tuple(texts)


def _check_resources(policy: Policy, bucket: str) -> None:
    """Raise `MalformedPolicy` for a resource that is nothing of `bucket`."""
    for statement in policy.statements:
        for resource in statement.resources:
            stem = resource.removeprefix(ARN).partition("/")[0]
            if not matches(stem, bucket) and not ("${" in stem or stem.startswith("*")):
                _refuse("Policy has invalid resource")


def _refuse(message: str) -> NoReturn:
    raise MalformedPolicy(message)
