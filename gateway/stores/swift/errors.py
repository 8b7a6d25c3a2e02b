"""What an answer of Swift means in the terms of the Store contract: one table, status by status."""

from collections.abc import Callable, Mapping

from gateway.core.errors import (
    BadDigest,
    BadRequest,
    Busy,
    ConditionFailed,
    CredentialsRefused,
    Denied,
    IncompleteBody,
    NotEmpty,
    NotFound,
    NotModified,
    OutOfSpace,
    QuotaExceeded,
    StoreError,
    TooLarge,
    Unavailable,
    Unsupported,
)
from gateway.core.faults import UNTAKEN, retry_after

Headers = Mapping[str, str]


FAILURES: Mapping[int, Callable[[], StoreError]] = {
    304: NotModified,
    400: lambda: BadRequest("The upstream takes the request for invalid"),
    401: CredentialsRefused,
    403: Denied,
    404: NotFound,
    405: Unsupported,
    408: lambda: Unavailable("The upstream waited too long for the request"),
    409: NotEmpty,
    411: lambda: Unsupported("The upstream takes no bodies of unknown length"),
    412: ConditionFailed,
    413: TooLarge,
    414: lambda: BadRequest("The name is too long for the upstream"),
    422: BadDigest,
    499: IncompleteBody,
    501: Unsupported,
    507: OutOfSpace,
}
"""Anything else is `Unavailable`; a quota that is used up answers 413 with a word of it."""


def failure(status: int, headers: Headers, text: bytes = b"") -> StoreError:
    """The error that an answer stands for."""
    if status in UNTAKEN:
        seconds = retry_after(headers)
        return Busy(retry_after=1.0 if seconds is None else seconds)
    if status == 413 and b"quota" in text.lower():
        return QuotaExceeded()
    known = FAILURES.get(status)
    return Unavailable(f"The upstream answered {status}") if known is None else known()
