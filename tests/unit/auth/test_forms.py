"""Policies of forms."""

import json
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth.errors import AuthCode, AuthError
from gateway.auth.forms import parse_policy, scheme_of
from gateway.auth.request import Scheme

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = "2026-01-01T00:01:00Z"


def encode(document: object) -> str:
    return b64encode(json.dumps(document).encode()).decode()


def refusal(conditions: object, fields: dict[str, str], now: datetime = NOW) -> AuthError | None:
    try:
        parse_policy(encode({"expiration": LATER, "conditions": conditions})).check(fields, now)
    except AuthError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("conditions", "fields", "message"),
    (
        ([], {}, ""),
        ([{"key": "a"}], {"key": "a"}, ""),
        ([["eq", "$key", "a"]], {"key": "b"}, 'Policy Condition failed: ["eq", "$key", "a"]'),
        ([["eq", "$key", "a"]], {}, "Policy Condition failed"),
        ([["eq", "$key", ""]], {}, ""),
        ([["starts-with", "$key", ""]], {"key": "anything"}, ""),
        ([["starts-with", "$key", "a"]], {"key": "ba"}, "Policy Condition failed"),
        ([["starts-with", "$Content-Type", "image/"]], {"content-type": "image/a, image/b"}, ""),
        ([["starts-with", "$content-type", "image/"]], {"content-type": "image/a, text/b"}, "Policy Condition failed"),
        ([["starts-with", "$key", "a"], {"key": "ab"}], {"key": "ac"}, "Policy Condition failed"),
        ([], {"key": "a"}, "Extra input fields: key"),
        ([], {"x-ignore-this": "a", "file": "b", "policy": "c", "signature": "d", "awsaccesskeyid": "e"}, ""),
        ([], {"x-amz-signature": "a"}, ""),
        ([], {"x-amz-credential": "a"}, "Extra input fields"),
    ),
)
def test_conditions(conditions: object, fields: dict[str, str], message: str) -> None:
    error = refusal(conditions, fields)
    if message:
        assert error is not None
        assert error.code is AuthCode.ACCESS_DENIED
        assert message in error.message
    else:
        assert error is None


def test_a_policy_holds_until_it_expires() -> None:
    assert refusal([], {}, NOW + timedelta(seconds=59)) is None
    error = refusal([], {}, NOW + timedelta(seconds=60))
    assert error is not None
    assert error.message == "Invalid according to Policy: Policy expired."


def test_ranges() -> None:
    for stated, sizes in (
        ([["content-length-range", 1, 10]], (1, 10)),
        ([["Content-Length-Range", "1", "10"]], (1, 10)),
        ([["content-length-range", 1, 10], ["content-length-range", 5, 20]], (5, 10)),
    ):
        assert parse_policy(encode({"expiration": LATER, "conditions": stated})).sizes == sizes


@pytest.mark.parametrize(
    "document",
    (
        None,
        [],
        {},
        {"expiration": LATER},
        {"conditions": []},
        {"expiration": LATER, "conditions": {}},
        {"expiration": LATER, "conditions": [], "more": 1},
        {"Expiration": LATER, "conditions": []},
        {"expiration": "2026-13-01T00:00:00Z", "conditions": []},
        {"expiration": "2026-01-01", "conditions": []},
        {"expiration": 1, "conditions": []},
        *({"expiration": LATER, "conditions": [bad]} for bad in (
            None, 1, "a", [], {}, {"a": 1}, ["eq"], ["eq", "$a"], ["eq", "a", "b"], ["eq", "$", "b"], ["eq", "$a", 1],
            ["in", "$a", "b"], ["content-length-range", 1], ["content-length-range", -1, 1],
            ["content-length-range", "x", 1], ["content-length-range", True, 1], ["content-length-range", 1.5, 2],
            ["content-length-range", 1, 2**63],
        )),
        {"expiration": LATER, "conditions": [{"a": "b"}] * 201},
    ),
)  # fmt: skip
def test_what_is_no_policy(document: object) -> None:
    with pytest.raises(AuthError) as refused:
        parse_policy(encode(document))
    assert refused.value.code is AuthCode.INVALID_POLICY_DOCUMENT


@pytest.mark.parametrize("encoded", ("?", "e30", b64encode(b"{").decode(), b64encode(b"[" * 9000).decode(), ""))
def test_what_is_no_json(encoded: str) -> None:
    with pytest.raises(AuthError) as refused:
        parse_policy(encoded)
    assert refused.value.code is AuthCode.INVALID_POLICY_DOCUMENT


def test_a_name_that_stands_twice() -> None:
    text = f'{{"expiration": "{LATER}", "conditions": [], "conditions": [{{"key": "a"}}]}}'
    with pytest.raises(AuthError):
        parse_policy(b64encode(text.encode()).decode())


V4 = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "policy")
V2 = ("awsaccesskeyid", "signature", "policy")


@pytest.mark.parametrize(("names", "scheme"), ((V4, Scheme.V4_QUERY), (V2, Scheme.V2_QUERY)))
def test_schemes(names: tuple[str, ...], scheme: Scheme) -> None:
    fields = dict.fromkeys((*names, "key"), "x")
    assert scheme_of(fields) is scheme
    for name in names:
        without = {field: value for field, value in fields.items() if field != name}
        with pytest.raises(AuthError, match=f"named '{name}'"):
            scheme_of(without)
        with pytest.raises(AuthError, match=f"named '{name}'"):
            scheme_of({**fields, name: ""})
    assert scheme_of({"key": "x"}) is Scheme.ANONYMOUS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CONDITION = JSON | st.tuples(st.sampled_from(("eq", "starts-with", "content-length-range")), JSON, JSON)


@given(
    JSON | st.fixed_dictionaries({"expiration": st.just(LATER) | JSON, "conditions": st.lists(CONDITION, max_size=3)})
)
@settings(max_examples=300)
def test_whatever_is_sent_is_a_policy_or_refused(document: object) -> None:
    with suppress(AuthError):
        parse_policy(encode(document)).check({"key": "a", "acl": "b"}, NOW)


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_whatever_text_is_sent_is_refused(text: str) -> None:
    with pytest.raises(AuthError):
        parse_policy(text)
