from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import errors
from gateway.frontends.ftp.replies import FAILURES, Reply, Then, failure_reply, quoted


def below(kind: type[errors.StoreError]) -> Iterator[type[errors.StoreError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from below(child)


KINDS = sorted(
    {kind for kind in below(errors.StoreError) if kind.__module__ == errors.__name__}, key=lambda k: k.__name__
)


@pytest.mark.parametrize("kind", KINDS)
def test_f03_every_store_error_has_its_reply(kind: type[errors.StoreError]) -> None:
    assert kind in FAILURES
    error = errors.BadRange(7) if kind is errors.BadRange else kind()
    reply = failure_reply(error)
    assert 400 <= reply.code < 600
    assert error.message in reply.text
    assert reply.then is Then.GO_ON


def test_f03_errors_are_told_apart() -> None:
    replies = [
        failure_reply(error)
        for error in (errors.NoSuchKey(), errors.BadRequest(), errors.Denied(), errors.Unavailable(), errors.Busy())
    ]
    assert [reply.code for reply in replies] == [550, 550, 550, 451, 450]
    assert [reply.text.partition(":")[0] for reply in replies] == [
        "Not found",
        "Not permitted",
        "Access denied",
        "I/O error",
        "Busy",
    ]


def test_an_error_of_another_part_gets_the_reply_of_its_kind() -> None:
    class Special(errors.QuotaExceeded):
        text = "Too many files"

    assert failure_reply(Special()) == Reply(552, "Quota exceeded: Too many files")


def test_replies_on_the_wire() -> None:
    assert Reply(226, "Done").encode() == b"226 Done\r\n"
    assert Reply(211, "End", head="Features:", lines=("SIZE", "211 UTF8")).encode() == (
        b"211-Features:\r\n SIZE\r\n 211 UTF8\r\n211 End\r\n"
    )


@given(st.text(), st.text(), st.lists(st.text()))
def test_nothing_forges_a_line(text: str, head: str, lines: list[str]) -> None:
    sent = Reply(250, text, head=head, lines=tuple(lines)).encode()
    parts = sent.split(b"\r\n")
    assert parts.pop() == b""
    assert not [part for part in parts if b"\r" in part or b"\n" in part or b"\0" in part]
    assert len(parts) == (len(lines) + 2 if head else 1)
    assert parts[-1].startswith(b"250 ")


def test_quotes_are_doubled() -> None:
    assert quoted('/a "b"') == '"/a ""b"""'
