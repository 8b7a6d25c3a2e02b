"""Documents in requests, read by the model: each operation's input shape is compiled once into a reader.

Entities and document types are refused by defusedxml. The document is never built as a tree: what the model does not
name is passed over as it comes, so memory is bounded by what the operation can hold.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import DefusedXMLParser

from gateway.frontends.http.headers import parse_http_date
from gateway.frontends.s3 import quirks
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.model import Items, Kind, Operation, Place, Scalar, Shape, Structure, Table
from gateway.frontends.s3.record import Found, Record
from gateway.frontends.s3.text import SECOND, parse_iso8601

MAX_ELEMENTS = 150_000
"""Elements of a document, known or not: the longest that is allowed is a completion of 10,000 parts with checksums."""

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

_Convert = Callable[[str], Found]


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where an element's value goes: the member `name` of the node around it.

    The element has children (`node`) or a text (`convert`). `limit`: items that the member may have; 0: it is no list.
    """

    name: str
    node: "_Node | None" = None
    convert: _Convert = str
    limit: int = 0


@dataclass(frozen=True, slots=True)
class _Node:
    """An element with children: a structure, or (`wraps`) the element around the items of a list."""

    slots: Mapping[str, _Slot]
    required: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    wraps: bool = False


_ITEM = "item"
"""The member that the items of a list lie in while its element is open."""


class Reader:
    """Reads the documents of one operation. `limit`: bytes that a document may have."""

    def __init__(self, root: str, node: _Node, *, limit: int, required: bool) -> None:
        self.limit = limit
        self._slot = _Slot(root, node)
        self._required = required

    def __call__(self, body: bytes) -> Record | None:
        """The document's members; None where there is no document and none is needed.

        Pure computation, about 5 us for an element: not for the event loop where the body is large. Raises `S3Error`:
        `MalformedXML`, `MissingRequestBodyError`, `MaxMessageLengthExceeded`.
        """
        if len(body) > self.limit:
            raise S3Error(Code.MAX_MESSAGE_LENGTH_EXCEEDED, MaxMessageLengthBytes=str(self.limit))
        if not body:
            if self._required:
                raise S3Error(Code.MISSING_REQUEST_BODY)
            return None
        target = _Target(self._slot)
        parser = DefusedXMLParser(target=target, forbid_dtd=True)
        try:
            parser.feed(body)
            parser.close()
        except (ParseError, ValueError, LookupError):
            raise S3Error(Code.MALFORMED_XML) from None
        return target.record()


def compile_input(operation: Operation) -> Reader:
    """The reader of an operation's documents. Raises `TypeError` for an operation whose body is none."""
    shape = operation.input
    payload = shape.member(shape.payload) if shape.payload else None
    limit = quirks.BODY_LIMITS.get(operation.name, quirks.BODY_LIMIT)
    if payload is None:
        if not any(member.place is Place.BODY for member in shape.members):
            raise TypeError(f"{operation.name} has no document")
        return Reader(shape.name, _node(shape), limit=limit, required=True)
    if not isinstance(payload.shape, Structure):
        raise TypeError(f"The body of {operation.name} is no document")
    return Reader(payload.tag, _node(payload.shape), limit=limit, required=payload.required)


def _node(shape: Structure) -> _Node:
    members = [member for member in shape.members if member.place is Place.BODY]
    elements = [member for member in members if not member.attribute]
    return _Node(
        {member.tag: _slot(member.name, member.shape) for member in elements},
        frozenset(member.name for member in members if member.required),
        {_local(member.tag): member.name for member in members if member.attribute},
    )


def _slot(name: str, shape: Shape) -> _Slot:
    match shape:
        case Items(flattened=True):
            return replace(_slot(name, shape.item), limit=_limit(shape))
        case Items():
            item = replace(_slot(_ITEM, shape.item), limit=_limit(shape))
            return _Slot(name, _Node({shape.tag: item}, wraps=True))
        case Structure():
            return _Slot(name, _node(shape))
        case Scalar():
            return _Slot(name, convert=_converter(shape))
        case Table():
            raise TypeError(f"{shape.name}: S3 has no maps in its documents")


def _limit(shape: Items) -> int:
    return quirks.ITEM_LIMITS.get(shape.name, MAX_ELEMENTS)


def _converter(shape: Scalar) -> _Convert:
    match shape.kind:
        case Kind.INTEGER | Kind.LONG:
            return _integer
        case Kind.BOOLEAN:
            return _boolean
        case Kind.TIMESTAMP:
            return _time
        case Kind.STRING | Kind.BLOB if shape.name == quirks.ETAG:
            return _etag
        case Kind.STRING | Kind.BLOB if shape.enum and shape.name not in quirks.OPEN_ENUMS:
            return partial(_one_of, shape.enum)
        case Kind.STRING | Kind.BLOB:
            return str


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise S3Error(Code.MALFORMED_XML)
    return int(text)


def _boolean(text: str) -> bool:
    found = _BOOLEANS.get(text.strip().lower())
    if found is None:
        raise S3Error(Code.MALFORMED_XML)
    return found


def _time(text: str) -> int:
    """A time in either form that SDKs write. Raises `ValueError`."""
    if (seconds := parse_http_date(text.strip())) is not None:
        return seconds * SECOND
    return parse_iso8601(text.strip())


def _etag(text: str) -> str:
    return text.strip().removeprefix("W/").strip('"')


def _one_of(allowed: frozenset[str], text: str) -> str:
    if text not in allowed:
        raise S3Error(Code.MALFORMED_XML)
    return text


def _local(name: str) -> str:
    """A name without its namespace, as the parser (`{uri}name`) or the model (`prefix:name`) has it."""
    return name.rpartition("}")[2].rpartition(":")[2]


class _Target:
    """Takes the parser's events. Whatever stands below an element that has no slot is skipped."""

    def __init__(self, root: _Slot) -> None:
        self._root = root.name
        self._document: dict[str, Found] = {}
        self._open = [(root, _Node({root.name: root}), self._document)]
        self._leaf: _Slot | None = None
        self._text: list[str] = []
        self._skipped = 0
        self._elements = 0

    def record(self) -> Record:
        """The document, once the parser has closed it."""
        found = self._document.get(self._root)
        if not isinstance(found, Record):
            raise S3Error(Code.MALFORMED_XML)
        return found

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._leaf or self._elements > MAX_ELEMENTS:
            raise S3Error(Code.MALFORMED_XML)
        slot = None if self._skipped else self._open[-1][1].slots.get(_local(tag))
        if slot is None:
            self._skipped += 1
        elif slot.node is None:
            self._leaf = slot
        else:
            names = {_local(name): value for name, value in attributes.items()}
            stated: dict[str, Found] = {
                member: names[name] for name, member in slot.node.attributes.items() if name in names
            }
            self._open.append((slot, slot.node, stated))

    def data(self, text: str) -> None:
        if self._leaf:
            self._text.append(text)

    def end(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif self._leaf:
            slot, self._leaf = self._leaf, None
            text = "".join(self._text)
            self._text.clear()
            self._store(slot, slot.convert(text))
        else:
            slot, node, members = self._open.pop()
            if not node.required <= members.keys():
                raise S3Error(Code.MALFORMED_XML)
            self._store(slot, members.get(_ITEM, []) if node.wraps else Record(members))

    def _store(self, slot: _Slot, value: Found) -> None:
        members = self._open[-1][2]
        if slot.limit:
            items = members.setdefault(slot.name, [])
            if not isinstance(items, list) or len(items) >= slot.limit:
                raise S3Error(Code.MALFORMED_XML)
            items.append(value)
        elif slot.name in members:
            raise S3Error(Code.MALFORMED_XML)
        else:
            members[slot.name] = value
