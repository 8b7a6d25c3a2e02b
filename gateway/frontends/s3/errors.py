"""S3's errors: their codes, their document, and the one total table from `StoreError` to them.

Source: "Error responses" in the Amazon S3 API Reference, and what S3 is seen to answer.
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import TypeVar

from gateway.auth.errors import AuthError
from gateway.core import errors as core
from gateway.core.versions import NULL, VERSIONS_LEFT
from gateway.frontends.http.headers import http_date
from gateway.frontends.s3.codes import BY_NAME, Code
from gateway.frontends.s3.text import DECLARATION, escape, legible

E = TypeVar("E", bound=core.StoreError)


class S3Error(Exception):
    """A request that is refused or has failed, as the client is told.

    `elements` are further elements of the error document (`BucketName`, `Key`, `ArgumentName`); `headers` go with it.
    """

    def __init__(
        self, code: Code, message: str | None = None, *, headers: Mapping[str, str] | None = None, **elements: str
    ) -> None:
        super().__init__(message or code.text)
        self.code = code
        self.headers: Mapping[str, str] = headers or {}
        self.elements: Mapping[str, str] = elements

    @property
    def message(self) -> str:
        return str(self.args[0])

    @property
    def status(self) -> int:
        return self.code.status


class BucketForbidden(S3Error):
    """A bucket that is not empty, as nova's S3 server speaks of it."""

    def __init__(self, bucket: str) -> None:
        super().__init__(Code.BUCKET_NOT_EMPTY, BucketName=bucket)

    @property
    def status(self) -> int:
        return 403


class BadBody(core.BadRequest):
    """A body that is refused while it streams, for a reason that S3 has a code of its own for."""

    def __init__(self, code: Code, message: str | None = None) -> None:
        super().__init__(message or code.text)
        self.code = code


def error_xml(error: S3Error, *, resource: str, request_id: str, host_id: str) -> bytes:
    """The error document, which every parser can read. Empty for `NotModified`, which has no body."""
    if error.code is Code.NOT_MODIFIED:
        return b""
    elements = {
        "Code": error.code.value,
        "Message": error.message,
        **error.elements,
        "Resource": resource,
        "RequestId": request_id,
        "HostId": host_id,
    }
    inner = "".join(f"<{name}>{escape(legible(value))}</{name}>" for name, value in elements.items())
    return DECLARATION + f"<Error>{inner}</Error>".encode()


def of_auth(error: AuthError) -> S3Error:
    """What S3 says of credentials that don't hold."""
    return S3Error(BY_NAME[error.code.value], error.message, headers=None, **error.elements)


def of_store(error: core.StoreError) -> S3Error:
    """What S3 says of an error of the store. Total: a class that the table lacks counts as its nearest base."""
    kind = next(base for base in type(error).__mro__ if base in STORE_ERRORS)
    return STORE_ERRORS[kind](error)


Tell = Callable[[core.StoreError], S3Error]


def _as(code: Code) -> Tell:
    """The store's own message under `code`."""
    return lambda error: S3Error(code, error.message)


def _plain(code: Code) -> Tell:
    """S3's usual message: the store's would tell more than the client needs."""
    return lambda _: S3Error(code)


def _of(kind: type[E], tell: Callable[[E], S3Error]) -> Tell:
    def narrowed(error: core.StoreError) -> S3Error:
        if not isinstance(error, kind):
            raise TypeError(kind)
        return tell(error)

    return narrowed


def _condition(error: core.ConditionFailed) -> S3Error:
    return S3Error(Code.NO_SUCH_KEY if error.missing else Code.PRECONDITION_FAILED)


def _marker(error: core.DeleteMarker) -> S3Error:
    headers = {"x-amz-delete-marker": "true", "x-amz-version-id": error.version or NULL}
    if not error.named:
        return S3Error(Code.NO_SUCH_KEY, headers=headers)
    headers |= {"Last-Modified": http_date(error.modified), "Allow": "DELETE"}
    return S3Error(Code.METHOD_NOT_ALLOWED, headers=headers, ResourceType="DeleteMarker")


def _version(_: core.StoreError) -> S3Error:
    return S3Error(Code.INVALID_ARGUMENT, "Invalid version id specified", ArgumentName="versionId")


def _not_empty(error: core.StoreError) -> S3Error:
    """A bucket that only looks empty is a riddle to who would delete it."""
    code = Code.BUCKET_NOT_EMPTY
    return S3Error(code, f"{code.text}. {error.message}." if error.message == VERSIONS_LEFT else None)


def _locked(error: core.StoreError) -> S3Error:
    """The usual words, which clients may look for, and behind them why."""
    return S3Error(Code.ACCESS_DENIED, f"Access Denied because object protected by object lock. {error.message}.")


def _range(error: core.BadRange) -> S3Error:
    return S3Error(
        Code.INVALID_RANGE, headers={"Content-Range": f"bytes */{error.size}"}, ActualObjectSize=str(error.size)
    )


def _digest(error: core.BadDigest) -> S3Error:
    if error.algorithm == "md5":
        return S3Error(Code.BAD_DIGEST)
    name = error.algorithm.upper()
    return S3Error(Code.BAD_DIGEST, f"The {name} you specified did not match the calculated checksum.")


def _busy(error: core.Busy) -> S3Error:
    return S3Error(Code.SLOW_DOWN, headers={"Retry-After": str(ceil(error.retry_after))})


def _bad_body(error: BadBody) -> S3Error:
    return S3Error(error.code, error.message)


STORE_ERRORS: Mapping[type, Tell] = {
    core.StoreError: _plain(Code.INTERNAL_ERROR),
    core.NotFound: _plain(Code.NO_SUCH_KEY),
    core.NoSuchAccount: _plain(Code.NO_SUCH_KEY),
    core.NoSuchBucket: _plain(Code.NO_SUCH_BUCKET),
    core.NoSuchKey: _plain(Code.NO_SUCH_KEY),
    core.DeleteMarker: _of(core.DeleteMarker, _marker),
    core.NoSuchVersion: _plain(Code.NO_SUCH_VERSION),
    core.NoSuchUpload: _plain(Code.NO_SUCH_UPLOAD),
    core.AlreadyExists: _plain(Code.BUCKET_ALREADY_EXISTS),
    core.NotEmpty: _not_empty,
    core.ConditionFailed: _of(core.ConditionFailed, _condition),
    core.NotModified: _plain(Code.NOT_MODIFIED),
    core.BadRange: _of(core.BadRange, _range),
    core.BrokenSegment: _as(Code.OPERATION_ABORTED),
    core.DanglingLink: _as(Code.NO_SUCH_KEY),
    core.BrokenLink: _as(Code.OPERATION_ABORTED),
    core.BadRequest: _as(Code.INVALID_REQUEST),
    core.BadDigest: _of(core.BadDigest, _digest),
    core.IncompleteBody: _plain(Code.INCOMPLETE_BODY),
    core.BodyTimeout: _plain(Code.REQUEST_TIMEOUT),
    core.InvalidName: _as(Code.INVALID_ARGUMENT),
    core.KeyRequired: _as(Code.INVALID_REQUEST),
    core.KeyRefused: _as(Code.INVALID_REQUEST),
    core.InvalidVersion: _version,
    core.IsADirectory: _as(Code.INVALID_REQUEST),
    core.NotADirectory: _as(Code.INVALID_REQUEST),
    core.InvalidPart: _plain(Code.INVALID_PART),
    core.InvalidPartOrder: _plain(Code.INVALID_PART_ORDER),
    core.RetentionOver: _as(Code.INVALID_ARGUMENT),
    core.LocksOff: _as(Code.INVALID_REQUEST),
    core.PartTooSmall: _plain(Code.ENTITY_TOO_SMALL),
    core.TooLarge: _as(Code.ENTITY_TOO_LARGE),
    core.LocksOn: _as(Code.INVALID_BUCKET_STATE),
    core.VersioningOff: _as(Code.INVALID_BUCKET_STATE),
    core.VersionsArchived: _as(Code.INVALID_BUCKET_STATE),
    core.NotArchived: _as(Code.INVALID_BUCKET_STATE),
    core.QuotaExceeded: _plain(Code.QUOTA_EXCEEDED),
    core.OutOfSpace: _plain(Code.INSUFFICIENT_STORAGE),
    core.Denied: _plain(Code.ACCESS_DENIED),
    core.Locked: _locked,
    core.ReadOnly: _as(Code.ACCESS_DENIED),
    core.LoginExpired: _plain(Code.INVALID_ACCESS_KEY_ID),
    core.Unsupported: _as(Code.NOT_IMPLEMENTED),
    core.Corrupt: _plain(Code.INTERNAL_ERROR),
    core.Unavailable: _plain(Code.SERVICE_UNAVAILABLE),
    core.CredentialsRefused: _plain(Code.SERVICE_UNAVAILABLE),
    core.DeadlineExceeded: _plain(Code.SERVICE_UNAVAILABLE),
    core.Busy: _of(core.Busy, _busy),
    BadBody: _of(BadBody, _bad_body),
}
