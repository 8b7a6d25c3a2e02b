"""The worked examples of the Amazon S3 API Reference: "Examples: Signature Calculations", presigned URLs and
chunked uploads.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.request import SignedRequest
from gateway.auth.sigv4 import PayloadKind, SigV4

EXAMPLE = User(
    Account("a", "a"), "example", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Role.ADMIN
)
SIGV4 = SigV4(Registry([EXAMPLE]), "us-east-1", lambda: datetime(2013, 5, 24, tzinfo=UTC).timestamp())
EMPTY = sha256(b"").hexdigest()
TIME = "20130524T000000Z"
HOST = "examplebucket.s3.amazonaws.com"
SCOPE = "20130524/us-east-1/s3/aws4_request"


def authorization(signature: str, *names: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{SCOPE},"
        f"SignedHeaders={';'.join(names)},Signature={signature}"
    )


def signed(
    signature: str, method: str, path: str, query: str, payload: str, headers: Mapping[str, str]
) -> SignedRequest:
    everything = {"host": HOST, **headers, "x-amz-content-sha256": payload, "x-amz-date": TIME}
    return SignedRequest(
        method, path, query, {**everything, "authorization": authorization(signature, *sorted(everything))}
    )


@pytest.mark.parametrize(
    "request_",
    (
        signed(
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            "GET",
            "/test.txt",
            "",
            EMPTY,
            {"range": "bytes=0-9"},
        ),
        signed(
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            "PUT",
            "/test$file.text",
            "",
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        ),
        signed("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", "GET", "/", "lifecycle", EMPTY, {}),
        signed(
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            "GET",
            "/",
            "max-keys=2&prefix=J",
            EMPTY,
            {},
        ),
    ),
    ids=("get-object", "put-object", "get-lifecycle", "list"),
)
def test_examples_with_a_header(request_: SignedRequest) -> None:
    verified = SIGV4.verify(request_)
    assert verified.user is EXAMPLE
    assert verified.payload.kind is PayloadKind.SIGNED
    assert verified.payload.sha256 == request_.headers["x-amz-content-sha256"]
    assert (verified.context.timestamp, verified.context.scope) == (TIME, SCOPE)


def test_example_of_a_presigned_url() -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    verified = SIGV4.verify(SignedRequest("GET", "/test.txt", query, {"host": HOST}))
    assert (verified.user, verified.payload.kind) == (EXAMPLE, PayloadKind.UNSIGNED)


CHUNKED = {
    "host": "s3.amazonaws.com",
    "x-amz-date": TIME,
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
}


def test_example_of_a_chunked_upload() -> None:
    headers = {
        **CHUNKED,
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "content-length": "66824",
    }
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    request = SignedRequest(
        "PUT",
        "/examplebucket/chunkObject.txt",
        "",
        {**headers, "authorization": authorization(seed, *sorted(headers))},
    )
    verified = SIGV4.verify(request)
    assert (verified.payload.kind, verified.signature) == (PayloadKind.STREAMING, seed)
    previous = seed
    for data, signature in (
        (b"a" * 65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (b"a" * 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ):
        digest = sha256(data).hexdigest()
        assert verified.context.sign("AWS4-HMAC-SHA256-PAYLOAD", previous, EMPTY, digest) == signature
        previous = signature


def test_example_of_a_chunked_upload_with_a_trailer() -> None:
    headers = {
        **CHUNKED,
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32c",
    }
    seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    request = SignedRequest(
        "PUT",
        "/examplebucket/chunkObject.txt",
        "",
        {**headers, "authorization": authorization(seed, *sorted(headers))},
    )
    verified = SIGV4.verify(request)
    assert verified.payload.kind is PayloadKind.STREAMING_TRAILER
    last = "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"
    trailer = sha256(b"x-amz-checksum-crc32c:sOO8/Q==\n").hexdigest()
    expected = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
    assert verified.context.sign("AWS4-HMAC-SHA256-TRAILER", last, trailer) == expected
