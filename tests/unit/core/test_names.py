import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.errors import InvalidName
from gateway.core.names import MAX_BUCKET_BYTES, MAX_KEY_BYTES, check_bucket, check_key
from tests.support.names import BAD_BUCKETS, BAD_KEYS, ODD_BUCKETS, ODD_KEYS


def shortened(name: str) -> str:
    return ascii(name[:30])


@pytest.mark.parametrize("name", ODD_KEYS, ids=shortened)
def test_odd_keys_are_taken_as_they_are(name: str) -> None:
    assert check_key(name) is name


@pytest.mark.parametrize("name", BAD_KEYS, ids=shortened)
def test_bad_keys_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_key(name)


@pytest.mark.parametrize("name", ODD_BUCKETS, ids=shortened)
def test_odd_buckets_are_taken_as_they_are(name: str) -> None:
    assert check_bucket(name) is name


@pytest.mark.parametrize("name", BAD_BUCKETS, ids=shortened)
def test_bad_buckets_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_bucket(name)


ANY_TEXT = st.text(st.characters(categories=None), max_size=40) | st.text("./a\0é", max_size=8)


def encodes(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


@given(ANY_TEXT)
@example("a" * MAX_KEY_BYTES)
@example("a" * (MAX_KEY_BYTES + 1))
def test_a_key_is_taken_or_refused_by_its_rules(name: str) -> None:
    sound = (
        encodes(name)
        and 1 <= len(name.encode()) <= MAX_KEY_BYTES
        and "\0" not in name
        and not {".", ".."} & set(name.split("/"))
    )
    assert _takes(check_key, name) == sound


@given(ANY_TEXT)
@example("a" * MAX_BUCKET_BYTES)
@example("a" * (MAX_BUCKET_BYTES + 1))
def test_a_bucket_is_taken_or_refused_by_its_rules(name: str) -> None:
    sound = (
        encodes(name)
        and 1 <= len(name.encode()) <= MAX_BUCKET_BYTES
        and "/" not in name
        and name not in {".", ".."}
        and not any(unicodedata.category(character) == "Cc" for character in name)
    )
    assert _takes(check_bucket, name) == sound


def _takes(check: object, name: str) -> bool:
    try:
        return (check_key if check is check_key else check_bucket)(name) == name
    except InvalidName:
        return False


@pytest.mark.parametrize("name", tuple(name for name in BAD_KEYS if len(name) > 2), ids=shortened)
def test_a_refusal_does_not_repeat_the_name(name: str) -> None:
    with pytest.raises(InvalidName) as refused:
        check_key(name)
    assert name not in refused.value.message
