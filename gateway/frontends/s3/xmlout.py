"""Answers written from the model: each operation's output shape is compiled once into a function.

Handlers fill an `Output` with values under the model's member names; the function knows which of them are headers and
which are elements, and how each is written.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeAlias, cast

from gateway.frontends.http.headers import http_date
from gateway.frontends.s3 import quirks
from gateway.frontends.s3.model import Items, Kind, Member, Operation, Place, Scalar, Shape, Structure, Table
from gateway.frontends.s3.text import DECLARATION, escape, iso8601

Value: TypeAlias = "str | int | bool | Members | Sequence[Value] | Columns"
Members: TypeAlias = "Mapping[str, Value | None]"
"""Values by the model's member names, in the order in which they are to be written; None is left out.

Times are nanoseconds since the epoch, entity tags stand without quotes, user metadata without its prefix.
"""


@dataclass(frozen=True, slots=True)
class Same:
    """A column that has one value, over and over."""

    value: "Value"


@dataclass(frozen=True, slots=True)
class Columns:
    """A list of many structures, member by member. Some column is not `Same`. To write a list so takes half as long."""

    members: "Mapping[str, Sequence[Value | None] | Same]"


XML_TYPE = "application/xml"
JSON_TYPE = "application/json"

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

_Render = Callable[[Value], str]
_Element = tuple[str, _Render, str]
"""What stands before a value, how it is written, and what stands behind it."""
_Elements = Mapping[str, _Element]
"""By the names of members."""


@dataclass(frozen=True, slots=True)
class Output:
    """What an operation answers. `status` is another one than the model's.

    `mixed` are items of several lists in the one order in which they are to be written, behind all other members: each
    with the name of its list.
    """

    members: Members
    status: int | None = None
    mixed: Sequence[tuple[str, Members]] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes out. Content-Type is among the headers where there is a body, Content-Length is not."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


Writer = Callable[[Output], Reply]
"""Raises `KeyError` where the operation has no member of that name: a mistake of the handler."""


def compile_output(operation: Operation) -> Writer:
    """The writer of an operation's answers.

    A body that streams (`GetObject`) is not written here, and is no member of the `Output`.
    """
    headers = {member.name: _header(member, operation) for member in operation.output.members if _in_head(member)}
    body = _body(operation)
    typed = operation.name in quirks.TYPED

    def write(output: Output) -> Reply:
        lines: list[tuple[str, str]] = []
        elements: list[str] = []
        for name, value in output.members.items():
            if value is None:
                continue
            if name in headers:
                lines += headers[name](value)
            else:
                before, render, behind = body.elements[name]
                elements += before, render(value), behind
        for name, item in output.mixed:
            before, render, behind = body.elements[name]
            elements += before, render((item,)), behind
        content = body.wrap("".join(elements))
        if content or typed:
            lines.append(("Content-Type", body.content_type))
        return Reply(output.status or operation.status, tuple(lines), content)

    return write


@dataclass(frozen=True, slots=True)
class _Body:
    """The body of an operation's answers: its elements by member name, and what goes around them.

    Without `always`, no element means no body.
    """

    elements: _Elements
    before: bytes = b""
    behind: bytes = b""
    always: bool = False
    content_type: str = XML_TYPE

    def wrap(self, inner: str) -> bytes:
        return self.before + inner.encode() + self.behind if inner or self.always else b""


def _in_head(member: Member) -> bool:
    return member.place in {Place.HEADER, Place.HEADERS}


def _body(operation: Operation) -> _Body:
    output = operation.output
    quoted = operation.name not in quirks.UNQUOTED_ETAGS
    if output.payload:
        return _payload(output, quoted)
    members = [member for member in output.members if member.place is Place.BODY]
    if not members:
        return _Body({})
    before, behind = _root(quirks.ROOTS.get(operation.name, output.name))
    if operation.name in quirks.BARE:
        elements = {member.name: ("", _render(member.shape, quoted), "") for member in members}
    else:
        elements = {member.name: _element(member.tag, member.shape, quoted) for member in members}
    return _Body(elements, before, behind, always=True)


def _payload(output: Structure, quoted: bool) -> _Body:
    member = output.member(output.payload)
    if member is None:
        raise TypeError(f"{output.name} has no member {output.payload}")
    match member.shape:
        case Structure() as shape:
            before, behind = _root(member.tag)
            return _Body({member.name: ("", _render(shape, quoted), "")}, before, behind)
        case Scalar(kind=Kind.STRING):
            return _Body({member.name: ("", str, "")}, content_type=JSON_TYPE)
        case _:
            return _Body({})


def _root(tag: str) -> tuple[bytes, bytes]:
    return DECLARATION + f'<{tag} xmlns="{quirks.NAMESPACE}">'.encode(), f"</{tag}>".encode()


def _element(tag: str, shape: Shape, quoted: bool) -> _Element:
    before, behind = f"<{tag}>", f"</{tag}>"
    match shape:
        case Items(flattened=True, item=Structure() as item):
            return "", _list(tag, item, quoted), ""
        case Items(flattened=True):
            return "", _repeat(_element(tag, shape.item, quoted)), ""
        case Structure(namespace=(prefix, uri)):
            return "", _with_attributes(f'<{tag} xmlns:{prefix}="{uri}"', shape, quoted, behind), ""
        case _:
            return before, _render(shape, quoted), behind


def _render(shape: Shape, quoted: bool) -> _Render:
    match shape:
        case Scalar():
            return _scalar(shape, quoted)
        case Items():
            return _repeat(_element(shape.tag, shape.item, quoted))
        case Structure():
            return _members(shape, quoted)
        case Table():
            raise TypeError(f"{shape.name}: S3 has no maps in its documents")


def _scalar(shape: Scalar, quoted: bool) -> _Render:
    if shape.name == quirks.ETAG and quoted:
        return lambda value: f"&quot;{escape(str(value))}&quot;"
    match shape.kind:
        case Kind.STRING | Kind.BLOB:
            return cast(_Render, escape)
        case Kind.TIMESTAMP:
            return cast(_Render, iso8601)
        case Kind.BOOLEAN:
            return _boolean
        case Kind.INTEGER | Kind.LONG:
            return str


def _boolean(value: Value) -> str:
    return "true" if value else "false"


def _repeat(element: _Element) -> _Render:
    before, render, behind = element

    def write(value: Value) -> str:
        return "".join([f"{before}{render(item)}{behind}" for item in cast(Sequence[Value], value)])

    return write


def _list(tag: str, shape: Structure, quoted: bool) -> _Render:
    """A list of structures, one by one or in columns."""
    elements, one_by_one = _elements(shape, quoted), _repeat(_element(tag, shape, quoted))

    def write(value: Value) -> str:
        if not isinstance(value, Columns):
            return one_by_one(value)
        columns = [_column(elements[name], values) for name, values in value.members.items()]
        return "".join(chain.from_iterable(zip(repeat(f"<{tag}>"), *columns, repeat(f"</{tag}>"), strict=False)))

    return write


def _column(element: _Element, values: "Sequence[Value | None] | Same") -> Iterable[str]:
    before, render, behind = element
    if isinstance(values, Same):
        return repeat(f"{before}{render(values.value)}{behind}")
    return ["" if value is None else f"{before}{render(value)}{behind}" for value in values]


def _elements(shape: Structure, quoted: bool) -> _Elements:
    return {member.name: _element(member.tag, member.shape, quoted) for member in shape.members if not member.attribute}


def _members(shape: Structure, quoted: bool) -> _Render:
    elements = _elements(shape, quoted)

    def write(value: Value) -> str:
        parts = []
        for name, found in cast(Members, value).items():
            if found is not None:
                before, render, behind = elements[name]
                parts.append(f"{before}{render(found)}{behind}")
        return "".join(parts)

    return write


def _with_attributes(start: str, shape: Structure, quoted: bool, end: str) -> _Render:
    """A structure some of whose members are attributes of its element."""
    attributes = {member.name: member.tag for member in shape.members if member.attribute}
    inner = _members(shape, quoted)

    def write(value: Value) -> str:
        members = cast(Members, value)
        stated = "".join(
            f' {tag}="{escape(str(members[name]))}"'
            for name, tag in attributes.items()
            if members.get(name) is not None
        )
        return (
            f"{start}{stated}>{inner({name: found for name, found in members.items() if name not in attributes})}{end}"
        )

    return write


def _header(member: Member, operation: Operation) -> Callable[[Value], list[tuple[str, str]]]:
    tag, shape = member.tag, member.shape
    if isinstance(shape, Table):
        return lambda value: [
            (tag + name, _clean(str(text))) for name, text in cast(Members, value).items() if text is not None
        ]
    if not isinstance(shape, Scalar):
        raise TypeError(f"{operation.name}: the header {tag} is no scalar")
    render = _header_text(shape)
    return lambda value: [(tag, render(value))]


def _header_text(shape: Scalar) -> _Render:
    if shape.name == quirks.ETAG:
        return lambda value: f'"{_clean(str(value))}"'
    match shape.kind:
        case Kind.STRING | Kind.BLOB:
            return lambda value: _clean(str(value))
        case Kind.TIMESTAMP:
            return cast(_Render, iso8601 if shape.timestamp == "iso8601" else http_date)
        case Kind.BOOLEAN:
            return _boolean
        case Kind.INTEGER | Kind.LONG:
            return str


def _clean(text: str) -> str:
    """A header's value in which control characters, which would end it, are blanks."""
    return _CONTROLS.sub(" ", text)
