"""What frontends and stores tell the rest of the process; logs, metrics and hooks are made of it."""

from collections.abc import Callable
from typing import NamedTuple

from gateway.core.context import RequestContext


class Access(NamedTuple):
    """One request or FTP transfer that has ended. Byte counts are of bodies; `seconds` is wall time.

    `status` is the protocol's own reply code. `error` is the kind of error that the client was told, or empty.
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
