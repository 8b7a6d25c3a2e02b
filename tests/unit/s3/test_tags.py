import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.tags import OF_BUCKET, OF_OBJECT, count, of_header, pack, rows

ALLOWED = string.ascii_letters + string.digits + "+-=._:/@ äßλ中٣"
NAMES = st.text(ALLOWED, min_size=1, max_size=128).filter(lambda name: not name.startswith("aws:"))


@given(st.dictionaries(NAMES, st.text(ALLOWED, max_size=256), min_size=1, max_size=OF_OBJECT))
def test_what_is_packed_is_shown_in_order(tags: dict[str, str]) -> None:
    packed = pack(list(tags.items()), OF_OBJECT)
    assert rows(packed) == [{"Key": name, "Value": tags[name]} for name in sorted(tags)]
    assert count(packed) == len(tags)
    assert of_header(packed) == packed


@pytest.mark.parametrize(
    ("header", "packed"),
    (
        ("foo=bar&bar", "bar=&foo=bar"),
        ("a%20b=c+d", "a+b=c+d"),
        ("k=1%3D2", "k=1%3D2"),
        ("", ""),
    ),
)
def test_headers(header: str, packed: str) -> None:
    assert of_header(header) == packed


@pytest.mark.parametrize("header", ("a=1&a=2", "a=%FF"))
def test_headers_that_make_no_sense(header: str) -> None:
    with pytest.raises(S3Error) as caught:
        of_header(header)
    assert (caught.value.code, caught.value.elements["ArgumentName"]) == (Code.INVALID_ARGUMENT, "x-amz-tagging")


@pytest.mark.parametrize(
    ("pairs", "message"),
    (
        ([("", "x")], "The TagKey you have provided is invalid"),
        ([("k" * 129, "x")], "The TagKey you have provided is invalid"),
        ([("a&b", "x")], "The TagKey you have provided is invalid"),
        ([("a\n", "x")], "The TagKey you have provided is invalid"),
        ([("k", "v" * 257)], "The TagValue you have provided is invalid"),
        ([("k", "<v>")], "The TagValue you have provided is invalid"),
        ([("k", "\udcff")], "The TagValue you have provided is invalid"),
        ([("aws:k", "v")], "System tags cannot be added/updated by requester"),
        ([("k", "1"), ("k", "2")], "Cannot provide multiple Tags with the same key"),
        ([(f"k{n}", "v") for n in range(11)], "Object tags cannot be greater than 10"),
    ),
)
def test_limits(pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(S3Error) as caught:
        pack(pairs, OF_OBJECT)
    assert (caught.value.code, caught.value.message) == (Code.INVALID_TAG, message)


def test_the_longest_are_taken() -> None:
    pairs = [(f"{n:0>128}", "ä" * 256) for n in range(OF_BUCKET)]
    assert len(rows(pack(pairs, OF_BUCKET))) == OF_BUCKET
    with pytest.raises(S3Error, match="Bucket tag count cannot be greater than 50"):
        pack([*pairs, ("one", "more")], OF_BUCKET)
