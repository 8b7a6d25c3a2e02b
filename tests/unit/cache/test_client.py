import aiomcache
import pytest

from gateway.cache.client import values

ANSWER = b"VALUE one 0 5\r\nEND\r\n\r\nVALUE two 7 0\r\n\r\nEND\r\n"


def test_an_answer_is_read_once_it_is_whole() -> None:
    assert all(values(ANSWER[:end]) is None for end in range(len(ANSWER)))
    assert values(ANSWER) == {b"one": b"END\r\n", b"two": b""}
    assert values(b"END\r\n") == {}


@pytest.mark.parametrize("line", (b"SERVER_ERROR out of memory", b"ERROR", b"VALUE one 0 many", b"VALUE", b"", b"\xff"))
def test_an_answer_without_values_is_a_failure(line: bytes) -> None:
    with pytest.raises(aiomcache.ClientException):
        values(line + b"\r\n")
