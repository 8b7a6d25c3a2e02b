"""Which operation a request is. The table is compiled from the model, so no sub-resource can be taken for another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.frontends.s3 import quirks
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.model import Level, Model, Operation, Place
from gateway.frontends.s3.refused import REASONS

_NONE: frozenset[str] = frozenset()

_Group = tuple[str, Level, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Route:
    """One operation of a group, what a request must carry to be it, and query keys that it must not carry."""

    operation: Operation
    query: frozenset[str]
    headers: frozenset[str]
    strays: frozenset[str]

    def fits(self, query: Iterable[str], headers: Iterable[str]) -> bool:
        return not (self.query.difference(query) or self.headers.difference(headers))


class Router:
    """Finds the operation by method, path level, sub-resource and what else it requires; the most specific one wins.

    Sub-resources are the query keys that request lines of the model carry (`acl`, `uploads`, `list-type`). A request
    that names one gets that operation or an error, never the operation without it. All other keys (`x-id` among them)
    choose nothing, except `uploadId` and `partNumber`, which no operation that lacks them may be given.
    """

    def __init__(self, model: Model) -> None:
        operations = list(model.operations.values())
        self._preflight = model.operations[quirks.PREFLIGHT]
        self._selectors = frozenset(key for operation in operations for key in operation.query)
        exclusive = frozenset(
            key for operation in operations if not operation.query for key in operation.required_query
        )
        groups: dict[_Group, list[Operation]] = {}
        for operation in operations:
            group = operation.method, operation.level, frozenset(operation.query)
            groups.setdefault(group, []).append(operation)
        self._groups = {group: _routes(found, exclusive) for group, found in groups.items()}

    def route(self, method: str, level: Level, query: Mapping[str, str], headers: Iterable[str]) -> Operation:
        """The operation of a request. `headers` holds the names of its headers in lower case.

        Raises `S3Error` `MethodNotAllowed` where the resource has no such operation, and `InvalidArgument` where query
        keys contradict each other or have a value that chooses nothing.
        """
        if method == self._preflight.method:
            return self._preflight
        selectors = self._selectors.intersection(query) if query else _NONE
        for route in self._groups.get((method, level, selectors), ()):
            if route.fits(query, headers):
                return _consistent(route, query) if query else route.operation
        raise self._refusal(method, level, selectors)

    def _refusal(self, method: str, level: Level, selectors: frozenset[str]) -> S3Error:
        if len(selectors) > 1 and not any(group[1:] == (level, selectors) for group in self._groups):
            return _conflict(sorted(selectors))
        allowed = sorted(found for found, *group in self._groups if found != method and group == [level, selectors])
        resource = "".join(sorted(selectors)) or level.value
        return S3Error(
            Code.METHOD_NOT_ALLOWED,
            headers={"Allow": ", ".join(allowed)},
            Method=method,
            ResourceType=resource.upper(),
        )


def not_implemented(operation: Operation) -> S3Error:
    """The answer to an operation of the model that nothing serves."""
    why = REASONS.get(operation.name)
    reason = f": {why}" if why else ""
    return S3Error(Code.NOT_IMPLEMENTED, f"The operation {operation.name} is not implemented{reason}.")


def _routes(operations: list[Operation], exclusive: frozenset[str]) -> tuple[_Route, ...]:
    """The routes of one group, the most specific first.

    The last of a sub-resource fits whatever else is missing: what it lacks is for its handler to say.
    """
    found = sorted(operations, key=_weight, reverse=True)
    last = found[-1]
    return tuple(
        _Route(
            operation,
            frozenset() if operation is last and operation.query else operation.required_query,
            frozenset() if operation is last and operation.query else operation.required_headers,
            exclusive - _accepted(operation),
        )
        for operation in found
    )


def _consistent(route: _Route, query: Mapping[str, str]) -> Operation:
    operation = route.operation
    for key, value in operation.query.items():
        if value and query[key] != value:
            raise _invalid(f"The value of {key} is not valid", key, query[key])
    if strays := sorted(route.strays.intersection(query)):
        if operation.query:
            raise _conflict(sorted([*operation.query, *strays]))
        raise _invalid(f"This operation does not accept {', '.join(strays)}", strays[0], query[strays[0]])
    return operation


def _weight(operation: Operation) -> int:
    return len(operation.required_query) + len(operation.required_headers)


def _accepted(operation: Operation) -> frozenset[str]:
    return frozenset(member.tag for member in operation.input.members if member.place is Place.QUERY)


def _invalid(message: str, name: str, value: str) -> S3Error:
    return S3Error(Code.INVALID_ARGUMENT, message, ArgumentName=name, ArgumentValue=value)


def _conflict(keys: list[str]) -> S3Error:
    return _invalid(f"Conflicting query string parameters: {', '.join(keys)}", "ResourceType", keys[0])
