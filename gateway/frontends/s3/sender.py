"""Who sends a request, and what it says of its body."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.auth import forms
from gateway.auth.claim import Signed
from gateway.auth.keystone import Keystone
from gateway.auth.principals import ANONYMOUS, Principal, Registry, User, principal
from gateway.auth.request import Scheme, SignedRequest, scheme_of
from gateway.auth.sigv2 import SigV2
from gateway.auth.sigv4 import Payload, PayloadKind, SigV4, UnknownKey, Verified
from gateway.core.errors import Busy, Unavailable
from gateway.frontends.s3.address import bucket_of_host
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error

_UNSIGNED = Payload(PayloadKind.UNSIGNED)
_UNSIGNED_CHUNKS = Payload(PayloadKind.STREAMING_UNSIGNED_TRAILER)


class Sender(NamedTuple):
    """`verified` is None for whoever is anonymous, signs by version 2, or has a secret that is not known here."""

    principal: Principal
    payload: Payload
    verified: Verified | None = None


class Authenticator:
    """Tells who sent a request to a region. `domain`: buckets are hosts in it.

    Those whose access keys are not of configured users `keystone` is asked about; None: they are nobody's.
    """

    def __init__(
        self, registry: Registry, region: str, domain: str | None = None, keystone: Keystone | None = None
    ) -> None:
        self._sigv4 = SigV4(registry, region)
        self._sigv2 = SigV2(registry)
        self._domain = domain
        self._keystone = keystone

    def __call__(self, request: SignedRequest) -> Sender | None:
        """The sender; nobody in particular where nothing is signed; None: `asked` tells.

        Raises `AuthError`, `S3Error`.
        """
        try:
            return self._verified(request)
        except UnknownKey:
            if self._keystone is None:
                raise
            return None

    async def asked(self, request: SignedRequest) -> Sender:
        """The sender of a signed request, as Keystone knows him. Raises as above, and `Busy`."""
        if scheme_of(request) in {Scheme.V4_HEADER, Scheme.V4_QUERY}:
            signed, payload = self._sigv4.signed(request)
        else:
            signed, payload = self._sigv2.signed(request, self._bucket(request)), _unsigned(request.headers)
        user = await self._signer(signed)
        if user.secret:
            return self._verified(request, user)
        if payload.kind.is_chunked and payload != _UNSIGNED_CHUNKS:
            raise S3Error(
                Code.NOT_IMPLEMENTED, f"{payload.kind} needs a secret that is known here; send {PayloadKind.UNSIGNED}"
            )
        return Sender(principal(user), payload)

    def of_form(self, fields: Mapping[str, str]) -> Sender | None:
        """The sender of a form, whose fields have lower-case names; None: `asked_of_form` tells. Raises `AuthError`."""
        try:
            return self._verified_form(fields)
        except UnknownKey:
            if self._keystone is None:
                raise
            return None

    async def asked_of_form(self, fields: Mapping[str, str]) -> Sender:
        """The sender of a form, as Keystone knows him. Raises `AuthError`, `S3Error`, `Busy`.

        Keystone itself verifies no forms of version 4: such are taken from those whose secrets are held.
        """
        is_v4 = forms.scheme_of(fields) is Scheme.V4_QUERY
        signed = forms.signed_v4(fields) if is_v4 else forms.signed_v2(fields)
        user = self._keystone.known(signed.access_key) if is_v4 and self._keystone else await self._signer(signed)
        if user is None:
            raise UnknownKey(signed.access_key)
        return self._verified_form(fields, user) if user.secret else Sender(principal(user), _UNSIGNED)

    async def _signer(self, signed: Signed) -> User:
        if self._keystone is None:
            raise UnknownKey(signed.access_key)
        try:
            user = await self._keystone.signer(signed)
        except Busy:
            raise
        except Unavailable as error:
            raise S3Error(Code.SERVICE_UNAVAILABLE, error.message) from error
        if user is not None:
            return user
        if self._keystone.is_strange(signed.access_key):
            raise UnknownKey(signed.access_key)
        raise signed.mismatch()

    def _verified(self, request: SignedRequest, user: User | None = None) -> Sender:
        match scheme_of(request):
            case Scheme.V4_HEADER | Scheme.V4_QUERY:
                verified = self._sigv4.verify(request, user)
                return Sender(principal(verified.user), verified.payload, verified)
            case Scheme.ANONYMOUS:
                return Sender(ANONYMOUS, _unsigned(request.headers))
            case Scheme.V2_HEADER | Scheme.V2_QUERY:
                user = self._sigv2.verify(request, self._bucket(request), user)
                return Sender(principal(user), _unsigned(request.headers))

    def _bucket(self, request: SignedRequest) -> str:
        return bucket_of_host(request.headers.get("host", ""), self._domain) if self._domain else ""

    def _verified_form(self, fields: Mapping[str, str], user: User | None = None) -> Sender:
        match forms.scheme_of(fields):
            case Scheme.V4_QUERY:
                verified = forms.verify_v4(self._sigv4, fields, user)
                return Sender(principal(verified.user), _UNSIGNED, verified)
            case Scheme.V2_QUERY:
                return Sender(principal(forms.verify_v2(self._sigv2, fields, user)), _UNSIGNED)
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
