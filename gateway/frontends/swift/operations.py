"""The operations: what each method does at each level, and the right that it needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import hdrs, web

from gateway.auth.access import Action
from gateway.frontends.swift import accounts, bulk, containers, copies, emptying, former, objects, roster, versioning
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.parameters import Parameters
from gateway.frontends.swift.target import Level, Target

Handler = Callable[[Call], Awaitable[web.StreamResponse]]

Second = Callable[[Target, Mapping[str, str]], Target | None]
"""The other object that a request is about, from its target and headers; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Also:
    """A second object that an operation touches, and what it does to it."""

    action: Action
    find: Second


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the table. Dispatch checks `action` on the target, and `also`, before it calls the handler.

    `action` of None: it is about many objects, for each of which `Call.reach` makes the check; who has no token is not
    listened to. `creates`: the account or container need not stand. `autocreates`: nor need the container where
    `compat.autocreate` has it made.
    """

    name: str
    action: Action | None
    handler: Handler
    also: Also | None = None
    creates: bool = False
    autocreates: bool = False


OPERATIONS: Mapping[Level, Mapping[str, Operation]] = {
    Level.SERVICE: {"GET": Operation(name="list accounts", action=Action.LIST_ACCOUNTS, handler=roster.get)},
    Level.ACCOUNT: {
        "HEAD": Operation(name="stat account", action=Action.STAT_ACCOUNT, handler=accounts.head),
        "GET": Operation(name="list containers", action=Action.LIST_BUCKETS, handler=accounts.get),
        "POST": Operation(name="update account", action=Action.UPDATE_ACCOUNT, handler=accounts.post),
        "PUT": Operation(name="create account", action=Action.CREATE_ACCOUNT, handler=accounts.put, creates=True),
        "DELETE": Operation(name="delete account", action=Action.DELETE_ACCOUNT, handler=accounts.delete),
    },
    Level.CONTAINER: {
        "HEAD": Operation(name="stat container", action=Action.STAT_BUCKET, handler=containers.head),
        "GET": Operation(name="list objects", action=Action.LIST, handler=containers.get),
        "PUT": Operation(name="create container", action=Action.CREATE_BUCKET, handler=containers.put, creates=True),
        "POST": Operation(name="update container", action=Action.UPDATE_BUCKET, handler=containers.post),
        "DELETE": Operation(name="delete container", action=Action.DELETE_BUCKET, handler=containers.delete),
    },
    Level.OBJECT: {
        "HEAD": Operation(name="stat object", action=Action.READ, handler=objects.head),
        "GET": Operation(name="read object", action=Action.READ, handler=objects.get),
        "PUT": Operation(
            name="write object",
            action=Action.WRITE,
            handler=objects.put,
            also=Also(action=Action.READ, find=copies.source_of),
            autocreates=True,
        ),
        "POST": Operation(name="update object", action=Action.WRITE, handler=objects.post),
        "DELETE": Operation(name="delete object", action=Action.DELETE, handler=objects.delete),
        "COPY": Operation(
            name="copy object",
            action=Action.READ,
            handler=copies.copy_to,
            also=Also(action=Action.WRITE, find=copies.destination_of),
        ),
    },
}
"""OPTIONS, which stands at every level and needs no right, is not in the table."""


MANY: Mapping[str, tuple[frozenset[str], Operation]] = {
    "bulk-delete": (
        frozenset({"POST", "DELETE"}),
        Operation(name="delete many", action=None, handler=bulk.delete),
    ),
    "bulk-create": (frozenset({"POST"}), Operation(name="create many", action=None, handler=bulk.create)),
    "extract-archive": (frozenset({"PUT"}), Operation(name="extract archive", action=None, handler=bulk.extract)),
}
"""What these parameters ask for, by these methods, at any level."""


VERSIONS: Mapping[Level, tuple[str, Mapping[str, Operation]]] = {
    Level.CONTAINER: (
        "versions",
        {"GET": Operation(name="list versions", action=Action.LIST_VERSIONS, handler=versioning.versions)},
    ),
    Level.OBJECT: (
        "version-id",
        {
            "HEAD": Operation(name="stat version", action=Action.READ_VERSION, handler=former.head),
            "GET": Operation(name="read version", action=Action.READ_VERSION, handler=former.get),
            "PUT": Operation(
                name="restore version",
                action=Action.WRITE,
                handler=copies.put_version,
                also=Also(action=Action.READ_VERSION, find=copies.source_of),
            ),
            "POST": Operation(name="update version", action=Action.WRITE, handler=versioning.post),
            "DELETE": Operation(name="delete version", action=Action.DELETE_VERSION, handler=versioning.delete),
            "COPY": Operation(
                name="copy version",
                action=Action.READ_VERSION,
                handler=copies.copy_version,
                also=Also(action=Action.WRITE, find=copies.destination_of),
            ),
        },
    ),
}
"""What these parameters ask for, at these levels."""


UPKEEP: Mapping[Level, Mapping[str, Operation]] = {
    Level.ACCOUNT: {
        "flush": Operation(name="flush account", action=Action.DELETE_BUCKET, handler=emptying.flush_account),
        "refresh": Operation(name="refresh account", action=Action.REFRESH_COUNTERS, handler=accounts.refresh),
    },
    Level.CONTAINER: {
        "flush": Operation(name="flush container", action=Action.LIST_VERSIONS, handler=emptying.flush),
        "purge": Operation(name="purge container", action=Action.LIST_VERSIONS, handler=emptying.purge),
        "refresh": Operation(name="refresh container", action=Action.REFRESH_COUNTERS, handler=containers.refresh),
    },
}
"""What these parameters ask for in a POST, at these levels."""


def operation_of(level: Level, method: str, parameters: Parameters) -> Operation | None:
    """What a request asks for; None for a method that its level does not have."""
    if parameters:
        for name, (methods, operation) in MANY.items():
            if name in parameters and method in methods:
                return operation
        if method == hdrs.METH_POST:
            for name, operation in UPKEEP.get(level, {}).items():
                if name in parameters:
                    return operation
        name, versioned = VERSIONS.get(level, ("", {}))
        if method in versioned and name in parameters and (parameters.get(name) or level is Level.CONTAINER):
            return versioned[method]
    return OPERATIONS[level].get(method)


def allowed(level: Level) -> str:
    """The methods of a level as an Allow header lists them."""
    return ", ".join((*OPERATIONS[level], "OPTIONS"))
