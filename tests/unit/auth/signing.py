"""Requests signed by botocore, as a server receives them."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from botocore.auth import BaseSigner, S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.request import SignedRequest, fold

HOST = "gateway.example:9000"
REGION = "us-east-1"

ACCOUNT = Account("test", "test")
TESTER = User(ACCOUNT, "tester", "tester", "testing-secret", Role.ADMIN)
ODD = User(ACCOUNT, "odd", "od/d@ké+y", "s3crêt/\N{GRINNING FACE}", Role.READER)
REGISTRY = Registry([TESTER, ODD])


def by_header(
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    user: User = TESTER,
    region: str = REGION,
    payload: str = "",
) -> SignedRequest:
    """A request with an Authorization header. `path` and `query` are raw; `payload` stands in for the body's digest."""
    signer = _Stated(payload, _credentials(user), "s3", region)
    return _signed(signer, method, path, query, headers, body)


def by_query(
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    user: User = TESTER,
    region: str = REGION,
    expires: int = 300,
) -> SignedRequest:
    """A presigned request."""
    return _signed(S3SigV4QueryAuth(_credentials(user), "s3", region, expires), method, path, query, headers, b"")


class _Stated(S3SigV4Auth):  # type: ignore[misc]
    def __init__(self, payload: str, credentials: Credentials, service: str, region: str) -> None:
        super().__init__(credentials, service, region)
        self._stated = payload

    def payload(self, request: AWSRequest) -> str:
        return self._stated or super().payload(request)


def _credentials(user: User) -> Credentials:
    return Credentials(user.access_key, user.secret)


def _signed(
    signer: BaseSigner, method: str, path: str, query: str, headers: Mapping[str, str] | None, body: bytes
) -> SignedRequest:
    url = f"http://{HOST}{path}{'?' + query if query else ''}"
    request = AWSRequest(method, url, headers=dict(headers or {}), data=body)
    signer.add_auth(request)
    found = urlsplit(request.url)
    pairs = [("Host", HOST), *((name, _text(value)) for name, value in request.headers.items())]
    return SignedRequest(method, found.path, found.query, fold(pairs))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
