"""Prepared requests: signed for S3 by botocore's own signer, or plain."""

from collections.abc import Mapping

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

USER, SECRET = "bench", "bench-secret-of-some-length"
OURS = Credentials(USER, SECRET)


class _Stated(S3SigV4Auth):  # type: ignore[misc]
    """botocore hashes the payload of every request without TLS; this is told what to say of it."""

    def __init__(self, payload: str) -> None:
        super().__init__(OURS, "s3", "us-east-1")
        self._payload = payload

    def payload(self, request: AWSRequest) -> str:
        return self._payload


def signed(
    method: str,
    port: int,
    target: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    who: Credentials = OURS,
) -> bytes:
    """A whole S3 request with its body; the payload's SHA-256 is signed."""
    request = AWSRequest(method, f"http://127.0.0.1:{port}{target}", data=body, headers=dict(headers or {}))
    S3SigV4Auth(who, "s3", "us-east-1").add_auth(request)
    return _wire(method, port, target, dict(request.headers.items()), len(body)) + body


def signed_head(
    method: str, port: int, target: str, size: int, *, sha256: str = "", headers: Mapping[str, str] | None = None
) -> bytes:
    """The head of an S3 request with a body of `size` bytes, which is signed by its SHA-256 where that is given."""
    request = AWSRequest(method, f"http://127.0.0.1:{port}{target}", headers=dict(headers or {}))
    _Stated(sha256 or "UNSIGNED-PAYLOAD").add_auth(request)
    return _wire(method, port, target, dict(request.headers.items()), size)


def plain(method: str, port: int, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole request without a signature."""
    return _wire(method, port, target, headers or {}, len(body)) + body


def plain_head(method: str, port: int, target: str, size: int, headers: Mapping[str, str] | None = None) -> bytes:
    """The head of a request without a signature, whose body follows."""
    return _wire(method, port, target, headers or {}, size)


def _wire(method: str, port: int, target: str, headers: Mapping[str, str], size: int) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() not in {"host", "content-length"}]
    if method in {"PUT", "POST"}:
        lines.append(f"Content-Length: {size}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
