"""Whether a policy makes something public.

Source: "The meaning of 'public'" in "Blocking public access to your Amazon S3 storage", Amazon S3 User Guide.
"""

from ipaddress import ip_network

from gateway.auth.policy.conditions import Condition, Quantifier
from gateway.auth.policy.document import Effect, Policy, Statement

_NARROWING = frozenset({"aws:principalaccount", "aws:principalarn", "aws:sourceip", "aws:userid", "aws:username"})
"""Keys whose fixed values make a grant to everybody one to somebody."""

_FIXING = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"})
_WIDEST = {4: 8, 6: 32}
"""Bits of a network's prefix; a wider network is everybody."""


def is_public(policy: Policy) -> bool:
    """Whether some statement grants something to everybody."""
    return any(_opens(statement) for statement in policy.statements)


def _opens(statement: Statement) -> bool:
    if statement.effect is not Effect.ALLOW:
        return False
    to_all = any(who.anybody for who in statement.principals)
    return to_all and not any(_narrows(condition) for condition in statement.conditions)


def _narrows(condition: Condition) -> bool:
    if condition.key not in _NARROWING or condition.operator not in _FIXING or condition.if_exists:
        return False
    if condition.quantifier is Quantifier.ALL:
        return False
    return all(_is_fixed(condition, value) for value in condition.values)


def _is_fixed(condition: Condition, value: str) -> bool:
    if any(sign in value for sign in "*?") or "${" in value:
        return False
    if condition.operator == "IpAddress":
        network = ip_network(value, strict=False)
        return network.prefixlen >= _WIDEST[network.version]
    return True
