import pytest

from gateway.frontends.swift.accept import Format, negotiate
from gateway.frontends.swift.errors import Refusal


@pytest.mark.parametrize(
    ("parameter", "accept", "expected"),
    (
        ("", "", Format.PLAIN),
        ("", "*/*", Format.PLAIN),
        ("", "application/json", Format.JSON),
        ("", "application/*", Format.JSON),
        ("", "application/xml", Format.XML),
        ("", "text/xml", Format.TEXT_XML),
        ("", "*/xml", Format.XML),
        ("", "text/plain;q=0.5, application/json", Format.JSON),
        ("", "application/*;q=0.9, text/xml;q=0.9", Format.TEXT_XML),
        ("", 'application/json; charset="a,b"', None),
        ("", 'application/json; charset="utf-8"; q=0.1, text/plain; q=0.2', Format.PLAIN),
        ("", "image/png, text/*;q=0.1", Format.PLAIN),
        ("json", "application/xml", Format.JSON),
        ("XML", "", Format.XML),
        ("plain", "application/json", Format.PLAIN),
        ("yaml", "application/json", Format.PLAIN),
    ),
)
def test_the_format_that_a_client_likes_best(parameter: str, accept: str, expected: Format | None) -> None:
    if expected is None:
        with pytest.raises(Refusal) as refused:
            negotiate(parameter, accept)
        assert refused.value.status == 400
    else:
        assert negotiate(parameter, accept) is expected


def test_nothing_acceptable_is_406() -> None:
    with pytest.raises(Refusal) as refused:
        negotiate("", "image/png")
    assert refused.value.status == 406


@pytest.mark.parametrize(
    "accept",
    (
        "json",
        "text/plain, ",
        "text/plain;q=much",
        "text/plain;q=1;q=1",
        "text/plain;q=-1",
        "text/plain;q",
        "a/b/c",
        "text/plain," * 2000 + "text/plain",
    ),
)
def test_a_malformed_header_is_400(accept: str) -> None:
    with pytest.raises(Refusal) as refused:
        negotiate("", accept)
    assert refused.value.status == 400
