"""aws-chunked bodies, signed by botocore and unsigned."""

import binascii
import hashlib
from base64 import b64encode
from collections.abc import Sequence

from tests.frontends.s3.world import Request

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def crc32(data: bytes) -> str:
    return b64encode(binascii.crc32(data).to_bytes(4, "big")).decode()


def chunked(kind: str, length: int | str, **headers: str) -> Request:
    """The head of a PUT with an aws-chunked body."""
    stated = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(length), **headers}
    return Request("PUT", "/bucket/k", headers=stated).sign(payload=kind)


def unsigned_body(pieces: Sequence[bytes], trailer: str = "") -> bytes:
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0\r\n" + trailer.encode() + b"\r\n"


def signed_body(request: Request, pieces: Sequence[bytes], trailer: str = "", kind: str = "PAYLOAD") -> bytes:
    """A body whose chunks carry botocore's signatures."""
    signer, signed = request.signer, request.signed
    assert signer is not None
    assert signed is not None
    previous = request.headers["Authorization"].rpartition("=")[2]

    def sign(algorithm: str, *hashes: str) -> str:
        scope = signer.credential_scope(signed)
        text = "\n".join([f"AWS4-HMAC-SHA256-{algorithm}", signed.context["timestamp"], scope, previous, *hashes])
        signature: str = signer.signature(text, signed)
        return signature

    framed = b""
    for piece in (*pieces, b""):
        previous = sign("PAYLOAD", EMPTY_HASH, hashlib.sha256(piece).hexdigest())
        framed += b"%x;chunk-signature=%s\r\n" % (len(piece), previous.encode())
        if piece:
            framed += piece + b"\r\n"
    if trailer:
        previous = sign("TRAILER", hashlib.sha256((trailer + "\n").encode()).hexdigest())
        framed += f"{trailer}\r\nx-amz-trailer-signature:{previous}\r\n".encode()
    return framed + b"\r\n"
