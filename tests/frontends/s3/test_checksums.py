"""Checksums of every kind, as a header and behind the body, signed and unsigned: verified, kept and told."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping

import pytest
from awscrt import checksums

from tests.frontends.s3.chunks import SIGNED_TRAILER, UNSIGNED_TRAILER, crc32, signed_body, unsigned_body
from tests.frontends.s3.world import Answer, Request, World

DATA = b"hello, checksums" * 1024
PIECES = (DATA[:8192], DATA[8192:])
WRONG = b"something else"

SUMS: Mapping[str, Callable[[bytes], str]] = {
    "crc32": crc32,
    "crc32c": lambda data: _text(checksums.crc32c(data).to_bytes(4, "big")),
    "crc64nvme": lambda data: _text(checksums.crc64nvme(data).to_bytes(8, "big")),
    "sha1": lambda data: _text(hashlib.sha1(data, usedforsecurity=False).digest()),
    "sha256": lambda data: _text(hashlib.sha256(data).digest()),
}
WAYS = ("signed header", "unsigned header", "signed trailer", "unsigned trailer")

every_way = pytest.mark.parametrize("way", WAYS)
every_kind = pytest.mark.parametrize("kind", SUMS)


def _text(digest: bytes) -> str:
    return b64encode(digest).decode()


def put(way: str, kind: str, stated: str, target: str) -> Request:
    """A request that sends `DATA`, and states a checksum."""
    name = f"x-amz-checksum-{kind}"
    if way.endswith("header"):
        request = Request("PUT", target, DATA, {name: stated})
        return request.sign(payload="UNSIGNED-PAYLOAD" if way.startswith("unsigned") else None)
    is_signed = way.startswith("signed")
    headers = {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(DATA)),
        "x-amz-trailer": name,
    }
    request = Request("PUT", target, headers=headers).sign(payload=SIGNED_TRAILER if is_signed else UNSIGNED_TRAILER)
    trailer = f"{name}:{stated}"
    request.body = signed_body(request, PIECES, trailer) if is_signed else unsigned_body(PIECES, f"{trailer}\r\n")
    return request


def told(answer: Answer, kind: str) -> str | None:
    return answer.headers.get(f"x-amz-checksum-{kind}")


def element(kind: str, value: str) -> bytes:
    name = f"Checksum{kind.upper()}"
    return f"<{name}>{value}</{name}>".encode()


@every_way
@every_kind
async def test_a_checksum_is_verified_kept_and_told(world: World, bucket: str, kind: str, way: str) -> None:
    expected = SUMS[kind](DATA)
    answer = await world.send(put(way, kind, SUMS[kind](WRONG), "/bucket/k"))
    assert (answer.status, answer.code) == (400, "BadDigest")
    assert (await world.do("GET", "/bucket/k")).status == 404
    answer = await world.send(put(way, kind, expected, "/bucket/k"))
    assert (answer.status, told(answer, kind)) == (200, expected)
    for method in ("GET", "HEAD"):
        asked = await world.do(method, "/bucket/k", headers={"x-amz-checksum-mode": "ENABLED"})
        assert (told(asked, kind), asked.headers["x-amz-checksum-type"]) == (expected, "FULL_OBJECT")
        assert told(await world.do(method, "/bucket/k"), kind) is None
    attributes = await world.do("GET", "/bucket/k?attributes", headers={"x-amz-object-attributes": "Checksum"})
    assert element(kind, expected) in attributes.body


@every_way
@every_kind
async def test_a_checksum_of_a_part_is_verified_and_told(world: World, bucket: str, kind: str, way: str) -> None:
    begun = await world.do("POST", "/bucket/k?uploads", headers={"x-amz-checksum-algorithm": kind.upper()})
    target = f"/bucket/k?partNumber=1&uploadId={begun.element('UploadId')}"
    answer = await world.send(put(way, kind, SUMS[kind](WRONG), target))
    assert (answer.status, answer.code) == (400, "BadDigest")
    expected = SUMS[kind](DATA)
    answer = await world.send(put(way, kind, expected, target))
    assert (answer.status, told(answer, kind)) == (200, expected)
    listed = await world.do("GET", f"/bucket/k?uploadId={begun.element('UploadId')}")
    assert element(kind, expected) in listed.body
