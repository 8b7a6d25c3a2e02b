"""Prepared requests: signed for S3 by botocore's own signer, or plain."""

from collections.abc import Mapping

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

USER, SECRET = "bench", "bench-secret-of-some-length"


class _Unsigned(S3SigV4Auth):  # type: ignore[misc]
    """botocore signs the payload of every request without TLS; this doesn't."""

    def payload(self, request: AWSRequest) -> str:
        return "UNSIGNED-PAYLOAD"


def signed(
    method: str, port: int, target: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole S3 request with its body; the payload's SHA-256 is signed."""
    request = AWSRequest(method, f"http://127.0.0.1:{port}{target}", data=body, headers=dict(headers or {}))
    S3SigV4Auth(Credentials(USER, SECRET), "s3", "us-east-1").add_auth(request)
    return _wire(method, port, target, dict(request.headers.items()), len(body)) + body


def signed_head(method: str, port: int, target: str, size: int) -> bytes:
    """The head of an S3 request whose body of `size` bytes is not signed."""
    request = AWSRequest(method, f"http://127.0.0.1:{port}{target}")
    _Unsigned(Credentials(USER, SECRET), "s3", "us-east-1").add_auth(request)
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
