"""The S3 model as typed records: operations, their places on the wire, and the shapes of their inputs and outputs.

The source is the service description that botocore ships (`s3/2006-03-01/service-2.json.gz`). It is read here
privately, because botocore changes its own copy.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from functools import cache
from importlib.resources import files
from typing import TypedDict

from gateway.frontends.s3 import quirks

PATH = "data/s3/2006-03-01/service-2.json.gz"


class Level(Enum):
    """What a request's path names."""

    SERVICE = "service"
    BUCKET = "bucket"
    OBJECT = "object"


class Kind(StrEnum):
    """The kinds of scalars, named as in the model."""

    STRING = "string"
    INTEGER = "integer"
    LONG = "long"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    BLOB = "blob"


class Place(StrEnum):
    """Where in a message a member stands; the values are the model's own."""

    BODY = "body"
    URI = "uri"
    QUERY = "querystring"
    HEADER = "header"
    HEADERS = "headers"


@dataclass(frozen=True, slots=True)
class Scalar:
    """`timestamp` is the model's own format for a time (`iso8601`, `rfc822`); empty: what its place implies."""

    name: str
    kind: Kind
    enum: frozenset[str] = frozenset()
    timestamp: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list. `tag` is the element of each item; of a flattened list it is the member's own."""

    name: str
    item: "Shape"
    tag: str
    flattened: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A map from strings to strings; S3 has one, the user metadata."""

    name: str


@dataclass(frozen=True, slots=True)
class Structure:
    """`payload` names the member that is the whole body; `namespace` is a pair of prefix and URI for attributes."""

    name: str
    members: "tuple[Member, ...]"
    payload: str = ""
    namespace: tuple[str, str] | None = None

    def member(self, name: str) -> "Member | None":
        return next((member for member in self.members if member.name == name), None)


Shape = Scalar | Items | Table | Structure


@dataclass(frozen=True, slots=True)
class Member:
    """`name` is the API's, `tag` what stands on the wire: an element, header, query key or prefix of headers."""

    name: str
    tag: str
    place: Place
    shape: Shape = field(repr=False)
    required: bool = False
    attribute: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """`query` holds the keys that the request line always carries, with their values (mostly none).

    `status` is that of success. `input` and `output` are structures; without members where the model has none.
    """

    name: str
    method: str
    level: Level
    query: Mapping[str, str]
    status: int
    input: Structure = field(repr=False)
    output: Structure = field(repr=False)

    @property
    def required_query(self) -> frozenset[str]:
        """Query keys that every request of this operation carries beside `query`."""
        return self._required(Place.QUERY)

    @property
    def required_headers(self) -> frozenset[str]:
        """Headers, in lower case, that every request of this operation carries."""
        return frozenset(name.lower() for name in self._required(Place.HEADER))

    def _required(self, place: Place) -> frozenset[str]:
        return frozenset(member.tag for member in self.input.members if member.required and member.place is place)


@dataclass(frozen=True, slots=True)
class Model:
    operations: Mapping[str, Operation]


class _RawMember(TypedDict, total=False):
    shape: str
    location: str
    locationName: str
    xmlAttribute: bool
    flattened: bool


class _RawNamespace(TypedDict, total=False):
    prefix: str
    uri: str


class _RawShape(TypedDict, total=False):
    type: str
    members: dict[str, _RawMember]
    member: _RawMember
    required: list[str]
    payload: str
    flattened: bool
    enum: list[str]
    timestampFormat: str
    xmlNamespace: _RawNamespace


class _RawHttp(TypedDict, total=False):
    method: str
    requestUri: str
    responseCode: int


class _RawOperation(TypedDict, total=False):
    name: str
    http: _RawHttp
    input: _RawMember
    output: _RawMember
    deprecated: bool


class _Raw(TypedDict):
    operations: dict[str, _RawOperation]
    shapes: dict[str, _RawShape]


class _Compiler:
    """Turns the raw description into records; every shape is made once."""

    def __init__(self, raw: _Raw) -> None:
        self._raw = raw
        self._shapes: dict[str, Shape] = {}

    def model(self) -> Model:
        operations = [
            self._operation(raw)
            for name, raw in self._raw["operations"].items()
            if not raw.get("deprecated") and name not in quirks.UNREACHABLE
        ]
        operations += [
            Operation(name, method, Level(level), {}, 200, _nothing(name + "Request"), _nothing(name + "Output"))
            for name, method, level in quirks.UNMODELLED
        ]
        return Model({operation.name: operation for operation in operations})

    def _operation(self, raw: _RawOperation) -> Operation:
        path, _, query = raw["http"]["requestUri"].partition("?")
        keys = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
        return Operation(
            raw["name"],
            raw["http"]["method"],
            _level(path),
            keys,
            raw["http"].get("responseCode", 200),
            self._structure_or_nothing(raw.get("input"), raw["name"] + "Request"),
            self._structure_or_nothing(raw.get("output"), raw["name"] + "Output"),
        )

    def _structure_or_nothing(self, raw: _RawMember | None, name: str) -> Structure:
        shape = self._shape(raw["shape"]) if raw else _nothing(name)
        if not isinstance(shape, Structure):
            raise TypeError(f"{name} is no structure")
        return shape

    def _shape(self, name: str) -> Shape:
        if name not in self._shapes:
            self._shapes[name] = self._compile(name, self._raw["shapes"][name])
        return self._shapes[name]

    def _member_shape(self, described: _RawMember) -> Shape:
        """The shape of a member, which may flatten a list that elsewhere has an element of its own."""
        shape = self._shape(described["shape"])
        return replace(shape, flattened=True) if isinstance(shape, Items) and described.get("flattened") else shape

    def _compile(self, name: str, raw: _RawShape) -> Shape:
        match raw["type"]:
            case "structure":
                return self._structure(name, raw)
            case "list":
                item = raw["member"]
                return Items(
                    name, self._shape(item["shape"]), item.get("locationName", "member"), raw.get("flattened", False)
                )
            case "map":
                return Table(name)
            case kind:
                return Scalar(name, Kind(kind), frozenset(raw.get("enum", ())), raw.get("timestampFormat", ""))

    def _structure(self, name: str, raw: _RawShape) -> Structure:
        required = set(raw.get("required", ()))
        members = tuple(
            Member(
                member,
                described.get("locationName", member),
                Place(described.get("location", "body")),
                self._member_shape(described),
                member in required,
                described.get("xmlAttribute", False),
            )
            for member, described in raw.get("members", {}).items()
        )
        namespace = raw.get("xmlNamespace")
        prefix = (namespace.get("prefix", ""), namespace.get("uri", "")) if namespace else None
        return Structure(name, members, raw.get("payload", ""), prefix)


def _nothing(name: str) -> Structure:
    return Structure(name, ())


def _level(path: str) -> Level:
    if path == "/":
        return Level.SERVICE
    return Level.OBJECT if "{Key" in path else Level.BUCKET


@cache
def load() -> Model:
    """The model. Read and compiled once (about 20 ms)."""
    raw: _Raw = json.loads(gzip.decompress(files("botocore").joinpath(PATH).read_bytes()))
    return _Compiler(raw).model()
