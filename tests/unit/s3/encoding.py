"""aws-chunked bodies as clients send them."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

from gateway.auth.principals import Account, Role, User
from gateway.auth.sigv4 import Payload, PayloadKind, SigningContext, Verified, signing_key

SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
"""AWS's own example: the signature of its request, made with the key below."""

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CONTEXT = SigningContext(
    hmac.new(signing_key(SECRET, "20130524", "us-east-1", "s3"), digestmod="sha256"),
    "20130524T000000Z",
    "20130524/us-east-1/s3/aws4_request",
)
USER = User(Account("a", "a"), "example", "AKIAIOSFODNN7EXAMPLE", SECRET, Role.ADMIN)
EMPTY = sha256(b"").hexdigest()


def verified(kind: PayloadKind, seed: str = SEED) -> Verified:
    return Verified(USER, Payload(kind), seed, CONTEXT)


def encode(
    chunks: Sequence[bytes], kind: PayloadKind, trailers: Mapping[str, str] | None = None, seed: str = SEED
) -> bytes:
    """A body of these chunks and trailers; the last chunk, which is empty, is added."""
    signed = kind is not PayloadKind.STREAMING_UNSIGNED_TRAILER
    previous = seed
    parts = []
    for chunk in [*chunks, b""]:
        line = f"{len(chunk):x}"
        if signed:
            previous = CONTEXT.sign("AWS4-HMAC-SHA256-PAYLOAD", previous, EMPTY, sha256(chunk).hexdigest())
            line += f";chunk-signature={previous}"
        parts += [line.encode(), b"\r\n", chunk, b"\r\n" if chunk else b""]
    for name, value in (trailers or {}).items():
        parts.append(f"{name}:{value}\r\n".encode())
    if kind is PayloadKind.STREAMING_TRAILER:
        text = "".join(f"{name}:{value}\n" for name, value in (trailers or {}).items())
        signature = CONTEXT.sign("AWS4-HMAC-SHA256-TRAILER", previous, sha256(text.encode()).hexdigest())
        parts.append(f"x-amz-trailer-signature:{signature}\r\n".encode())
    return b"".join([*parts, b"\r\n"])
