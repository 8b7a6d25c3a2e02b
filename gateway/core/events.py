"""What frontends and stores tell the rest of the process; logs, metrics and hooks are made of it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from gateway.core.context import RequestContext


class Access(NamedTuple):
    """One request or FTP transfer that has ended. Byte counts are of bodies; `seconds` is wall time.

    `status` is the protocol's own reply code. `error` is the kind of error that the client was told, or empty.
    `source`: where what was renamed stood before, or what was copied stands, as /bucket/key.
    """

    context: RequestContext
    operation: str
    status: int
    seconds: float
    bucket: str = ""
    key: str = ""
    received: int = 0
    sent: int = 0
    error: str = ""
    source: str = ""


class Kind(StrEnum):
    """What can happen to files. `combine`: one was made of others, or of parts."""

    UPLOAD = "upload"
    DOWNLOAD = "download"
    DELETE = "delete"
    RENAME = "rename"
    COPY = "copy"
    COMBINE = "combine"


class Happened(NamedTuple):
    """A transfer, rename or delete that has succeeded; the context says over which protocol, by whom and from where.

    `size`: bytes of the body that was taken or given. Without a `key` it was about many files of the bucket at once.
    `source` as in `Access`; `seconds` is wall time.
    """

    kind: Kind
    context: RequestContext
    bucket: str
    key: str
    size: int
    seconds: float
    source: str = ""


Kinds = Mapping[str, Kind]
"""What a frontend's operations do to files, by the names that `Access` tells; others do nothing that is told."""

Observer = Callable[[Access], None]


class Done(NamedTuple):
    """One operation of a store that has ended. `error` is its kind, or empty.

    `seconds` is wall time; where a `body` was taken in, that of whoever sent it is a part of it.
    """

    store: str
    operation: str
    seconds: float
    error: str = ""
    body: bool = False
