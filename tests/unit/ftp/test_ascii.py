import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.ftp.ascii import FromNetwork, ToNetwork

TEXTS = st.lists(st.lists(st.sampled_from((b"\r", b"\n", b"a"))).map(b"".join))


def to_network(*pieces: bytes) -> bytes:
    text = ToNetwork()
    return b"".join(text.feed(piece) for piece in pieces)


def from_network(*pieces: bytes) -> bytes:
    text = FromNetwork()
    return b"".join([*(text.feed(piece) for piece in pieces), text.rest()])


@pytest.mark.parametrize(
    ("stored", "sent"),
    ((b"", b""), (b"a\nb", b"a\r\nb"), (b"a\r\nb", b"a\r\nb"), (b"\n\n", b"\r\n\r\n"), (b"a\rb\r", b"a\rb\r")),
)
def test_line_feeds_are_sent_as_pairs(stored: bytes, sent: bytes) -> None:
    assert to_network(stored) == sent


@pytest.mark.parametrize(
    ("sent", "stored"),
    ((b"", b""), (b"a\r\nb", b"a\nb"), (b"a\nb", b"a\nb"), (b"a\rb\r", b"a\rb\r"), (b"\r\r\n", b"\r\n")),
)
def test_pairs_are_stored_as_line_feeds(sent: bytes, stored: bytes) -> None:
    assert from_network(sent) == stored


@given(TEXTS)
def test_conversion_does_not_depend_on_the_pieces(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert to_network(*pieces) == re.sub(rb"(?<!\r)\n", b"\r\n", data)
    assert from_network(*pieces) == data.replace(b"\r\n", b"\n")
    if b"\r" not in data:
        assert from_network(to_network(*pieces)) == data
