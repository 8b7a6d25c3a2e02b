"""What Swift can do and this frontend cannot: refused by name, since doing only a part of it would mislead.

A header or parameter of Swift that is neither here nor handled means nothing to Swift itself without the middleware
that it belongs to, and is ignored here as it is there.
"""

from collections.abc import Mapping

from gateway.core.capabilities import find
from gateway.core.capabilities.manifests import Links, Manifests
from gateway.core.capabilities.versions import Versions
from gateway.core.store import Store
from gateway.frontends.swift import archives
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.parameters import Parameters
from gateway.frontends.swift.target import Level

WRITES = frozenset({"PUT", "POST", "COPY"})

HEADERS: Mapping[Level, tuple[str, ...]] = {
    Level.ACCOUNT: (),
    Level.CONTAINER: (
        "X-Container-Sync-To",
        "X-Versions-Enabled",
    ),
    Level.OBJECT: ("X-Object-Manifest", "X-Symlink-Target"),
}
"""Headers of writes. Without a value they ask for nothing."""

PLAIN = "multipart-manifest", "get"

PARAMETERS: Mapping[str, frozenset[str]] = {
    "multipart-manifest": frozenset({"PUT", "DELETE"}),
    "versions": frozenset({"GET"}),
}
"""Parameters, and the methods that would do something else than what was asked for, were they ignored.

`multipart-manifest=get` asks for a plain object as it is.
"""


NEEDED: Mapping[str, tuple[type, str]] = {
    "multipart-manifest": (Manifests, "large objects"),
    "X-Object-Manifest": (Manifests, "large objects"),
    "X-Symlink-Target": (Links, "symbolic links"),
    "X-Versions-Enabled": (Versions, "versions"),
    "versions": (Versions, "versions"),
}
"""What is asked of stores that some have and others have not, and what it is called."""


def check(method: str, level: Level, headers: Mapping[str, str], parameters: Parameters, store: Store) -> None:
    """Raise `Refusal` (501) for a request that asks for what is not there."""
    for name, methods in PARAMETERS.items():
        if method in methods and name in parameters and (name, parameters.get(name)) != PLAIN:
            _refuse(f"The parameter {name}", name, store)
    if method in WRITES:
        _check_write(level, headers, store)


def _refuse(what: str, name: str, store: Store) -> None:
    if name not in NEEDED:
        raise Refusal(501, f"{what} is not supported")
    capability, things = NEEDED[name]
    if find(store, capability) is None:
        raise Refusal(501, f"{what} is not supported: the store behind this container keeps no {things}")


def _check_write(level: Level, headers: Mapping[str, str], store: Store) -> None:
    for name in HEADERS[level]:
        if headers.get(name):
            _refuse(f"The header {name}", name, store)
    if level is Level.CONTAINER and not store.caps.archives and any(map(headers.get, archives.HEADERS.values())):
        raise Refusal(412, "Versioned Writes is disabled")
