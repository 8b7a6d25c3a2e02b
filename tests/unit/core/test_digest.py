import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.digest import (
    LINEAR,
    Algorithm,
    combined_checksum,
    composite_checksum,
    composite_etag,
    digest,
    encode,
    new,
)

CHECK = b"123456789"
"""What catalogues of checksums state their check values for."""

VECTORS = {
    (Algorithm.MD5, CHECK): "25f9e794323b453885f5181f1b624d0b",
    (Algorithm.SHA1, CHECK): "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    (Algorithm.SHA256, CHECK): "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    (Algorithm.CRC32, CHECK): "cbf43926",
    (Algorithm.CRC32C, CHECK): "e3069283",
    (Algorithm.CRC64NVME, CHECK): "ae8b14860a799888",
    (Algorithm.MD5, b""): "d41d8cd98f00b204e9800998ecf8427e",
    (Algorithm.SHA1, b""): "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    (Algorithm.SHA256, b""): "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    (Algorithm.CRC32, b""): "00000000",
    (Algorithm.CRC32C, b""): "00000000",
    (Algorithm.CRC64NVME, b""): "0000000000000000",
}

algorithms = st.sampled_from(Algorithm)


@pytest.mark.parametrize(("algorithm", "data"), VECTORS)
def test_known_digests(algorithm: Algorithm, data: bytes) -> None:
    assert digest(algorithm, data).hex() == VECTORS[algorithm, data]


@given(algorithms, st.lists(st.binary(max_size=200), max_size=6))
def test_pieces_make_the_digest_of_the_whole(algorithm: Algorithm, pieces: list[bytes]) -> None:
    state = new(algorithm)
    for piece in pieces:
        state.update(piece)
    assert state.digest() == digest(algorithm, b"".join(pieces))


@given(st.binary(max_size=500))
def test_the_crc_is_the_one_of_zlib(data: bytes) -> None:
    assert digest(Algorithm.CRC32, data) == zlib.crc32(data).to_bytes(4, "big")


def test_the_names_are_those_of_the_headers() -> None:
    assert [algorithm.value for algorithm in Algorithm] == ["md5", "sha1", "sha256", "crc32", "crc32c", "crc64nvme"]


def test_digests_are_written_in_base64() -> None:
    assert encode(bytes.fromhex("cbf43926")) == "y/Q5Jg=="


def test_the_etag_of_parts() -> None:
    etags = [hashlib.md5(part).hexdigest() for part in (b"one", b"two")]
    whole = hashlib.md5(b"".join(map(bytes.fromhex, etags))).hexdigest()
    assert composite_etag(etags) == f"{whole}-2"
    assert composite_etag(iter(etags)) == f"{whole}-2"
    assert composite_etag(etags[:1]) == f"{hashlib.md5(bytes.fromhex(etags[0])).hexdigest()}-1"


def test_the_etag_of_parts_that_were_put_together_themselves() -> None:
    etag = hashlib.md5(b"one").hexdigest()
    assert composite_etag([etag + "-7"]) == composite_etag([etag])


@given(algorithms, st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_the_checksum_of_digests_of_parts(algorithm: Algorithm, parts: list[bytes]) -> None:
    joined = b"".join(digest(algorithm, part) for part in parts)
    found = composite_checksum(algorithm, (encode(digest(algorithm, part)) for part in parts))
    assert found == f"{base64.b64encode(digest(algorithm, joined)).decode()}-{len(parts)}"


@given(st.sampled_from(sorted(LINEAR)), st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_checksums_of_parts_combine_into_that_of_all_bytes(algorithm: Algorithm, parts: list[bytes]) -> None:
    found = combined_checksum(algorithm, ((encode(digest(algorithm, part)), len(part)) for part in parts))
    assert found == encode(digest(algorithm, b"".join(parts)))


@given(st.sampled_from(sorted(LINEAR)), st.lists(st.integers(0, 2**40), min_size=3, max_size=3))
def test_checksums_combine_in_any_grouping_whatever_the_sizes(algorithm: Algorithm, sizes: list[int]) -> None:
    parts = [(encode(digest(algorithm, bytes([size % 256]))), size) for size in sizes]
    at_once = combined_checksum(algorithm, parts)
    last = combined_checksum(algorithm, parts[1:]), sizes[1] + sizes[2]
    assert combined_checksum(algorithm, (parts[0], last)) == at_once
