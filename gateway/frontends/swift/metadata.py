"""Users' metadata in headers: `X-<Account|Container|Object>-Meta-<name>`, and the headers that remove it."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from gateway.frontends.swift.constraints import check_headers, check_merged, check_metadata, check_utf8

Pairs = Iterable[tuple[str, str]]

OWNER_ONLY = frozenset({"temp-url-key", "temp-url-key-2"})
"""Metadata of accounts and containers that is a secret of whoever administers them."""


class Kind(StrEnum):
    """What metadata belongs to."""

    ACCOUNT = "account"
    CONTAINER = "container"
    OBJECT = "object"


def of_object(headers: Pairs) -> dict[str, str]:
    """The metadata that a request gives an object, by lower-case names. Raises `Refusal` (400) over a limit."""
    entries = _joined(_entries(headers, Kind.OBJECT))
    return {name: legible(value) for name, value in entries.items()}


def changes(headers: Pairs, kind: Kind, *, owner: bool = True) -> dict[str, str | None]:
    """What a request does to the metadata of an account or container: `None` removes. Raises `Refusal` (400).

    What is the owner's alone is left as it is by others.
    """
    removing = f"x-remove-{kind}-meta-"
    removed = (name.lower() for name, _ in headers)
    result: dict[str, str | None] = {
        name.removeprefix(removing): None for name in removed if name.startswith(removing) and name != removing
    }
    for name, value in _joined(_entries(headers, kind)).items():
        check_utf8(name)
        check_utf8(value)
        result[name] = value or None
    return result if owner else {name: value for name, value in result.items() if name not in OWNER_ONLY}


def merge(current: Mapping[str, str], changed: Mapping[str, str | None]) -> dict[str, str]:
    """The metadata after a change. Raises `Refusal` (400) where it would be too much in all."""
    merged = {name: value for name, value in {**current, **changed}.items() if value is not None}
    check_merged(merged)
    return merged


def shown(metadata: Mapping[str, str], kind: Kind, *, owner: bool = True) -> Iterator[tuple[str, str]]:
    """Metadata as headers; the secret ones are for the owner only."""
    prefix = f"X-{kind.title()}-Meta-"
    for name, value in metadata.items():
        if owner or name not in OWNER_ONLY:
            yield prefix + name.title(), value


def legible(value: str) -> str:
    """The value of a header as text.

    Swift keeps values that are not UTF-8 as the bytes they are. Here they are taken for ISO-8859-1, which is what HTTP
    meant by such bytes (RFC 9110, 5.5), since the other protocols have to tell them too.
    """
    if value.isascii():
        return value
    raw = value.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _entries(headers: Pairs, kind: Kind) -> list[tuple[str, str]]:
    prefix = f"x-{kind}-meta-"
    start = len(prefix)
    entries = [(lower[start:], value) for name, value in headers if (lower := name.lower()).startswith(prefix)]
    check_headers(headers)
    check_metadata(entries, prefix)
    return entries


def _joined(entries: Pairs) -> dict[str, str]:
    """Headers that were sent more than once are one, with commas (RFC 9110, 5.3)."""
    joined: dict[str, str] = {}
    for name, value in entries:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
