import pytest

from gateway.frontends.swift.constraints import (
    MAX_HEADER_SIZE,
    MAX_META_COUNT,
    MAX_META_NAME_LENGTH,
    MAX_META_OVERALL_SIZE,
    MAX_META_VALUE_LENGTH,
    check_account_name,
    check_container_name,
    check_object_name,
)
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.metadata import Kind, changes, merge, of_object, shown

PREFIX = "X-Object-Meta-"


def headers(**entries: str) -> list[tuple[str, str]]:
    return [(PREFIX + name, value) for name, value in entries.items()]


def refused(fields: list[tuple[str, str]]) -> str:
    with pytest.raises(Refusal) as refusal:
        of_object(fields)
    assert refusal.value.status == 400
    return refusal.value.text


def test_metadata_of_an_object() -> None:
    fields = [*headers(Colour="Blue", Empty=""), ("X-Container-Meta-A", "b"), ("Content-Type", "x/y")]
    assert of_object(fields) == {"colour": "Blue", "empty": ""}


def test_a_header_sent_twice_is_one_with_a_comma() -> None:
    assert of_object([(PREFIX + "A", "1"), (PREFIX + "a", "2")]) == {"a": "1,2"}


def test_values_are_utf8_or_else_iso_8859_1() -> None:
    assert of_object([(PREFIX + "A", "caf\u00e9")]) == {"a": "café"}
    sent = b"caf\xe9".decode(errors="surrogateescape")
    assert of_object([(PREFIX + "A", sent)]) == {"a": "café"}


def test_limits_of_one_entry() -> None:
    longest = {"n" * MAX_META_NAME_LENGTH: "v" * MAX_META_VALUE_LENGTH}
    assert of_object(headers(**longest)) == longest
    assert "name cannot be empty" in refused([(PREFIX, "x")])
    assert "name too long" in refused(headers(**{"n" * (MAX_META_NAME_LENGTH + 1): "v"}))
    assert f"longer than {MAX_META_VALUE_LENGTH}" in refused(headers(a="v" * (MAX_META_VALUE_LENGTH + 1)))
    assert f"longer than {MAX_META_VALUE_LENGTH}" in refused(headers(a="é" * (MAX_META_VALUE_LENGTH // 2 + 1)))
    assert of_object(headers(a="é" * (MAX_META_VALUE_LENGTH // 2)))


def test_limits_of_all_entries() -> None:
    most = {f"n{number}": "v" for number in range(MAX_META_COUNT)}
    assert len(of_object(headers(**most))) == MAX_META_COUNT
    assert f"max {MAX_META_COUNT}" in refused(headers(**most, one_more="v"))
    count, rest = divmod(MAX_META_OVERALL_SIZE, 3 + MAX_META_VALUE_LENGTH)
    largest = {f"n{number:02}": "v" * MAX_META_VALUE_LENGTH for number in range(count)}
    assert of_object(headers(**largest, last="v" * (rest - 4)))
    assert f"max {MAX_META_OVERALL_SIZE}" in refused(headers(**largest, last="v" * (rest - 3)))


def test_any_header_can_be_too_long() -> None:
    assert of_object([("X-Other", "v" * MAX_HEADER_SIZE)]) == {}
    assert refused([("X-Other", "v" * (MAX_HEADER_SIZE + 1))]) == "Header value too long: X-Other"


def test_changes_of_containers_and_accounts() -> None:
    fields = [
        ("X-Container-Meta-Set", "1"),
        ("X-Container-Meta-Empty", ""),
        ("X-Remove-Container-Meta-Gone", "anything"),
        ("X-Remove-Container-Meta-Both", "x"),
        ("X-Container-Meta-Both", "2"),
        ("X-Remove-Container-Meta-", "x"),
        ("X-Account-Meta-Other", "3"),
    ]
    assert changes(fields, Kind.CONTAINER) == {"set": "1", "empty": None, "gone": None, "both": "2"}
    assert changes(fields, Kind.ACCOUNT) == {"other": "3"}


def test_changes_have_to_be_utf8() -> None:
    with pytest.raises(Refusal, match="valid UTF-8") as refusal:
        changes([("X-Account-Meta-A", "\udcff")], Kind.ACCOUNT)
    assert refusal.value.status == 400


def test_the_sum_of_old_and_new_is_limited() -> None:
    current = {f"n{number}": "v" for number in range(MAX_META_COUNT)}
    assert len(merge(current, {"n0": None, "new": "v"})) == MAX_META_COUNT
    with pytest.raises(Refusal, match=f"max {MAX_META_COUNT}"):
        merge(current, {"new": "v"})
    with pytest.raises(Refusal, match=f"max {MAX_META_OVERALL_SIZE}"):
        merge({"old": "v" * 4000}, {"new": "v" * 100})


def test_metadata_is_shown_under_its_kind() -> None:
    assert dict(shown({"a-b": "1"}, Kind.OBJECT)) == {"X-Object-Meta-A-B": "1"}
    assert dict(shown({"x": "1"}, Kind.ACCOUNT)) == {"X-Account-Meta-X": "1"}


def test_keys_of_temporary_urls_are_for_the_owner() -> None:
    metadata = {"temp-url-key": "secret", "temp-url-key-2": "secret", "other": "1"}
    assert len(dict(shown(metadata, Kind.CONTAINER, owner=True))) == 3
    assert dict(shown(metadata, Kind.CONTAINER, owner=False)) == {"X-Container-Meta-Other": "1"}


def test_lengths_of_names_are_in_bytes() -> None:
    check_account_name("a" * 256)
    check_container_name("é" * 128)
    check_object_name("é" * 512)
    for check, name in (
        (check_account_name, "a" * 257),
        (check_container_name, "é" * 128 + "a"),
        (check_object_name, "é" * 512 + "a"),
    ):
        with pytest.raises(Refusal, match=r"name length of \d+ longer than") as refusal:
            check(name)
        assert refusal.value.status == 400
