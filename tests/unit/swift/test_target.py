import pytest

from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.target import Level, Target, parse, parse_account, parse_reference, split


@pytest.mark.parametrize(
    ("raw", "expected"),
    (
        ("/v1/AUTH_a", ("/v1/AUTH_a", "")),
        ("/v1/AUTH_a?limit=1", ("/v1/AUTH_a", "limit=1")),
        ("/v1/a/c/o%2Fp%3Fq?x=%2F", ("/v1/a/c/o/p?q", "x=%2F")),
        ("/v1/a/c/%C3%A9", ("/v1/a/c/é", "")),
        ("/v1/a/c/\u00e9", ("/v1/a/c/é", "")),
        ("/v1/a/c/a+b", ("/v1/a/c/a+b", "")),
        ("/v1/a/c/%zz%", ("/v1/a/c/%zz%", "")),
        ("http://host:80/v1/a?b", ("/v1/a", "b")),
        ("http://host", ("", "")),
        ("*", ("*", "")),
    ),
)
def test_split(raw: str, expected: tuple[str, str]) -> None:
    assert split(raw) == expected


@pytest.mark.parametrize("raw", ("/v1/a/%FF", "/v1/a/%ED%A0%80", "/v1/a/%00", "/v1/a/c/o\udcff", "/%C3"))
def test_paths_that_are_not_utf8_or_hold_a_nul_are_refused(raw: str) -> None:
    with pytest.raises(Refusal, match="Invalid UTF8 or contains NULL") as refused:
        split(raw)
    assert refused.value.status == 412


@pytest.mark.parametrize(
    ("path", "expected"),
    (
        ("/v1", Target("")),
        ("/v1/", Target("")),
        ("/v1/AUTH_a", Target("AUTH_a")),
        ("/v1.0/AUTH_a/", Target("AUTH_a")),
        ("/v1/AUTH_a/c", Target("AUTH_a", "c")),
        ("/v1/AUTH_a/c/", Target("AUTH_a", "c")),
        ("/v1/AUTH_a/c/o", Target("AUTH_a", "c", "o")),
        ("/v1/AUTH_a/c//o/", Target("AUTH_a", "c", "/o/")),
        ("/v1/AUTH_a/c/../o", Target("AUTH_a", "c", "../o")),
    ),
)
def test_parse(path: str, expected: Target) -> None:
    assert parse(path) == expected


@pytest.mark.parametrize(
    ("path", "status"),
    (
        ("/", 404),
        ("", 404),
        ("*", 404),
        ("v1/a", 404),
        ("//v1/a", 404),
        ("/v1//c/o", 404),
        ("/v1/a//o", 404),
        ("/v1///o", 404),
        ("/v2", 412),
        ("/favicon.ico", 412),
        ("/v2/a", 400),
        ("/v2/a/c/o", 400),
    ),
)
def test_paths_of_nothing(path: str, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        parse(path)
    assert refused.value.status == status


def test_levels_and_owners() -> None:
    assert Target("").level is Level.SERVICE
    assert Target("AUTH_a").level is Level.ACCOUNT
    assert Target("AUTH_a", "c").level is Level.CONTAINER
    assert Target("AUTH_a", "c", "o").level is Level.OBJECT
    assert Target("AUTH_a").owner == "a"
    assert Target("AUTH_AUTH_a").owner == "AUTH_a"
    assert Target("AUTH_").owner is None
    assert Target("a").owner is None
    assert Target('AUTH_x"\ny').realm == "AUTH_x%22%0Ay"


@pytest.mark.parametrize(
    ("value", "expected"),
    (
        ("c/o", Target("AUTH_a", "c", "o")),
        ("/c/o/p", Target("AUTH_a", "c", "o/p")),
        ("c/o%2Fp%C3%A9", Target("AUTH_a", "c", "o/pé")),
        ("c/\u00e9", Target("AUTH_a", "c", "é")),
        ("c//o", Target("AUTH_a", "c", "/o")),
    ),
)
def test_references(value: str, expected: Target) -> None:
    assert parse_reference("X-Copy-From", value, "AUTH_a") == expected


@pytest.mark.parametrize("value", ("c", "c/", "/", "//o", "", "%FF/o", "c/%00", "c/\udcff"))
def test_references_of_another_form_are_412(value: str) -> None:
    with pytest.raises(Refusal, match="Destination header must be of the form") as refused:
        parse_reference("Destination", value, "AUTH_a")
    assert refused.value.status == 412


def test_accounts_in_headers() -> None:
    assert parse_account("AUTH_%C3%A9") == "AUTH_é"
    for bad in ("", "a/b", "a%2Fb", "%FF", "%00"):
        with pytest.raises(Refusal) as refused:
            parse_account(bad)
        assert refused.value.status == 412
