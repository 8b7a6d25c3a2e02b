"""Which names a store takes. Frontends may be stricter, never laxer."""

import re

from gateway.core.errors import InvalidName
from gateway.core.types import Key

MAX_BUCKET_BYTES = 256
MAX_KEY_BYTES = 1024

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_bucket(name: str) -> str:
    """Return `name`, or raise `InvalidName`: 1 to 256 bytes of UTF-8 without `/`, NUL and other control characters."""
    _check(name, MAX_BUCKET_BYTES, "bucket")
    if "/" in name or name in {".", ".."}:
        raise InvalidName("A bucket's name must not be '.' or '..' and must not contain '/'")
    if _CONTROL.search(name):
        raise InvalidName("A bucket's name must not contain control characters")
    return name


def check_key(name: str) -> str:
    """Return `name`, or raise `InvalidName`: 1 to 1,024 bytes of UTF-8, no NUL, no segment that is `.` or `..`."""
    _check(name, MAX_KEY_BYTES, "object")
    if "." in name and not {".", ".."}.isdisjoint(name.split("/")):
        raise InvalidName("An object's name must not have '.' or '..' between slashes")
    return name


def checked_key(key: Key) -> Key:
    """Return `key`, or raise `InvalidName`, as `check_bucket` and `check_key` do."""
    check_bucket(key.bucket)
    check_key(key.name)
    return key


def _check(name: str, limit: int, what: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidName(f"The {what} name is not valid UTF-8") from None
    if not size:
        raise InvalidName(f"The {what} name is empty")
    if size > limit:
        raise InvalidName(f"The {what} name is longer than {limit} bytes")
    if "\0" in name:
        raise InvalidName(f"The {what} name contains a NUL")
