"""The documents of the model's operations, with all that they may hold, as botocore writes them."""

from collections.abc import Iterable
from typing import Any

import botocore.session
from botocore.serialize import create_serializer

from gateway.frontends.s3.model import Items, Kind, Operation, Place, Scalar, Shape, Structure, Table, load
from gateway.frontends.s3.xmlin import compile_input

MODEL = load()
SERVICE = botocore.session.get_session().get_service_model("s3")
MIDNIGHT = 1_700_006_400_000_000_000


def has_document(operation: Operation) -> bool:
    try:
        compile_input(operation)
    except TypeError:
        return False
    return True


DOCUMENTS = [operation for operation in MODEL.operations.values() if has_document(operation)]


def shape_of(operation: Operation) -> Structure:
    """What the operation's document holds."""
    payload = operation.input.member(operation.input.payload) if operation.input.payload else None
    shape = payload.shape if payload else operation.input
    assert isinstance(shape, Structure)
    return shape


def stated(operation: Operation) -> dict[str, Any]:
    """A value for each member of the operation's document."""
    whole = bool(operation.input.payload)
    return {
        member.name: sample(member.shape)
        for member in shape_of(operation).members
        if whole or member.place is Place.BODY
    }


def written(operation: Operation) -> bytes:
    """The operation's document with all of its members."""
    payload = operation.input.payload
    members = {payload: stated(operation)} if payload else stated(operation)
    required = {
        member.name: "x" for member in operation.input.members if member.required and member.place is not Place.BODY
    }
    request = create_serializer("rest-xml", include_validation=False).serialize_to_request(
        {**required, **for_botocore(members)}, SERVICE.operation_model(operation.name)
    )
    body: bytes = request["body"]
    return body


def sample(shape: Shape) -> Any:
    match shape:
        case Scalar(enum=enum) if enum:
            return min(enum)
        case Scalar(kind=Kind.BOOLEAN):
            return True
        case Scalar(kind=Kind.TIMESTAMP):
            return MIDNIGHT
        case Scalar(kind=Kind.INTEGER | Kind.LONG):
            return 7
        case Scalar():
            return " a<&>b "
        case Items():
            return [sample(shape.item), sample(shape.item)]
        case Table():
            raise TypeError
        case Structure():
            return {member.name: sample(member.shape) for member in shape.members}


def for_botocore(value: Any) -> Any:
    match value:
        case int() if value == MIDNIGHT:
            return "2023-11-15T00:00:00Z"
        case dict():
            return {name: for_botocore(inner) for name, inner in value.items()}
        case list():
            return [for_botocore(inner) for inner in value]
        case _:
            return value


def damaged(body: bytes, damage: Iterable[tuple[int, int, bytes]]) -> bytes:
    """A document in which pieces, each from an offset on and so long, are replaced by others."""
    for at, length, piece in damage:
        start = at % (len(body) + 1)
        body = body[:start] + piece + body[start + length :]
    return body
