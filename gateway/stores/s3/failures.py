"""What became of a request that failed: one table from S3's codes, and what botocore raises, to store errors.

Source: "Error responses" in the Amazon S3 API Reference. A HEAD has no body; its code is the status.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    SSLError,
)

from gateway.core.errors import (
    AlreadyExists,
    BadDigest,
    BadRange,
    BadRequest,
    Busy,
    ConditionFailed,
    CredentialsRefused,
    DeleteMarker,
    Denied,
    IncompleteBody,
    InvalidName,
    InvalidPart,
    InvalidPartOrder,
    InvalidVersion,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NoSuchVersion,
    NotEmpty,
    NotModified,
    OutOfSpace,
    PartTooSmall,
    QuotaExceeded,
    StoreError,
    TooLarge,
    Unavailable,
    Unsupported,
)
from gateway.core.faults import retry_after
from gateway.core.versions import NULL
from gateway.stores.s3.answer import parse_time

MAX_RETRY_AFTER = 60.0
"""Seconds; a remote that asks for more is not believed."""

_CODES: Mapping[str, Callable[[], StoreError]] = {
    "AccessDenied": Denied,
    "AccountProblem": Denied,
    "AllAccessDisabled": Denied,
    "BadDigest": BadDigest,
    "BucketAlreadyExists": AlreadyExists,
    "BucketAlreadyOwnedByYou": AlreadyExists,
    "BucketNotEmpty": NotEmpty,
    "ConditionalRequestConflict": ConditionFailed,
    "EntityTooLarge": TooLarge,
    "EntityTooSmall": PartTooSmall,
    "IncompleteBody": IncompleteBody,
    "InvalidArgument": BadRequest,
    "InvalidBucketName": InvalidName,
    "InvalidDigest": BadDigest,
    "InvalidPart": InvalidPart,
    "InvalidPartOrder": InvalidPartOrder,
    "InvalidRange": lambda: BadRange(0),
    "InvalidURI": InvalidName,
    "KeyTooLongError": InvalidName,
    "MetadataTooLarge": lambda: BadRequest("The metadata is larger than the store allows"),
    "MethodNotAllowed": Unsupported,
    "NoSuchBucket": NoSuchBucket,
    "NoSuchKey": NoSuchKey,
    "NoSuchUpload": NoSuchUpload,
    "NoSuchVersion": NoSuchVersion,
    "NotImplemented": Unsupported,
    "NotModified": NotModified,
    "PreconditionFailed": ConditionFailed,
    "QuotaExceeded": QuotaExceeded,
    "TooManyBuckets": lambda: QuotaExceeded("The account can't have more buckets"),
    "XMinioStorageFull": OutOfSpace,
}
_BUSY = frozenset({"SlowDown", "RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequests"})
_REFUSED = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
"""The credentials that the gateway was given don't hold: that is the operator's affair, not the client's."""

_STATUS: Mapping[int, Callable[[], StoreError]] = {
    304: NotModified,
    400: BadRequest,
    401: Denied,
    403: Denied,
    404: NoSuchKey,
    405: Unsupported,
    409: lambda: Unavailable("The store is changing what was asked for; try again"),
    411: lambda: BadRequest("The store needs to know the length"),
    412: ConditionFailed,
    413: TooLarge,
    416: lambda: BadRange(0),
    431: lambda: BadRequest("The metadata is larger than the store allows"),
    501: Unsupported,
    507: OutOfSpace,
}


def store_error(error: BotoCoreError | ClientError) -> StoreError:
    """What a failed request means to whoever called the store. The remote's own texts go no further."""
    if isinstance(error, ClientError):
        return refusal(error.response)
    if isinstance(error, ParamValidationError):
        return InvalidName("The store behind this gateway does not take such a name")
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return Unavailable("The gateway has no credentials for the store", retryable=False)
    if isinstance(error, SSLError):
        return Unavailable("The store's certificate is not trusted", retryable=False)
    return Unavailable()


def refusal(response: Mapping[str, Any]) -> StoreError:
    """An error answer of the remote, or a row of one, as a store error."""
    code = str(response.get("Error", {}).get("Code", ""))
    metadata = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    if code in _BUSY or status in {429, 503}:
        return Busy(retry_after=_retry_after(metadata.get("HTTPHeaders", {})))
    if code in _REFUSED:
        return CredentialsRefused()
    headers = metadata.get("HTTPHeaders", {})
    if status in {404, 405} and headers.get("x-amz-delete-marker") == "true":
        return _marker(headers, named=status == 405)
    make = _CODES.get(code) or _STATUS.get(status)
    return make() if make else Unavailable()


def of_version(error: StoreError, version: str | None) -> StoreError:
    """The same error of a request that named a version: S3 calls a malformed id an invalid argument."""
    return InvalidVersion() if version is not None and type(error) is BadRequest else error


def _marker(headers: Mapping[str, str], *, named: bool) -> DeleteMarker:
    version = headers.get("x-amz-version-id", NULL)
    try:
        modified = parse_time(headers["last-modified"])
    except (KeyError, ValueError):
        modified = 0
    return DeleteMarker(version=None if version == NULL else version, modified=modified, named=named)


def is_uncertain(error: StoreError) -> bool:
    """Whether a request failed that had been sent before: what it met may be its own doing."""
    return error.attempts > 1


def _retry_after(headers: Mapping[str, str]) -> float:
    seconds = retry_after({"Retry-After": headers.get("retry-after", "")})
    return 1.0 if seconds is None else min(seconds, MAX_RETRY_AFTER)
