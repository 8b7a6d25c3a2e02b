"""Properties in Swift's headers: whatever is put comes back, within what Swift takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import BadRequest
from gateway.core.types import Props
from gateway.stores.swift.metadata import (
    PIECE,
    Stated,
    content_type,
    iso,
    of_container,
    of_object,
    props_of,
    read_container,
    read_content_type,
    removing,
    timestamp,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.one_of(st.sampled_from(["color", "a_b", "Case", "portico-0", "x y", "é", "", "a:b"]), TEXT)
SYSTEM = st.one_of(st.sampled_from(["http:cache-control", "http:expires", "s3:tagging"]), NAMES)
TIMES = st.one_of(st.none(), st.integers(0, 2**62))


def sent(headers: dict[str, str]) -> dict[str, str]:
    """Headers as they arrive: without space around values, and with other capitals."""
    return {name.title(): value.strip() for name, value in headers.items()}


@given(
    st.dictionaries(NAMES, TEXT, max_size=8),
    st.dictionaries(SYSTEM, TEXT, max_size=5),
    st.sampled_from(["text/plain", "text/html; charset=utf-8", "", "a\nb", " x", "é"]),
    TIMES,
    TIMES,
)
def test_properties_come_back(
    user: dict[str, str], system: dict[str, str], kind: str, expires: int | None, modified: int | None
) -> None:
    props = Props(content_type=kind, user=user, system=system, expires=expires)
    stated = Stated("0" * 32 + "-2", modified)
    try:
        headers = of_object(props, stated, {"sha256": "abc="}, "id")
    except BadRequest:
        assert sum(len(name + value) for name, value in {**user, **system}.items()) > 300
        return
    for name, value in headers.items():
        assert name.isascii()
        assert len(value.encode()) <= PIECE or name == "Content-Type"
        assert value.isprintable()
    found, told, packed = props_of(sent(headers))
    assert (found, told, packed.checksums, packed.upload) == (props, stated, {"sha256": "abc="}, "id")


@given(st.dictionaries(NAMES, TEXT, max_size=8), st.dictionaries(NAMES, TEXT, max_size=5), st.sampled_from(["", "me"]))
def test_containers_come_back(user: dict[str, str], system: dict[str, str], owner: str) -> None:
    for kind in ("Container", "Account"):
        found, packed = read_container(sent(of_container(user, system, owner, kind)), kind)
        assert (found, packed.system, packed.owner) == (user, system, owner)


def test_what_clients_of_swift_understand_is_left_as_it_is() -> None:
    props = Props(
        content_type="text/plain", user={"color": "röd"}, system={"http:cache-control": "no-cache"}, expires=10**18
    )
    assert of_object(props, Stated(), {}, "") == {
        "Content-Type": "text/plain",
        "Cache-Control": "no-cache",
        "X-Delete-At": "1000000000",
        "X-Object-Meta-color": "röd",
        "X-Object-Meta-portico-0": '{"expires":1000000000000000000}',
    }


@pytest.mark.parametrize("text", ("{", "[]", '{"user": 1}', "\x00", '{"expires": "x"}'))
def test_what_others_have_written_under_our_names_means_nothing(text: str) -> None:
    props, stated, packed = props_of({"Content-Type": "text/plain", "X-Object-Meta-Portico-0": text})
    assert (props, stated, packed.upload) == (Props(content_type="text/plain"), Stated(), "")


def test_marks_in_content_types() -> None:
    assert read_content_type("text/plain;portico_etag=ab-2;portico_modified=5") == ("text/plain", Stated("ab-2", 5))
    assert read_content_type("text/plain; a=b; portico_modified=x") == ("text/plain; a=b", Stated())
    with pytest.raises(BadRequest):
        content_type(Props(content_type="text/plain;portico_etag=forged"), Stated())


def test_what_goes_is_named() -> None:
    old = {"X-Container-Meta-A": "1", "X-Container-Meta-B": "2", "X-Timestamp": "3"}
    assert removing(old, {"X-Container-Meta-a": "4"}) == {"X-Container-Meta-B": "", "X-Container-Meta-a": "4"}


def test_too_much_is_refused() -> None:
    with pytest.raises(BadRequest):
        of_object(Props(user={"a": "x" * 5000}), Stated(), {}, "")


def test_times() -> None:
    assert timestamp("1795231577.50229") == iso("2026-11-21T03:26:17.502290") == 1795231577502290000
    assert timestamp("1795231577.50229_0000000000000001") == 1795231577502290000
    assert [timestamp(text) for text in ("", "x", "-1", "9" * 30, "1.x")] == [0, 0, 0, 0, 10**9]
    assert [iso(text) for text in ("", "x", "2026-13-01")] == [0, 0, 0]
