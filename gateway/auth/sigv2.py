"""Verification of AWS Signature Version 2: the Authorization header and presigned URLs.

Source: "Signing and authenticating REST requests (AWS signature version 2)" in the Amazon S3 User Guide. Pure: no
server, and the clock is given. Old as it is, SDKs presign by it where the region is us-east-1.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from time import time

from gateway.auth import canonical
from gateway.auth.claim import Signed
from gateway.auth.errors import AuthCode, AuthError
from gateway.auth.principals import Registry, User
from gateway.auth.request import SignedRequest, parse_query
from gateway.auth.sigv4 import MAX_SKEW, UnknownKey, expired, skewed

_SCHEME = "AWS "
_SECONDS = re.compile(r"\d{1,11}", re.ASCII)

SIGNED_PARAMETERS = frozenset(
    {
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location",
        "logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
        "response-cache-control", "response-content-disposition", "response-content-encoding",
        "response-content-language", "response-content-type", "response-expires", "restore", "select", "select-type",
        "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
    }
)  # fmt: skip
"""Parameters that a signature covers, as SDKs know them."""

UNSIGNED_PARAMETERS = frozenset(
    {
        "AWSAccessKeyId", "Expires", "Signature", "continuation-token", "delimiter", "encoding-type", "fetch-owner",
        "key-marker", "list-type", "marker", "max-keys", "max-parts", "max-uploads", "part-number-marker", "prefix",
        "start-after", "upload-id-marker", "version-id-marker", "x-id",
    }
)  # fmt: skip
"""Parameters that it doesn't. Any other one in a presigned URL could have been added by whoever got hold of it."""


class SigV2:
    """Verifies requests. `clock` gives seconds since the epoch."""

    def __init__(self, registry: Registry, clock: Callable[[], float] = time) -> None:
        self._registry = registry
        self._clock = clock

    def verify(self, request: SignedRequest, bucket: str = "", user: User | None = None) -> User:
        """Who signed `request`, which `scheme_of` has found to be of this version.

        `bucket` is the one that the Host header names, if it does; `user`: who is known to have the access key; None:
        the registry tells. Raises `AuthError`, with S3's code; `UnknownKey` where nobody has it.
        """
        return self.verify_text(self.signed(request, bucket), user)

    def signed(self, request: SignedRequest, bucket: str = "") -> Signed:
        """What has been signed, for whoever knows the secret. Raises `AuthError`."""
        try:
            parameters = parse_query(request.query)
        except ValueError:
            raise AuthError(AuthCode.INVALID_ARGUMENT, "The query string is not valid UTF-8") from None
        stated = request.headers.get("authorization")
        if stated is None:
            access_key, signature, date = self._presigned(parameters)
        else:
            access_key, signature = _credentials(stated)
            date = self._dated(request)
        return Signed(access_key, signature, tuple(_strings_to_sign(request, date, bucket, parameters)))

    def verify_text(self, signed: Signed, user: User | None = None) -> User:
        """Who signed one of the texts: the base64 of an HMAC with SHA-1. `user` and errors as of `verify`."""
        user = user or self._registry.by_access_key(signed.access_key)
        if user is None:
            raise UnknownKey(signed.access_key)
        key, stated = canonical.encode(user.secret), canonical.encode(signed.signature)
        expected = [b64encode(hmac.digest(key, canonical.encode(text), "sha1")) for text in signed.texts]
        if not any(hmac.compare_digest(digest, stated) for digest in expected):
            raise signed.mismatch()
        return user

    def _dated(self, request: SignedRequest) -> str:
        """The date line of a request that is signed in its header, once its time was found to be about now."""
        headers = request.headers
        stated = headers.get("x-amz-date", headers.get("date", ""))
        if abs(self._clock() - _seconds(stated)) > MAX_SKEW:
            raise skewed(stated, self._clock())
        return "" if "x-amz-date" in headers else stated

    def _presigned(self, parameters: list[tuple[str, str]]) -> tuple[str, str, str]:
        """The access key, the signature and the date line of a presigned URL that has not expired."""
        found = dict(parameters)
        if missing := sorted({"AWSAccessKeyId", "Expires", "Signature"} - found.keys()):
            raise AuthError(
                AuthCode.ACCESS_DENIED,
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
                Missing=", ".join(missing),
            )
        for name, _ in parameters:
            if name not in SIGNED_PARAMETERS and name not in UNSIGNED_PARAMETERS:
                raise AuthError(
                    AuthCode.ACCESS_DENIED, f"The parameter {name} is not covered by signatures of version 2"
                )
        expires = found["Expires"]
        if not _SECONDS.fullmatch(expires):
            raise AuthError(AuthCode.ACCESS_DENIED, f"Invalid date (should be seconds since epoch): {expires}")
        if self._clock() > int(expires):
            raise expired(int(expires), self._clock())
        return found["AWSAccessKeyId"], found["Signature"], expires


def _credentials(authorization: str) -> tuple[str, str]:
    """The access key and the signature in an Authorization header. Raises `AuthError`."""
    access_key, _, signature = authorization.removeprefix(_SCHEME).strip().rpartition(":")
    if not access_key or not signature:
        raise AuthError(
            AuthCode.INVALID_ARGUMENT, "AWS authorization header is invalid. Expected AwsAccessKeyId:signature"
        )
    return access_key, signature


def _seconds(date: str) -> float:
    """A date header in seconds since the epoch, which it can't lie before. Raises `AuthError`."""
    try:
        moment = parsedate_to_datetime(date[:64])
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        seconds = -1
    if seconds < 0:
        raise AuthError(AuthCode.ACCESS_DENIED, "AWS authentication requires a valid Date or x-amz-date header")
    return seconds


def _strings_to_sign(
    request: SignedRequest, date: str, bucket: str, parameters: list[tuple[str, str]]
) -> Iterator[str]:
    """What may have been signed: SDKs write `/bucket/` where they ask for `/bucket`."""
    headers = request.headers
    amazons = sorted(name for name in headers if name.startswith("x-amz-"))
    lines = (
        request.method,
        headers.get("content-md5", ""),
        headers.get("content-type", ""),
        date,
        *(f"{name}:{headers[name].strip()}" for name in amazons),
    )
    head = "".join(f"{line}\n" for line in lines)
    signed = "&".join(sorted(_signed(parameters)))
    query = f"?{signed}" if signed else ""
    resource = (f"/{bucket}" if bucket else "") + (request.path or "/")
    yield head + resource + query
    if resource.count("/") == 1 and len(resource) > 1:
        yield f"{head}{resource}/{query}"


def _signed(parameters: list[tuple[str, str]]) -> Iterator[str]:
    for name, value in parameters:
        if name in SIGNED_PARAMETERS:
            yield f"{name}={value}" if value else name
