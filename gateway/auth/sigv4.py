"""Verification of AWS Signature Version 4: the Authorization header and presigned URLs.

Source: "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference. Pure: no server, and the
clock is given.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import NamedTuple

from gateway.auth import canonical
from gateway.auth.claim import ALGORITHM, Claim, Signed, bad_token, from_header, from_query
from gateway.auth.errors import AuthCode, AuthError
from gateway.auth.principals import Registry, User
from gateway.auth.request import SignedRequest

TERMINAL = "aws4_request"
MAX_SKEW = 15 * 60
"""Seconds that a client's clock may be off."""
CACHED_KEYS = 4096

_SIGNED_BY_NATURE = frozenset({"x-amz-content-sha256", "x-amz-date"})
"""Headers that need not be listed as signed: what is signed holds their values anyway."""

_HEX_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_ISO = "%Y-%m-%dT%H:%M:%SZ"


class PayloadKind(StrEnum):
    """What x-amz-content-sha256 says of the body. The values are S3's words; a digest stands for `SIGNED`."""

    SIGNED = "SIGNED"
    UNSIGNED = "UNSIGNED-PAYLOAD"
    STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    STREAMING_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    @property
    def is_chunked(self) -> bool:
        """The body is aws-chunked."""
        return self.value.startswith("STREAMING")


class Payload(NamedTuple):
    """`sha256` is the digest that the body must have, in lower-case hex; empty unless the kind is `SIGNED`."""

    kind: PayloadKind
    sha256: str = ""


_NOTHING = sha256(b"").hexdigest()

_PAYLOADS: Mapping[str, Payload] = {
    **{kind.value: Payload(kind) for kind in PayloadKind if kind is not PayloadKind.SIGNED},
    _NOTHING: Payload(PayloadKind.SIGNED, _NOTHING),
}
"""What needs no look at it: the kinds by name, and the digest of no body at all."""


class SigningContext(NamedTuple):
    """What the signatures of a request are made with: its own, those of its chunks and of their trailer."""

    mac: hmac.HMAC
    """Of the signing key, and nothing yet. Only copies of it may be fed."""
    timestamp: str
    scope: str

    def sign(self, algorithm: str, *lines: str) -> str:
        """A signature, in hex, over the algorithm, the time, the scope and `lines`."""
        mac = self.mac.copy()
        mac.update(canonical.encode("\n".join((algorithm, self.timestamp, self.scope, *lines))))
        return mac.hexdigest()


class Verified(NamedTuple):
    """A request whose signature holds. `signature` is the seed of its chunks' signatures."""

    user: User
    payload: Payload
    signature: str
    context: SigningContext


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of all signatures of one day for a region and service."""
    key = canonical.encode("AWS4" + secret)
    for part in (day, region, service, TERMINAL):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _signing_mac(secret: str, day: str, region: str, service: str) -> hmac.HMAC:
    return hmac.new(signing_key(secret, day, region, service), digestmod="sha256")


@lru_cache(1024)
def _seconds(timestamp: str) -> float:
    """Seconds since the epoch. Raises `ValueError` for a time like 25 o'clock."""
    return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


class SigV4:
    """Verifies requests to one region. `clock` gives seconds since the epoch."""

    def __init__(self, registry: Registry, region: str, clock: Callable[[], float] = time, service: str = "s3") -> None:
        self._registry = registry
        self._region = region
        self._service = service
        self._clock = clock
        self._signing_mac = lru_cache(CACHED_KEYS)(_signing_mac)

    def verify(self, request: SignedRequest, user: User | None = None) -> Verified:
        """Who signed `request`, which `scheme_of` has found to be of this version.

        `user`: who is known to have the access key; None: the registry tells. Raises `AuthError`, with S3's code, where
        nobody did; `UnknownKey` where nobody has it.
        """
        claim = from_header(request) if "authorization" in request.headers else from_query(request)
        terms = claim.terms
        user = user or self._registry.by_access_key(terms.access_key)
        if user is None:
            raise UnknownKey(terms.access_key)
        self._check_scope(claim)
        self._check_time(claim)
        _check_headers(claim, request)
        payload = _payload(claim.payload)
        mac = self._signing_mac(user.secret, terms.day, terms.region, terms.service)
        context = SigningContext(mac, claim.timestamp, terms.scope)
        _check_signature(claim, request, context)
        return Verified(user, payload, claim.signature, context)

    def signed(self, request: SignedRequest) -> tuple[Signed, Payload]:
        """What has been signed, for whoever knows the secret, and what it says of the body. Raises `AuthError`."""
        claim = from_header(request) if "authorization" in request.headers else from_query(request)
        self._check_scope(claim)
        self._check_time(claim)
        _check_headers(claim, request)
        text = _string_to_sign(claim, sha256(canonical.encode(_canonical(claim, request))).hexdigest())
        return Signed(claim.terms.access_key, claim.signature, (text,)), _payload(claim.payload)

    def verify_text(self, claim: Claim, text: str, user: User | None = None) -> Verified:
        """Who signed `text` itself, as POST policies are signed. `user` and errors as of `verify`."""
        terms = claim.terms
        user = user or self._registry.by_access_key(terms.access_key)
        if user is None:
            raise UnknownKey(terms.access_key)
        self._check_scope(claim)
        context = SigningContext(
            self._signing_mac(user.secret, terms.day, terms.region, terms.service), claim.timestamp, terms.scope
        )
        mac = context.mac.copy()
        mac.update(canonical.encode(text))
        if not hmac.compare_digest(mac.hexdigest().encode(), canonical.encode(claim.signature)):
            raise Signed(terms.access_key, claim.signature, (text,)).mismatch()
        return Verified(user, _payload(claim.payload), claim.signature, context)

    def _check_scope(self, claim: Claim) -> None:
        terms = claim.terms
        if terms.day != claim.timestamp[:8]:
            raise claim.malformed(
                f'Invalid credential date "{terms.day}". '
                f'This date is not the same as X-Amz-Date: "{claim.timestamp[:8]}".'
            )
        if terms.region != self._region:
            raise claim.malformed(
                f"the region '{terms.region}' is wrong; expecting '{self._region}'", Region=self._region
            )
        if terms.service != self._service:
            raise claim.malformed(f'incorrect service "{terms.service}". This endpoint belongs to "{self._service}".')
        if terms.terminal != TERMINAL:
            raise claim.malformed(f'incorrect terminal "{terms.terminal}". This endpoint uses "{TERMINAL}".')

    def _check_time(self, claim: Claim) -> None:
        now = self._clock()
        try:
            signed = _seconds(claim.timestamp)
        except ValueError:
            raise AuthError(
                AuthCode.ACCESS_DENIED, "AWS authentication requires a valid Date or x-amz-date header"
            ) from None
        if claim.expires is None:
            if abs(now - signed) > MAX_SKEW:
                raise skewed(claim.timestamp, now)
        elif signed - now > MAX_SKEW:
            raise AuthError(AuthCode.ACCESS_DENIED, "Request is not valid yet", ServerTime=_iso(now))
        elif now > signed + claim.expires:
            raise expired(signed + claim.expires, now, **{"X-Amz-Expires": str(claim.expires)})


def skewed(stated: str, now: float) -> AuthError:
    """The error for a request whose `stated` time is too far from `now`, in seconds since the epoch."""
    return AuthError(
        AuthCode.REQUEST_TIME_TOO_SKEWED,
        "The difference between the request time and the current time is too large.",
        RequestTime=stated,
        ServerTime=_iso(now),
        MaxAllowedSkewMilliseconds=str(MAX_SKEW * 1000),
    )


def expired(end: float, now: float, **elements: str) -> AuthError:
    """The error for a presigned URL that was valid until `end`, in seconds since the epoch."""
    return AuthError(AuthCode.ACCESS_DENIED, "Request has expired", Expires=_iso(end), ServerTime=_iso(now), **elements)


class UnknownKey(AuthError):
    """An access key that is nobody's."""

    def __init__(self, access_key: str) -> None:
        super().__init__(
            AuthCode.INVALID_ACCESS_KEY_ID,
            "The AWS Access Key Id you provided does not exist in our records.",
            AWSAccessKeyId=access_key,
        )


def _check_headers(claim: Claim, request: SignedRequest) -> None:
    """The host and everything of Amazon's that the request carries must be signed, and no session token be there."""
    if "x-amz-security-token" in request.headers:
        raise bad_token()
    signed = claim.terms.signed
    unsigned = request.headers.keys() - signed
    missing = [name for name in unsigned if name.startswith("x-amz-") and name not in _SIGNED_BY_NATURE]
    if "host" not in signed:
        missing.append("host")
    if missing:
        raise AuthError(
            AuthCode.ACCESS_DENIED,
            "There were headers present in the request which were not signed",
            HeadersNotSigned=", ".join(sorted(missing)),
        )


def _payload(stated: str) -> Payload:
    payload = _PAYLOADS.get(stated)
    if payload is not None:
        return payload
    if _HEX_DIGEST.fullmatch(stated):
        return Payload(PayloadKind.SIGNED, stated.lower())
    raise AuthError(
        AuthCode.INVALID_ARGUMENT,
        f"x-amz-content-sha256 must be {', '.join(_PAYLOADS)} or a valid sha256 value.",
        ArgumentName="x-amz-content-sha256",
        ArgumentValue=stated,
    )


def _check_signature(claim: Claim, request: SignedRequest, context: SigningContext) -> None:
    canonical_request = _canonical(claim, request)
    digest = sha256(canonical.encode(canonical_request)).hexdigest()
    expected = context.sign(ALGORITHM, digest)
    if not hmac.compare_digest(expected.encode(), canonical.encode(claim.signature)):
        signed = Signed(claim.terms.access_key, claim.signature, (_string_to_sign(claim, digest),))
        raise signed.mismatch(CanonicalRequest=canonical_request)


def _canonical(claim: Claim, request: SignedRequest) -> str:
    terms = claim.terms
    headers = canonical.headers(terms.names, request.headers)
    path = canonical.path(request.path)
    return f"{request.method}\n{path}\n{claim.query}\n{headers}\n{terms.signed_headers}\n{claim.payload}"


def _string_to_sign(claim: Claim, digest: str) -> str:
    return "\n".join((ALGORITHM, claim.timestamp, claim.terms.scope, digest))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_ISO)
