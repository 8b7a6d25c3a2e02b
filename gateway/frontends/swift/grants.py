"""Access lists in headers: `X-Container-Read` and `X-Container-Write`, and `X-Account-Access-Control`; and the key
`X-Container-Sync-Key`, which is kept for whoever set it: nothing is synchronised here.

They are the owner's: whoever is let in by a list neither sees nor sets one, as in Swift.
"""

from collections.abc import Mapping

from gateway.auth import accountacl, containeracl, rules
from gateway.auth.accountacl import ACCESS_CONTROL
from gateway.auth.containeracl import Kind
from gateway.core.buckets import AccountMeta, BucketMeta
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.metadata import legible

Headers = Mapping[str, str]
Changes = dict[str, str | None]

_OF_CONTAINER: Mapping[Kind, str] = {Kind.READ: "X-Container-Read", Kind.WRITE: "X-Container-Write"}
_SYNC_KEY = "X-Container-Sync-Key"
SYNC_KEY = "swift:sync-key"
_OF_ACCOUNT = "X-Account-Access-Control"


def of_container(headers: Headers, *, owner: bool) -> Changes:
    """What a request does to the lists and the key of a container; None removes. Raises `Refusal` (400)."""
    changes: Changes = {}
    if not owner:
        return changes
    if (key := _stated(headers, _SYNC_KEY)) is not None:
        changes[SYNC_KEY] = legible(key) or None
    for kind, header in _OF_CONTAINER.items():
        if (value := _stated(headers, header)) is None:
            continue
        try:
            changes[kind] = containeracl.clean(kind, legible(value)) or None
        except ValueError as error:
            raise Refusal(400, str(error)) from None
    return changes


def _stated(headers: Headers, name: str) -> str | None:
    """The value of a header, or an empty one where it is to be removed; None where nothing is said of it."""
    value = headers.get(name)
    return "" if value is None and headers.get(name.replace("X-", "X-Remove-", 1)) else value


def check_public(changes: Changes, bucket: BucketMeta) -> None:
    """Raise `Refusal` (403) for a list that opens a bucket whose public access is blocked."""
    value = changes.get(Kind.READ)
    if value and rules.of_bucket(bucket).block.block_acls and containeracl.is_public(value):
        raise Refusal(403, "Public access to this container is blocked")


def of_account(headers: Headers, *, owner: bool) -> Changes:
    """What a request does to the list of an account; None removes. Raises `Refusal` (400), whoever asks."""
    value = headers.get(_OF_ACCOUNT)
    if value is None:
        return {}
    value = legible(value)
    try:
        cleaned = accountacl.clean(value)
    except ValueError as error:
        raise Refusal(400, f"{_OF_ACCOUNT} invalid: {error}\n\nInput: {value}\n") from None
    return {ACCESS_CONTROL: cleaned or None} if owner else {}


def of_bucket(found: BucketMeta) -> list[tuple[str, str]]:
    """The headers that tell an owner the lists and the key of a container."""
    kept = (*_OF_CONTAINER.items(), (SYNC_KEY, _SYNC_KEY))
    return [(header, found.system[name]) for name, header in kept if name in found.system]


def shown(found: AccountMeta) -> list[tuple[str, str]]:
    """The headers that tell an owner the list of an account."""
    return [(_OF_ACCOUNT, found.system[ACCESS_CONTROL])] if ACCESS_CONTROL in found.system else []
