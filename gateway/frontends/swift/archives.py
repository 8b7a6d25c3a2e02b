"""The headers of the older kind of versioning: where former versions go, and what a delete does.

Source: `swift.common.middleware.versioned_writes.legacy`.
"""

from collections.abc import Mapping

from gateway.core.archives import LOCATION, MODE, Mode
from gateway.core.buckets import BucketMeta
from gateway.core.versions import Versioning
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.metadata import legible

HEADERS: Mapping[Mode, str] = {Mode.STACK: "X-Versions-Location", Mode.HISTORY: "X-History-Location"}

INFO = {"allowed_flags": [header.lower() for header in HEADERS.values()]}

OTHER_KIND = "Cannot enable object versioning on a container that is already using the legacy versioned writes feature."


def of_container(headers: Mapping[str, str]) -> dict[str, str | None]:
    """What a request does to the properties of a container; None removes. Raises `Refusal` (400, 412).

    A place that is stated counts more than its removal; an empty one is a removal.
    """
    stated = [(mode, value) for mode, header in HEADERS.items() if (value := headers.get(header))]
    if len(stated) > 1:
        raise Refusal(400, f"Only one of {' or '.join(INFO['allowed_flags'])} may be specified")
    if stated:
        mode, value = stated[0]
        if "/" in value:
            raise Refusal(412, "Container name cannot contain slashes")
        return {LOCATION: legible(value), MODE: mode}
    removed = (header in headers or headers.get(header.replace("X-", "X-Remove-", 1)) for header in HEADERS.values())
    return {LOCATION: None, MODE: None} if any(removed) else {}


def check_kind(changes: Mapping[str, str | None], found: BucketMeta) -> None:
    """Raise `Refusal` (400) for a container that keeps versions already."""
    if changes.get(LOCATION) and found.versioning is not Versioning.OFF:
        raise Refusal(400, "Cannot use the legacy versioned writes feature on a container with object versioning.")


def shown(found: BucketMeta) -> list[tuple[str, str]]:
    """The header of a container whose former versions go elsewhere."""
    location = found.system.get(LOCATION)
    return [(HEADERS[Mode(found.system.get(MODE, Mode.STACK))], location)] if location else []
