from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.conditions import ABSENT
from gateway.core.types import Key, Meta, Props, PropsChange
from gateway.core.uploads import Upload

PROPS = Props(content_type="text/plain", user={"a": "1", "b": "2"}, system={"x:y": "1"}, expires=5)

words = st.sampled_from("abcd")
properties = st.dictionaries(words, st.text(max_size=2))
changes = st.dictionaries(words, st.one_of(st.none(), st.text(max_size=2)))


@given(properties, changes, st.booleans())
def test_a_change_sets_keeps_removes_and_replaces(
    found: dict[str, str], change: dict[str, str | None], replace: bool
) -> None:
    before = dict(found)
    user = PropsChange(user=change, replace_user=replace).apply_user(found)
    system = PropsChange(system=change, replace_user=replace).apply_system(found)
    assert found == before
    for name in "abcd":
        changed = change[name] if name in change else (None if replace else found.get(name))
        assert user.get(name) == changed
        assert system.get(name) == (change[name] if name in change else found.get(name))


CHANGES: Mapping[str, tuple[PropsChange, Props]] = {
    "nothing": (PropsChange(), PROPS),
    "time and condition": (PropsChange(modified=3, when=ABSENT), PROPS),
    "content type": (
        PropsChange(content_type="image/png"),
        Props(content_type="image/png", user=PROPS.user, system=PROPS.system, expires=5),
    ),
    "to no content type": (
        PropsChange(content_type=""),
        Props(content_type="", user=PROPS.user, system=PROPS.system, expires=5),
    ),
    "some names": (
        PropsChange(user={"a": None, "c": "3"}, system={"x:y": None}),
        Props(content_type="text/plain", user={"b": "2", "c": "3"}, expires=5),
    ),
    "all names": (
        PropsChange(user={"c": "3"}, replace_user=True),
        Props(content_type="text/plain", user={"c": "3"}, system=PROPS.system, expires=5),
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change_makes_other_properties(change: PropsChange, expected: Props) -> None:
    assert change.apply(PROPS) == expected


def test_rows_have_the_names_of_their_keys() -> None:
    key = Key("bucket", "a/b")
    assert Meta(key=key, size=0, etag="e", modified=0).name == "a/b"
    assert Upload(key=key, id="1", created=0, props=Props()).name == "a/b"


def test_an_etag_with_a_number_of_parts_is_composite() -> None:
    key = Key("bucket", "a")
    assert Meta(key=key, size=0, etag="d41d8cd98f00b204e9800998ecf8427e-2", modified=0).is_composite
    assert not Meta(key=key, size=0, etag="d41d8cd98f00b204e9800998ecf8427e", modified=0).is_composite
