"""What an answer of Swift means in the terms of the Store contract: one table, status by status."""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from time import time

from gateway.core.errors import (
    BadDigest,
    BadRequest,
    Busy,
    ConditionFailed,
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

Headers = Mapping[str, str]

TRANSIENT = frozenset({408, 429, 498, 500, 502, 503, 504})
"""Answers after which the same request may succeed."""

UNTAKEN = frozenset({429, 498})
"""Those of them by which the upstream says that it has done nothing at all."""

_REFUSED = "The upstream refuses the gateway's credentials"

FAILURES: Mapping[int, Callable[[], StoreError]] = {
    304: NotModified,
    400: lambda: BadRequest("The upstream takes the request for invalid"),
    401: lambda: Unavailable(_REFUSED, retryable=False),
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
        return Busy(retry_after=retry_after(headers) or 1.0)
    if status == 413 and b"quota" in text.lower():
        return QuotaExceeded()
    known = FAILURES.get(status)
    return Unavailable(f"The upstream answered {status}") if known is None else known()


def is_doubtful(error: StoreError) -> bool:
    """The upstream may have done what it was asked, or may do it yet."""
    return isinstance(error, Unavailable) and not isinstance(error, Busy)


def retry_after(headers: Headers) -> float | None:
    """Seconds that the answer asks to wait (RFC 9110, 10.2.3); None where it says nothing that can be understood."""
    stated = headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:9])
    try:
        return max(0.0, parsedate_to_datetime(stated).timestamp() - time())
    except (ValueError, TypeError):
        return None
