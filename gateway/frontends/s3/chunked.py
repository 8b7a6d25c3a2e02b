"""aws-chunked bodies: decoded, their signatures verified, their trailers kept for the checks that come last."""

import asyncio
import binascii
import hmac
from base64 import b64decode
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from hashlib import sha256
from typing import assert_never

from gateway.auth.sigv4 import PayloadKind, SigningContext, Verified
from gateway.core.body import Body, Check
from gateway.core.digest import Algorithm, Digests
from gateway.core.errors import BadDigest
from gateway.core.hashing import INLINE
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import BadBody, S3Error
from gateway.frontends.s3.framing import ChunkDecoder, ChunkEnd, Data, Event, Trailer

CHECKSUM = "x-amz-checksum-"

_EMPTY = sha256(b"").hexdigest()
_OFFERED = frozenset(CHECKSUM + algorithm for algorithm in Algorithm)


def declared_trailers(header: str) -> frozenset[str]:
    """The trailers that an x-amz-trailer header announces, in lower case. Raises `S3Error` for one that S3 lacks."""
    names = frozenset(name for field in header.split(",") if (name := field.strip().lower()))
    if not names <= _OFFERED:
        raise S3Error(Code.INVALID_REQUEST, "The value specified in the x-amz-trailer header is not supported")
    return names


class ChunkedBody(Body):
    """The data of an aws-chunked body.

    Chunks may be large, so their bytes are handed on as they come, before the signature of their chunk is verified:
    memory holds no chunk. What is wrong raises inside the stream before it ends, and a store commits nothing of a
    stream that does not end well. Large pieces are hashed in a worker thread while the consumer has them already.

    `size` is x-amz-decoded-content-length in bytes, `trailers` the names in x-amz-trailer. Raises `BadRequest`,
    `IncompleteBody` and `BadBody`: `SignatureDoesNotMatch`, `MalformedTrailerError`, `InvalidChunkSizeError`.
    """

    def __init__(
        self,
        source: Body,
        size: int,
        kind: PayloadKind,
        *,
        verified: Verified | None = None,
        trailers: Collection[str] = (),
    ) -> None:
        self._source = source
        self._trailers: Mapping[str, str] | None = None
        signed = kind in {PayloadKind.STREAMING, PayloadKind.STREAMING_TRAILER}
        if signed and verified is None:
            raise ValueError("the chunks of a signed body need the request's own signature")
        self._verified = verified if signed else None
        self._decoder = ChunkDecoder(
            size,
            signed=signed,
            trailers=trailers,
            signed_trailers=kind is PayloadKind.STREAMING_TRAILER,
        )
        self.size = size

    @property
    def trailers(self) -> Mapping[str, str]:
        """The trailers by lower-case name, once the stream has ended. Raises `RuntimeError` before."""
        if self._trailers is None:
            raise RuntimeError("the body has not been read to its end")
        return self._trailers

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        chain = _Chain(self._verified) if self._verified else None
        pending: asyncio.Future[None] | None = None
        try:
            async with aclosing(self._source.chunks()) as source:
                async for piece in source:
                    if pending is not None:
                        await pending
                        pending = None
                    events = self._decoder.feed(piece)
                    if chain is not None and len(piece) <= INLINE:
                        chain.take(events)
                    elif chain is not None:
                        pending = asyncio.get_running_loop().run_in_executor(None, chain.take, events)
                    if data := b"".join([event.data for event in events if isinstance(event, Data)]):
                        yield data
                    if events and isinstance(events[-1], Trailer):
                        self._trailers = events[-1].fields
            if pending is not None:
                await pending
        finally:
            if pending is not None:
                pending.cancel()
        self._decoder.finish()


class _Chain:
    """The signatures of a body's chunks: each is made over the one before it."""

    def __init__(self, verified: Verified) -> None:
        self._context: SigningContext = verified.context
        self._previous = verified.signature
        self._hash = sha256()

    def take(self, events: Collection[Event]) -> None:
        """Follow the events of a decoder. Raises `BadBody` at the first signature that is wrong."""
        for event in events:
            match event:
                case Data(data):
                    self._hash.update(data)
                case ChunkEnd(signature):
                    digest = self._hash.hexdigest()
                    self._hash = sha256()
                    self._compare(signature, "AWS4-HMAC-SHA256-PAYLOAD", _EMPTY, digest)
                case Trailer(fields, signature):
                    if signature:
                        signed = "".join(f"{name}:{value}\n" for name, value in fields.items())
                        self._compare(signature, "AWS4-HMAC-SHA256-TRAILER", sha256(signed.encode()).hexdigest())
                case _:
                    assert_never(event)

    def _compare(self, stated: str, algorithm: str, *digests: str) -> None:
        expected = self._context.sign(algorithm, self._previous, *digests)
        if not hmac.compare_digest(expected, stated):
            raise BadBody(Code.SIGNATURE_DOES_NOT_MATCH)
        self._previous = expected


def expect_trailer(body: ChunkedBody, algorithm: Algorithm) -> Check:
    """A check that the digest is the one in the trailer of that checksum, which `body` must have been given to expect.

    Raises `BadDigest`, and `BadBody` `InvalidRequest` where the trailer is no digest.
    """
    name = CHECKSUM + algorithm

    def check(digests: Digests) -> None:
        try:
            stated = b64decode(body.trailers[name], validate=True)
        except (binascii.Error, ValueError):
            stated = b""
        if len(stated) != len(digests[algorithm]):
            raise BadBody(Code.INVALID_REQUEST, f"Value for {name} trailing header is invalid.")
        if stated != digests[algorithm]:
            raise BadDigest(algorithm)

    return check


def expect_payload(digest: str) -> Check:
    """A check that the body's SHA-256 is the one that x-amz-content-sha256 states, in lower-case hex."""

    def check(digests: Digests) -> None:
        if digests[Algorithm.SHA256].hex() != digest:
            raise BadBody(Code.X_AMZ_CONTENT_SHA256_MISMATCH)

    return check
