from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.types import Key, Meta, Props
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.metadata import encoded, head_of, overrides_of, props_of
from gateway.frontends.s3.parameters import marker_of, token


@given(st.text(max_size=200))
def test_values_become_printable_ascii_and_back(value: str) -> None:
    written = encoded(value)
    assert written.isascii()
    assert "\r" not in written
    assert "\n" not in written
    if written != value:
        assert str(make_header(decode_header(written))) == value


@given(st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=200))
def test_values_are_read_as_they_are_written(value: str) -> None:
    if "=?" not in value:
        assert props_of({"x-amz-meta-a": encoded(value)}, 10_000).user == {"a": value}


def test_bytes_that_are_no_utf8_are_latin_1() -> None:
    header = b"\xe4\xf6".decode("utf-8", "surrogateescape")
    props = props_of({"x-amz-meta-a": header, "content-disposition": header}, 100)
    assert props.user == {"a": "äö"}
    assert props.system == {"http:content-disposition": "äö"}


@pytest.mark.parametrize("kept", ("gzip", "gzip,br", ""))
def test_the_coding_of_chunks_is_not_kept(kept: str) -> None:
    for sent in (f"aws-chunked,{kept}", f"{kept}, AWS-Chunked"):
        assert props_of({"content-encoding": sent}, 0).system.get("http:content-encoding", "") == kept


def test_codings_stay_as_they_are_written() -> None:
    for sent, kept in (("deflate, gzip", "deflate, gzip"), ("aws-chunked, aws-chunked", None), ("aws-chunked", None)):
        assert props_of({"content-encoding": sent}, 0).system.get("http:content-encoding") == kept


def test_size_counts_names_and_values() -> None:
    headers = {"x-amz-meta-ab": "é", "x-amz-meta-c": "d"}
    assert props_of(headers, 6).user == {"ab": "é", "c": "d"}
    with pytest.raises(S3Error, match="metadata") as error:
        props_of(headers, 5)
    assert error.value.elements == {"Size": "6", "MaxSizeAllowed": "5"}


def test_properties_of_others_are_not_shown() -> None:
    props = Props(content_type="a/b", system={"swift:manifest": "x", "http:expires": "never"}, user={"k": "v"})
    head = head_of(Meta(key=Key("b", "k"), size=1, etag="e", modified=0, props=props))
    assert head == [
        ("ETag", '"e"'),
        ("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Accept-Ranges", "bytes"),
        ("Content-Type", "a/b"),
        ("Expires", "never"),
        ("x-amz-meta-k", "v"),
    ]


def test_overrides() -> None:
    assert overrides_of({}) == overrides_of({"response-colour": "x"}) == {}
    assert overrides_of({"response-content-type": "a/b"}) == {"Content-Type": "a/b"}
    with pytest.raises(S3Error):
        overrides_of({"response-expires": "a\rb"})


def test_words_that_cannot_be_decoded_stay() -> None:
    for value in ("=?nope?B?eA==?=", "=?utf-8?B?/w==?=", "=?utf-8?B?x?=", "=? and ?="):
        assert props_of({"x-amz-meta-a": value}, 100).user == {"a": value}


@given(st.text(min_size=1, max_size=300))
def test_tokens_keep_their_marker(marker: str) -> None:
    assert marker_of({"continuation-token": token(marker)}) == marker


@given(st.text(max_size=50))
def test_tokens_of_others(text: str) -> None:
    try:
        marker = marker_of({"continuation-token": text})
    except S3Error as error:
        assert error.code is Code.INVALID_ARGUMENT  # noqa: PT017
    else:
        assert marker is None if not text else token(marker or "") == text
