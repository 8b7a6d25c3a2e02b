"""The limits of names and metadata, as OpenStack Swift sets them (`swift.common.constraints`). Sizes in bytes."""

from collections.abc import Iterable, Mapping

from gateway.frontends.swift.errors import Refusal

MAX_META_COUNT = 90
MAX_META_NAME_LENGTH = 128
MAX_META_VALUE_LENGTH = 256
MAX_META_OVERALL_SIZE = 4096
MAX_HEADER_SIZE = 8192
MAX_ACCOUNT_NAME_LENGTH = 256
MAX_CONTAINER_NAME_LENGTH = 256
MAX_OBJECT_NAME_LENGTH = 1024

Pairs = Iterable[tuple[str, str]]


def length(text: str) -> int:
    """Bytes of a header's name or value as it was sent."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogateescape"))


def check_headers(headers: Pairs) -> None:
    """Raise `Refusal` (400) for a header whose value is too long."""
    for name, value in headers:
        if len(value) * 4 > MAX_HEADER_SIZE and length(value) > MAX_HEADER_SIZE:
            raise Refusal(400, f"Header value too long: {name[:MAX_META_NAME_LENGTH]}")


def check_metadata(entries: Pairs, prefix: str) -> None:
    """Raise `Refusal` (400) for metadata that a request must not carry. `prefix` is that of their headers."""
    size = 0
    for count, (name, value) in enumerate(entries, 1):
        if not name:
            raise Refusal(400, "Metadata name cannot be empty")
        size += length(name) + length(value)
        if length(name) > MAX_META_NAME_LENGTH:
            raise Refusal(400, f"Metadata name too long: {prefix}{name}")
        if length(value) > MAX_META_VALUE_LENGTH:
            raise Refusal(400, f"Metadata value longer than {MAX_META_VALUE_LENGTH}: {prefix}{name}")
        _check_totals(count, size)


def check_merged(metadata: Mapping[str, str]) -> None:
    """Raise `Refusal` (400) where the metadata of an account or container would be too much in all."""
    _check_totals(len(metadata), sum(length(name) + length(value) for name, value in metadata.items()))


def check_utf8(text: str) -> None:
    """Raise `Refusal` (400) where a name or value of metadata is not UTF-8."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise Refusal(400, "Metadata must be valid UTF-8")


def check_account_name(name: str) -> None:
    """Raise `Refusal` (400) for a name that is too long."""
    _check_name(name, "Account", MAX_ACCOUNT_NAME_LENGTH)


def check_container_name(name: str) -> None:
    """Raise `Refusal` (400) for a name that is too long."""
    _check_name(name, "Container", MAX_CONTAINER_NAME_LENGTH)


def check_object_name(name: str) -> None:
    """Raise `Refusal` (400) for a name that is too long."""
    _check_name(name, "Object", MAX_OBJECT_NAME_LENGTH)


def _check_totals(count: int, size: int) -> None:
    if count > MAX_META_COUNT:
        raise Refusal(400, f"Too many metadata items; max {MAX_META_COUNT}")
    if size > MAX_META_OVERALL_SIZE:
        raise Refusal(400, f"Total metadata too large; max {MAX_META_OVERALL_SIZE}")


def _check_name(name: str, what: str, limit: int) -> None:
    if (size := length(name)) > limit:
        raise Refusal(400, f"{what} name length of {size} longer than {limit}")
