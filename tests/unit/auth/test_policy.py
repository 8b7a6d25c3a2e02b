"""Policies: their patterns, their conditions, and what is refused as no policy."""

import json
import re
from collections.abc import Mapping
from fnmatch import translate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth.policy.conditions import parse_condition
from gateway.auth.policy.document import MAX_POLICY, Attempt, Effect, MalformedPolicy, Policy, parse
from gateway.auth.policy.patterns import matches
from gateway.auth.policy.status import is_public
from gateway.auth.principals import ANONYMOUS, Account, Principal, Role

SOMEBODY = Principal(Account("acc", "acc"), "ann", Role.NONE)


def document(**changes: object) -> str:
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::bucket/*",
    }
    for name, value in changes.items():
        if value is None:
            del statement[name]
        else:
            statement[name] = value
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    (
        ("", "", True),
        ("*", "", True),
        ("*", "a/b\nc", True),
        ("a*", "a", True),
        ("a*c", "abcbc", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "acb", False),
        ("?", "", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*a?", "aab", True),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/dir/k", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("home/${aws:username}/*", "home/ann/x", True),
        ("home/${aws:username}/*", "home/bob/x", False),
        ("home/${ AWS:UserName }/*", "home/ann/x", True),
        ("${*}${?}${$}", "*?$", True),
        ("${*}", "a", False),
        ("${aws:missing}", "", False),
        ("${s3:many}", "a", False),
    ),
)
def test_patterns(pattern: str, text: str, found: bool) -> None:
    values = {"aws:username": ("ann",), "s3:many": ("a", "b")}
    assert matches(pattern, text, values) is found


def test_a_value_is_no_pattern() -> None:
    assert not matches("home/${aws:username}/x", "home/bob/x", {"aws:username": ("*",)})
    assert matches("home/${aws:username}/x", "home/*/x", {"aws:username": ("*",)})


def test_variables_are_text_where_there_are_none() -> None:
    assert matches("${aws:username}", "${aws:username}")


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
@settings(max_examples=300)
def test_patterns_are_those_of_shells(pattern: str, text: str) -> None:
    assert matches(pattern, text) is (re.match(translate(pattern), text) is not None)


def test_a_pattern_that_is_all_stars_is_quick() -> None:
    assert not matches("*a" * 500 + "b", "a" * 1000)


KNOWN: Mapping[str, tuple[str, ...]] = {
    "s3:prefix": ("Home/ann",),
    "s3:max-keys": ("10",),
    "s3:delimiter": ("no number",),
    "aws:currenttime": ("2026-01-02T03:04:05Z",),
    "aws:epochtime": ("1767323045",),
    "aws:sourceip": ("192.0.2.7",),
    "aws:securetransport": ("false",),
    "s3:requestobjecttagkeys": ("a", "b"),
    "s3:x-amz-content-sha256": ("aGk=",),
    "aws:username": ("ann",),
    "aws:useragent": ("2001:db8::1",),
    "aws:referer": ("::ffff:192.0.2.7",),
}


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    (
        ("StringEquals", "s3:prefix", ("Home/ann",), True),
        ("StringEquals", "s3:prefix", ("home/ann",), False),
        ("StringEquals", "s3:prefix", ("x", "Home/${aws:username}"), True),
        ("StringEqualsIgnoreCase", "s3:prefix", ("HOME/ANN",), True),
        ("StringNotEquals", "s3:prefix", ("x", "Home/ann"), False),
        ("StringNotEquals", "s3:prefix", ("x", "y"), True),
        ("StringNotEqualsIgnoreCase", "s3:prefix", ("HOME/ann",), False),
        ("StringLike", "s3:prefix", ("Home/*",), True),
        ("StringNotLike", "s3:prefix", ("Home/*",), False),
        ("StringEquals", "s3:missing", ("x",), False),
        ("StringNotEquals", "s3:missing", ("x",), True),
        ("StringEqualsIfExists", "s3:missing", ("x",), True),
        ("StringEqualsIfExists", "s3:prefix", ("x",), False),
        ("NumericEquals", "s3:max-keys", ("10.0",), True),
        ("NumericNotEquals", "s3:max-keys", ("10", "11"), False),
        ("NumericLessThan", "s3:max-keys", ("10",), False),
        ("NumericLessThanEquals", "s3:max-keys", ("10",), True),
        ("NumericGreaterThan", "s3:max-keys", ("9",), True),
        ("NumericGreaterThanEquals", "s3:max-keys", ("11",), False),
        ("NumericLessThan", "s3:delimiter", ("10",), False),
        ("NumericNotEquals", "s3:delimiter", ("10",), True),
        ("DateGreaterThan", "aws:currenttime", ("2026-01-01T00:00:00Z",), True),
        ("DateLessThan", "aws:currenttime", ("2026-01-01",), False),
        ("DateEquals", "aws:epochtime", ("2026-01-02T03:04:05Z",), True),
        ("DateNotEquals", "aws:currenttime", ("2026-01-02T04:04:05+01:00",), False),
        ("Bool", "aws:securetransport", ("false",), True),
        ("Bool", "aws:securetransport", ("True",), False),
        ("BoolIfExists", "s3:missing", ("true",), True),
        ("IpAddress", "aws:sourceip", ("192.0.2.0/24",), True),
        ("IpAddress", "aws:sourceip", ("192.0.2.7",), True),
        ("IpAddress", "aws:sourceip", ("2001:db8::/32",), False),
        ("IpAddress", "aws:useragent", ("2001:db8::/32",), True),
        ("IpAddress", "aws:referer", ("192.0.2.0/24",), True),
        ("IpAddress", "s3:prefix", ("192.0.2.0/24",), False),
        ("NotIpAddress", "aws:sourceip", ("10.0.0.0/8", "192.0.2.0/24"), False),
        ("NotIpAddress", "aws:sourceip", ("10.0.0.0/8",), True),
        ("BinaryEquals", "s3:x-amz-content-sha256", ("aGk=",), True),
        ("ArnLike", "s3:prefix", ("Home/?nn",), True),
        ("ArnNotEquals", "s3:prefix", ("Home/?nn",), False),
        ("Null", "s3:missing", ("true",), True),
        ("Null", "s3:missing", ("false",), False),
        ("Null", "s3:prefix", ("true",), False),
        ("Null", "s3:prefix", ("false",), True),
        ("ForAnyValue:StringEquals", "s3:requestobjecttagkeys", ("b", "c"), True),
        ("ForAnyValue:StringEquals", "s3:requestobjecttagkeys", ("c",), False),
        ("ForAnyValue:StringNotEquals", "s3:requestobjecttagkeys", ("a",), True),
        ("ForAnyValue:StringEquals", "s3:missing", ("a",), False),
        ("ForAnyValue:StringNotEquals", "s3:missing", ("a",), False),
        ("ForAllValues:StringEquals", "s3:requestobjecttagkeys", ("a", "b", "c"), True),
        ("ForAllValues:StringEquals", "s3:requestobjecttagkeys", ("a",), False),
        ("ForAllValues:StringNotEquals", "s3:requestobjecttagkeys", ("c",), True),
        ("ForAllValues:StringEquals", "s3:missing", ("a",), True),
        ("ForAnyValue:StringLikeIfExists", "s3:missing", ("a",), True),
    ),
)
def test_conditions(operator: str, key: str, values: tuple[str, ...], holds: bool) -> None:
    assert parse_condition(operator, key, values).holds(KNOWN) is holds


@pytest.mark.parametrize(
    ("operator", "value"),
    (
        ("StringMatches", "x"),
        ("ForSomeValue:StringEquals", "x"),
        ("NullIfExists", "true"),
        ("Null", "perhaps"),
        ("Bool", "1"),
        ("NumericEquals", "ten"),
        ("NumericEquals", "NaN"),
        ("DateEquals", "yesterday"),
        ("IpAddress", "300.0.0.0/8"),
        ("BinaryEquals", "?"),
        ("IfExists", "x"),
        (":", "x"),
    ),
)
def test_bad_conditions(operator: str, value: str) -> None:
    with pytest.raises(ValueError, match="Invalid"):
        parse_condition(operator, "s3:prefix", (value,))
    with pytest.raises(MalformedPolicy):
        parse(document(Condition={operator: {"s3:prefix": value}}))


@pytest.mark.parametrize(
    "text",
    (
        "",
        "{",
        "null",
        "[]",
        " {}",
        "{}",
        '{"Statement": []}',
        '{"Statement": [1]}',
        '{"Statement": {}, "Statement": {}}',
        '{"Statement": NaN}',
        "[" * 5000,
        '{"Statement": ' + "[" * 10_000,
        document().replace("2012-10-17", "2013-10-17"),
        document().replace('"2012-10-17"', "[]"),
        document(Effect=None),
        document(Effect="allow"),
        document(Effect=["Allow"]),
        document(Principal=None),
        document(Principal="me"),
        document(Principal={}),
        document(Principal={"AWS": []}),
        document(Principal={"AWS": [1]}),
        document(Principal={"AWS": "arn:aws:iam::acc:user/*"}),
        document(Principal={"AWS": "arn:aws:s3:::bucket"}),
        document(Principal={"Robot": "x"}),
        document(NotPrincipal="*"),
        document(Principal=None, NotPrincipal="*"),
        document(Action=None),
        document(Action=[]),
        document(Action=[""]),
        document(Action=["s3:GetObject", 1]),
        document(Action="GetObject"),
        document(Action="s3:Get"),
        document(Action="ec2:*"),
        document(NotAction="s3:*"),
        document(Resource=None),
        document(Resource="bucket/*"),
        document(Resource="arn:aws:s3:::other/*"),
        document(Resource="arn:aws:s3:::bucket2"),
        document(NotResource="*"),
        document(Condition=[]),
        document(Condition={"StringEquals": "x"}),
        document(Condition={"StringEquals": {"aws:unheard-of": "x"}}),
        document(Condition={"StringEquals": {"s3:ExistingObjectTag/": "x"}}),
        document(Condition={"StringEquals": {"s3:prefix": []}}),
        document(Condition={"StringEquals": {"s3:prefix": [None]}}),
        document(Sid=1),
        document(Comment="x"),
        document(Sid="x" * MAX_POLICY),
        json.dumps({"Version": "2012-10-17", "Comment": "x", "Statement": json.loads(document())["Statement"]}),
        json.dumps({"Statement": [json.loads(document())["Statement"]] * 201})[:MAX_POLICY],
    ),
)
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse(text, "bucket")
    assert str(refused.value)


@pytest.mark.parametrize(
    "text",
    (
        document(),
        document(Sid="a", Resource=["arn:aws:s3:::bucket", "arn:aws:s3:::*", "*", "arn:aws:s3:::buck??/x"]),
        document(Action=["S3:getobject", "s3:*Acl", "*"]),
        document(Effect="Deny", Principal=None, NotPrincipal={"AWS": "acc"}),
        document(Principal={"AWS": ["*", "acc", "arn:aws:iam::acc:role/x"], "Service": "x.amazonaws.com"}),
        document(Condition={"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:max-keys": 7}}),
        document(Condition={"StringEquals": {"S3:existingobjecttag/Kind": "x"}}),
        document().replace("2012-10-17", "2008-10-17"),
    ),
)
def test_what_is_a_policy(text: str) -> None:
    assert len(parse(text, "bucket").statements) == 1


def effect(policy: Policy, action: str, resource: str, who: Principal = SOMEBODY) -> Effect | None:
    values = {"aws:username": (who.user,), "s3:existingobjecttag/Kind": ("x",)}
    statement = policy.effect(Attempt(who, action.lower(), f"arn:aws:s3:::{resource}", values))
    return statement.effect if statement else None


def test_actions_are_the_same_in_any_case() -> None:
    assert effect(parse(document(Action="S3:GETOBJECT")), "s3:GetObject", "bucket/k") is Effect.ALLOW


def test_keys_of_resources_and_tags_are_not() -> None:
    assert effect(parse(document(Resource="arn:aws:s3:::bucket/K")), "s3:GetObject", "bucket/k") is None
    for tag, found in (("Kind", Effect.ALLOW), ("kind", None)):
        text = document(Condition={"StringEquals": {f"S3:EXISTINGOBJECTTAG/{tag}": "x"}})
        assert effect(parse(text), "s3:GetObject", "bucket/k") is found


def test_variables_came_with_the_second_version() -> None:
    text = document(Resource="arn:aws:s3:::bucket/${aws:username}")
    assert effect(parse(text), "s3:GetObject", "bucket/ann") is Effect.ALLOW
    assert effect(parse(text.replace("2012", "2008")), "s3:GetObject", "bucket/ann") is None


def test_a_denial_wins_in_any_order() -> None:
    statements = [json.loads(document(Effect=name))["Statement"] for name in ("Allow", "Deny")]
    for order in (statements, statements[::-1]):
        policy = parse(json.dumps({"Statement": order}))
        assert effect(policy, "s3:GetObject", "bucket/k", ANONYMOUS) is Effect.DENY


@pytest.mark.parametrize(
    ("changes", "public"),
    (
        ({}, True),
        ({"Principal": {"AWS": ["acc", "*"]}}, True),
        ({"Principal": {"AWS": "acc"}}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalAccount": "acc"}}}, False),
        ({"Condition": {"StringLike": {"aws:PrincipalAccount": "a*"}}}, True),
        ({"Condition": {"StringLike": {"aws:userid": "${aws:username}"}}}, True),
        ({"Condition": {"StringEqualsIfExists": {"aws:PrincipalAccount": "acc"}}}, True),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "acc"}}}, True),
        ({"Condition": {"ForAllValues:StringEquals": {"aws:PrincipalAccount": "acc"}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/1"]}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}}, False),
        ({"Condition": {"StringEquals": {"s3:prefix": "a"}}}, True),
    ),
)
def test_what_is_public(changes: dict[str, object], public: bool) -> None:
    assert is_public(parse(document(**changes))) is public


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
OPERATORS = ("StringLike", "NumericLessThan", "DateEquals", "IpAddress", "Bool", "Null", "ForAnyValue:StringLike")
CONDITION = st.dictionaries(
    st.sampled_from(OPERATORS), st.dictionaries(st.sampled_from(("aws:SourceIp", "s3:prefix")), JSON, max_size=2)
)
STATEMENT = st.dictionaries(st.sampled_from(FIELDS), JSON | CONDITION | st.sampled_from(("*", "s3:*", "Allow")))


@given(STATEMENT | JSON)
@settings(max_examples=300)
def test_whatever_is_sent_is_a_policy_or_refused(statement: object) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    try:
        policy = parse(text, "bucket")
    except MalformedPolicy:
        return
    effect(policy, "s3:GetObject", "bucket/k")
    is_public(policy)


@given(CONDITION)
@settings(max_examples=200)
def test_whatever_condition_is_sent_is_one_or_refused(condition: object) -> None:
    try:
        policy = parse(document(Condition=condition))
    except MalformedPolicy:
        return
    effect(policy, "s3:GetObject", "bucket/k")


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
@settings(max_examples=200)
def test_whatever_text_is_sent_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse(text)
