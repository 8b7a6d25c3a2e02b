"""Who sends a request, and what it says of its body."""

from typing import NamedTuple

from gateway.auth.principals import ANONYMOUS, Principal, Registry, principal
from gateway.auth.request import Scheme, SignedRequest, scheme_of
from gateway.auth.sigv4 import Payload, PayloadKind, SigV4, Verified
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error

_UNSIGNED = Payload(PayloadKind.UNSIGNED)
_UNSIGNED_CHUNKS = Payload(PayloadKind.STREAMING_UNSIGNED_TRAILER)


class Sender(NamedTuple):
    """`verified` is None for whoever is anonymous."""

    principal: Principal
    payload: Payload
    verified: Verified | None = None


class Authenticator:
    """Tells who sent a request to a region."""

    def __init__(self, registry: Registry, region: str) -> None:
        self._sigv4 = SigV4(registry, region)

    def __call__(self, request: SignedRequest) -> Sender:
        """The sender; nobody in particular where nothing is signed. Raises `AuthError`, `S3Error`."""
        match scheme_of(request):
            case Scheme.V4_HEADER | Scheme.V4_QUERY:
                verified = self._sigv4.verify(request)
                return Sender(principal(verified.user), verified.payload, verified)
            case Scheme.ANONYMOUS:
                stated = request.headers.get("x-amz-content-sha256")
                return Sender(ANONYMOUS, _UNSIGNED_CHUNKS if stated == _UNSIGNED_CHUNKS.kind else _UNSIGNED)
            case Scheme.V2_HEADER | Scheme.V2_QUERY:
                raise S3Error(
                    Code.INVALID_REQUEST,
                    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
                )
