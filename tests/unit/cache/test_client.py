import aiomcache
import pytest

from gateway.cache.client import MAX_VALUE, Answer

ANSWER = b"VALUE one 0 5\r\nEND\r\n\r\nVALUE two 7 0\r\n\r\nEND\r\n"
VALUES = {b"one": b"END\r\n", b"two": b""}


@pytest.mark.parametrize("size", range(1, len(ANSWER) + 1))
def test_an_answer_is_read_whatever_pieces_it_comes_in(size: int) -> None:
    answer = Answer()
    for start in range(0, len(ANSWER), size):
        assert not answer.whole
        answer.feed(ANSWER[start : start + size])
    assert answer.whole
    assert answer.values == VALUES


def test_an_answer_may_have_no_values() -> None:
    answer = Answer()
    answer.feed(b"END\r\n")
    assert answer.whole
    assert not answer.values


@pytest.mark.parametrize("line", (b"SERVER_ERROR out of memory", b"ERROR", b"VALUE one 0 many", b"VALUE", b"", b"\xff"))
def test_an_answer_without_values_is_a_failure(line: bytes) -> None:
    with pytest.raises(aiomcache.ClientException):
        Answer().feed(line + b"\r\n")


@pytest.mark.parametrize("begin", (b"", b"VALUE one 0 1000000000\r\n"), ids=["a line", "a value"])
def test_an_answer_that_does_not_end_is_a_failure(begin: bytes) -> None:
    answer = Answer()
    answer.feed(begin)
    with pytest.raises(aiomcache.ClientException):
        answer.feed(b"x" * (MAX_VALUE + 10_000))
