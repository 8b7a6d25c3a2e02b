import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.cors import MAX_ASKED, Rule, find, pack, parse, unpack
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.origins import granted, preflight
from gateway.frontends.s3.record import Found, Record

NAMES = st.lists(st.text("abc*.-", min_size=1, max_size=5), max_size=3).map(tuple)
RULES = st.builds(
    Rule,
    id=st.none() | st.text(max_size=5),
    methods=NAMES,
    origins=NAMES,
    headers=NAMES,
    exposed=NAMES,
    max_age=st.none() | st.integers(0, 9),
)


@given(st.lists(RULES, max_size=3).map(tuple))
def test_rules_come_back_as_they_were_packed(rules: tuple[Rule, ...]) -> None:
    assert unpack(pack(rules)) == rules


@pytest.mark.parametrize(
    ("pattern", "origin", "allowed"),
    (
        ("*", "https://any.example", True),
        ("https://a.example", "https://a.example", True),
        ("https://a.example", "https://A.example", False),
        ("https://*.example", "https://a.b.example", True),
        ("https://*.example", "https://example", False),
        ("https://*.example", "https://a.example.org", False),
        ("*suffix", "foo.suffix", True),
        ("*suffix", "foo.suffix.get", False),
        ("start*end", "startend", True),
        ("start*end", "start1end", True),
        ("start*tend", "startend", False),
        ("start*end", "0start_end", False),
        ("prefix*", "prefix", True),
        ("a.b", "axb", False),
    ),
)
def test_origins(pattern: str, origin: str, allowed: bool) -> None:
    rule = Rule(methods=("GET",), origins=(pattern,))
    assert rule.allows(origin, "GET", ()) is allowed
    assert not rule.allows(origin, "PUT", ())


@pytest.mark.parametrize(
    ("asked", "allowed"),
    (
        ((), True),
        (("content-type",), True),
        (("x-amz-meta-a", "content-type"), True),
        (("x-amz-meta-a", "x-other"), False),
        (("content-type",) * MAX_ASKED, True),
        (("content-type",) * (MAX_ASKED + 1), False),
    ),
)
def test_headers(asked: tuple[str, ...], allowed: bool) -> None:
    rule = Rule(methods=("PUT",), origins=("*",), headers=("content-type", "x-amz-meta-*"))
    assert rule.allows("http://a", "PUT", asked) is allowed


def test_the_first_rule_that_allows_it_counts() -> None:
    rules = tuple(Rule(id=method, methods=(method,), origins=("*",)) for method in ("GET", "PUT"))
    assert find(rules, "http://a", "PUT", ()) is rules[1]
    assert find(rules, "http://a", "POST", ()) is None


def test_what_is_granted() -> None:
    rule = Rule(
        methods=("GET", "PUT"), origins=("http://*",), headers=("*",), exposed=("ETag", "x-amz-meta-a"), max_age=9
    )
    asked = {"access-control-request-method": "PUT", "access-control-request-headers": "Content-Type, X-A"}
    assert dict(preflight([rule], {"origin": "http://a", **asked})) == {
        "Access-Control-Allow-Origin": "http://a",
        "Access-Control-Allow-Methods": "GET, PUT",
        "Access-Control-Allow-Headers": "content-type, x-a",
        "Access-Control-Expose-Headers": "ETag, x-amz-meta-a",
        "Access-Control-Max-Age": "9",
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    }
    anyone = dict(granted([Rule(methods=("GET",), origins=("*",))], "GET", {"origin": "http://a"}))
    assert anyone["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in anyone
    assert granted([], "GET", {"origin": "http://a"}) == ()
    assert [name for name, _ in granted([rule], "GET", {"origin": "ftp://a"})] == ["Vary"]


def test_a_method_that_is_asked_for_counts_before_the_one_that_is_used() -> None:
    rule = Rule(methods=("GET",), origins=("*",))
    asked = {"origin": "http://a", "access-control-request-method": "GET"}
    assert len(granted([rule], "PUT", asked)) > 1
    assert len(granted([rule], "GET", {**asked, "access-control-request-method": "PUT"})) == 1


RULE: dict[str, Found] = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}


@pytest.mark.parametrize(
    ("rule", "code"),
    (
        ({"AllowedMethods": ["PATCH"]}, Code.INVALID_REQUEST),
        ({"AllowedMethods": ["get"]}, Code.INVALID_REQUEST),
        ({"AllowedOrigins": ["http://*.*"]}, Code.INVALID_REQUEST),
        ({"AllowedHeaders": ["*-*"]}, Code.INVALID_REQUEST),
        ({"ExposeHeaders": ["x-*"]}, Code.INVALID_REQUEST),
        ({"ExposeHeaders": ["x\r\nSet-Cookie: a=b"]}, Code.INVALID_REQUEST),
        ({"ID": "i" * 256}, Code.INVALID_REQUEST),
        ({"MaxAgeSeconds": -1}, Code.MALFORMED_XML),
    ),
)
def test_rules_that_are_refused(rule: dict[str, Found], code: Code) -> None:
    with pytest.raises(S3Error) as caught:
        parse(Record({"CORSRules": [Record({**RULE, **rule})]}))
    assert caught.value.code is code


def test_at_most_a_hundred_rules() -> None:
    assert len(parse(Record({"CORSRules": [Record(RULE)] * 100}))) == 100
    with pytest.raises(S3Error, match="100 rules"):
        parse(Record({"CORSRules": [Record(RULE)] * 101}))
