"""What frontends tell the rest of the process about served requests; logs, metrics and hooks are made of it."""

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
