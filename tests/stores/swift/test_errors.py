"""What an answer of Swift means."""

import pytest

from gateway.core.errors import (
    BadDigest,
    BadRequest,
    Busy,
    ConditionFailed,
    CredentialsRefused,
    Denied,
    NotFound,
    NotModified,
    OutOfSpace,
    QuotaExceeded,
    StoreError,
    TooLarge,
    Unavailable,
    Unsupported,
)
from gateway.stores.swift.errors import failure

MEANINGS: dict[int, type[StoreError]] = {
    304: NotModified,
    400: BadRequest,
    401: CredentialsRefused,
    403: Denied,
    404: NotFound,
    405: Unsupported,
    412: ConditionFailed,
    413: TooLarge,
    422: BadDigest,
    429: Busy,
    498: Busy,
    500: Unavailable,
    501: Unsupported,
    503: Unavailable,
    507: OutOfSpace,
    599: Unavailable,
    302: Unavailable,
}


@pytest.mark.parametrize(("status", "error"), MEANINGS.items(), ids=str)
def test_every_status_has_a_meaning(status: int, error: type[StoreError]) -> None:
    assert type(failure(status, {})) is error


def test_a_quota_is_told_from_a_limit() -> None:
    assert isinstance(failure(413, {}, b"<p>Upload exceeds quota.</p>"), QuotaExceeded)


def test_when_to_come_again() -> None:
    busy = failure(429, {"Retry-After": "7"})
    assert isinstance(busy, Busy)
    assert busy.retry_after == 7
