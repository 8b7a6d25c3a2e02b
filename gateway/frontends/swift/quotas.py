"""The headers that set and show quotas, as OpenStack Swift's `container_quotas` and `account_quotas` have them."""

from collections.abc import Iterable, Iterator, Mapping

from gateway.core import quotas
from gateway.core.buckets import DEFAULT_POLICY, AccountMeta
from gateway.frontends.swift.errors import Refusal

_KINDS = {quotas.BYTES: "bytes", quotas.COUNT: "count"}

_OF_ACCOUNT = {
    "Quota-Bytes": quotas.ACCOUNT_BYTES,
    "Quota-Count": quotas.ACCOUNT_COUNT,
    f"Quota-Bytes-Policy-{DEFAULT_POLICY}": quotas.ACCOUNT_BYTES + quotas.POLICY,
    f"Quota-Count-Policy-{DEFAULT_POLICY}": quotas.ACCOUNT_COUNT + quotas.POLICY,
}

_LEGACY = {"Quota-Bytes": ("Meta-Quota-Bytes",)}
"""What quotas were called once."""


def check_container(changes: Mapping[str, str | None]) -> None:
    """Raise `Refusal` (400) for a change of metadata that sets a quota to what is no number."""
    for name, what in _KINDS.items():
        value = changes.get(name)
        if value is not None and not quotas.is_number(value):
            raise Refusal(400, f"Invalid {what} quota.")


def of_account(headers: Mapping[str, str], *, operator: bool) -> dict[str, str | None]:
    """The change of an account's quotas that a request asks for; `None` removes.

    Raises `Refusal`: 403 for whoever is no operator, 400 for what is no number.
    """
    changes: dict[str, str | None] = {}
    for name, prop in _OF_ACCOUNT.items():
        removing, value = _asked(headers, (name, *_LEGACY.get(name, ())))
        if removing or value is not None:
            changes[prop] = None if removing else value or None
    if changes and not operator:
        raise Refusal(403)
    if any(value is not None and not quotas.is_number(value) for value in changes.values()):
        raise Refusal(400)
    return changes


def shown(account: AccountMeta) -> Iterator[tuple[str, str]]:
    """The quotas of an account, which whoever may look at it sees."""
    for name, prop in _OF_ACCOUNT.items():
        if prop in account.system:
            yield f"X-Account-{name}", account.system[prop]


def _asked(headers: Mapping[str, str], names: Iterable[str]) -> tuple[bool, str | None]:
    """Whether a quota is to be removed, and else what it is to be. `names`: the first that is there counts."""
    removing = any(headers.get(f"X-Remove-Account-{name}") for name in names)
    return removing, next((headers[f"X-Account-{name}"] for name in names if f"X-Account-{name}" in headers), None)
