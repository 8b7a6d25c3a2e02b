"""Who sends a request, and what it says of its body."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.auth import forms
from gateway.auth.principals import ANONYMOUS, Principal, Registry, principal
from gateway.auth.request import Scheme, SignedRequest, scheme_of
from gateway.auth.sigv2 import SigV2
from gateway.auth.sigv4 import Payload, PayloadKind, SigV4, Verified
from gateway.frontends.s3.address import bucket_of_host
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error

_UNSIGNED = Payload(PayloadKind.UNSIGNED)
_UNSIGNED_CHUNKS = Payload(PayloadKind.STREAMING_UNSIGNED_TRAILER)


class Sender(NamedTuple):
    """`verified` is None for whoever is anonymous, or signs by version 2."""

    principal: Principal
    payload: Payload
    verified: Verified | None = None


class Authenticator:
    """Tells who sent a request to a region. `domain`: buckets are hosts in it."""

    def __init__(self, registry: Registry, region: str, domain: str | None = None) -> None:
        self._sigv4 = SigV4(registry, region)
        self._sigv2 = SigV2(registry)
        self._domain = domain

    def __call__(self, request: SignedRequest) -> Sender:
        """The sender; nobody in particular where nothing is signed. Raises `AuthError`, `S3Error`."""
        match scheme_of(request):
            case Scheme.V4_HEADER | Scheme.V4_QUERY:
                verified = self._sigv4.verify(request)
                return Sender(principal(verified.user), verified.payload, verified)
            case Scheme.ANONYMOUS:
                return Sender(ANONYMOUS, _unsigned(request.headers))
            case Scheme.V2_HEADER | Scheme.V2_QUERY:
                host = request.headers.get("host", "")
                user = self._sigv2.verify(request, bucket_of_host(host, self._domain) if self._domain else "")
                return Sender(principal(user), _unsigned(request.headers))

    def of_form(self, fields: Mapping[str, str]) -> Sender:
        """The sender of a form, whose fields have lower-case names. Raises `AuthError`."""
        match forms.scheme_of(fields):
            case Scheme.V4_QUERY:
                verified = forms.verify_v4(self._sigv4, fields)
                return Sender(principal(verified.user), _UNSIGNED, verified)
            case Scheme.V2_QUERY:
                return Sender(principal(forms.verify_v2(self._sigv2, fields)), _UNSIGNED)
            case _:
                return Sender(ANONYMOUS, _UNSIGNED)


def _unsigned(headers: Mapping[str, str]) -> Payload:
    """What a request without a signature that covers it says of its body."""
    stated = headers.get("x-amz-content-sha256", "")
    if stated == _UNSIGNED_CHUNKS.kind:
        return _UNSIGNED_CHUNKS
    if stated.startswith("STREAMING-"):
        raise S3Error(
            Code.INVALID_REQUEST, f"{stated} needs a signature of version 4; send {_UNSIGNED_CHUNKS.kind.value}"
        )
    return _UNSIGNED
