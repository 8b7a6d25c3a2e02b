"""What is known of the request that is being served, for logs, upstream headers and deadlines."""

import random
import time
from contextvars import ContextVar
from math import inf
from typing import NamedTuple


def new_request_id() -> str:
    """A fresh id: 21 characters, unique in practice, safe in headers. It is no secret: others may guess the next."""
    return f"tx{random.getrandbits(76):019x}"


class RequestContext(NamedTuple):
    """`client` is the peer's address without its port; `deadline` and `began` are on the `time.monotonic` clock, in
    seconds. What was seen since the request `began` is new enough for it; where that is not known, nothing is.

    `caller` is an `auth.asking.Caller`, into which the core does not look.
    """

    request_id: str = "-"
    client: str = ""
    protocol: str = ""
    principal: str = ""
    deadline: float | None = None
    began: float = inf
    caller: object = None

    def remaining(self) -> float | None:
        """Seconds until the deadline, never below 0; None where there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


_current: ContextVar[RequestContext] = ContextVar("portico_request", default=RequestContext())


def current() -> RequestContext:
    """The context of the running task; a blank one outside of a request."""
    return _current.get()


def enter(context: RequestContext) -> None:
    """Make `context` the one of the running task and of all that it starts."""
    _current.set(context)
