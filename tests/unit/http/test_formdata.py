"""Forms: taken apart in whatever pieces they come, and never for more than they are."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import IncompleteBody
from gateway.frontends.http.formdata import (
    MAX_FIELDS,
    BadForm,
    Data,
    Event,
    Field,
    FileBegin,
    FileEnd,
    FormDecoder,
    boundary_of,
)

BOUNDARY = b"xyz"


def part(disposition: str, value: bytes, *more: str) -> bytes:
    head = "\r\n".join([f"Content-Disposition: {disposition}", *more])
    return b"--" + BOUNDARY + b"\r\n" + head.encode() + b"\r\n\r\n" + value + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


def decode(body: bytes, size: int = 1 << 20) -> list[Event]:
    """The events of a body that comes in pieces of a size, with the file's bytes in one."""
    decoder = FormDecoder(BOUNDARY, lambda name, _: name == "file")
    events: list[Event] = []
    for start in range(0, len(body), size):
        for event in decoder.feed(body[start : start + size]):
            if isinstance(event, Data) and events and isinstance(events[-1], Data):
                event = Data(events.pop().data + event.data)  # type: ignore[union-attr]
            events.append(event)
    decoder.finish()
    return events


@given(
    st.lists(st.text(max_size=40).filter(lambda text: "--xyz" not in text), max_size=4),
    st.binary(max_size=200).filter(lambda data: b"--xyz" not in data),
    st.integers(1, 60),
)
@settings(max_examples=150)
def test_any_form_in_any_pieces(values: list[str], data: bytes, size: int) -> None:
    fields = [part(f'form-data; name="f{number}"', value.encode()) for number, value in enumerate(values)]
    body = b"".join(fields) + part('form-data; name="file"; filename="n"', data) + END
    content: list[Event] = [Data(data)] if data else []
    assert decode(body, size) == [
        *(Field(f"f{number}", value) for number, value in enumerate(values)),
        FileBegin("n"),
        *content,
        FileEnd(),
    ]


@given(st.binary(max_size=300), st.integers(1, 50))
@settings(max_examples=200)
def test_whatever_is_sent_is_a_form_or_refused(data: bytes, size: int) -> None:
    for body in (data, part('form-data; name="a"', data), part('form-data; name="file"', data)):
        with suppress(BadForm, IncompleteBody):
            decode(body, size)


@given(st.text(max_size=80))
@settings(max_examples=200)
def test_whatever_head_is_sent_is_one_or_refused(text: str) -> None:
    for disposition in (text, f"form-data; {text}", f'form-data; name="a"; {text}'):
        with suppress(BadForm, IncompleteBody):
            decode(part(disposition, b"") + END)


@given(st.text(max_size=60))
def test_whatever_type_is_sent_has_a_boundary_or_not(text: str) -> None:
    boundary_of(text)
    boundary_of(f"multipart/form-data; boundary={text}")


@pytest.mark.parametrize("data", (b"\r\n", b"\r\n--xy", b"--xyz", b"\r\n--xy\r\n--xy", b"\r", b"a\r\n\r\n--\r\nb"))
@pytest.mark.parametrize("size", (1, 2, 3, 1000))
def test_bytes_that_look_like_the_end_of_the_file(data: bytes, size: int) -> None:
    body = part('form-data; name="file"', data) + END
    assert decode(body, size) == [FileBegin(""), Data(data), FileEnd()]


@pytest.mark.parametrize(
    ("disposition", "event"),
    (
        ('form-data; name="KEY"', Field("key", "v")),
        ("form-data; name=key", Field("key", "v")),
        ('form-data;name="key" ; filename="key"', Field("key", "v")),
        ('FORM-DATA; NAME="a\\"b"', Field('a"b', "v")),
        ('form-data; name="a%22b"', Field('a"b', "v")),
        ('form-data; filename="x"; name="key"', Field("key", "v")),
    ),
)
def test_heads(disposition: str, event: Event) -> None:
    assert decode(part(disposition, b"v") + END) == [event]


@pytest.mark.parametrize(
    ("stated", "name"),
    (
        ("a.txt", "a.txt"),
        ("C:\\\\dir\\\\a.txt", "C:\\dir\\a.txt"),
        ("dir/a.txt", "dir/a.txt"),
        ("../a", "../a"),
        ("", ""),
        ("ä;b", "ä;b"),
    ),
)
def test_names_of_files(stated: str, name: str) -> None:
    assert decode(part(f'form-data; name="file"; filename="{stated}"', b"v") + END)[0] == FileBegin(name)


@pytest.mark.parametrize(
    ("stated", "boundary"),
    (
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; BOUNDARY="a b"', b"a b"),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=" + "a" * 71, None),
        ('multipart/form-data; boundary="a "', None),
        ("multipart/mixed; boundary=abc", None),
        ("", None),
    ),
)
def test_boundaries(stated: str, boundary: bytes | None) -> None:
    assert boundary_of(stated) == boundary


def test_several_files_and_what_they_state() -> None:
    first = part('form-data; name="file"; filename="a"', b"1", "Content-Type: text/x", "Content-Encoding: gzip")
    second = part('form-data; name="file"; filename="b"', b"2")
    assert decode(first + second + END, 3) == [
        FileBegin("a", "text/x", "gzip"),
        Data(b"1"),
        FileEnd(),
        FileBegin("b"),
        Data(b"2"),
        FileEnd(),
    ]


def test_fields_behind_the_file_have_a_limit_of_their_own() -> None:
    file = part('form-data; name="file"', b"v")
    small = part('form-data; name="a"', b"x" * (MAX_FIELDS - 100))
    assert len(decode(small + file + small + END)) == 5
    for body in (small + small + file + END, file + small + small + END):
        with pytest.raises(BadForm, match="fields"):
            decode(body, 1000)
