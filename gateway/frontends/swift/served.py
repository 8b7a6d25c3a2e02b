"""What is known of a request so far; its access line is made of that."""

import random
import time
from urllib.parse import quote

from aiohttp import web

from gateway.auth.asking import Caller
from gateway.auth.facts import Facts
from gateway.auth.principals import Principal
from gateway.core.context import RequestContext, enter
from gateway.core.events import Access
from gateway.frontends.swift.copies import copied
from gateway.frontends.swift.errors import REASONS
from gateway.frontends.swift.facts import facts_of
from gateway.frontends.swift.parameters import Parameters
from gateway.frontends.swift.target import Target, split

PROTOCOL = "swift"
MAX_EXTRA = 32
CREATED = 201
COPIED = "copy object"
"""What a PUT with X-Copy-From is told to have been, too."""


class Served(Caller):
    """What the access line of a request will say, as it becomes known."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._started = time.monotonic()
        self._target: Target | None = None
        self.operation = "unknown"
        self.within = ""
        self.context = RequestContext(
            request_id=transaction_id(request.headers.get("X-Trans-Id-Extra", "")),
            client=request.remote or "",
            protocol=PROTOCOL,
            began=self._started,
        )

    def found(self, target: Target, principal: Principal) -> None:
        """The request is about `target`, and `principal` asks."""
        self._target = target
        self.principal = principal
        self.context = self.context._replace(principal=principal.label, caller=self)
        enter(self.context)

    def facts(self) -> Facts:
        return facts_of(self._request, Parameters(split(self._request.raw_path)[1]))

    def reaches(self, bucket: str) -> bool:
        return self.within in {"", bucket}

    def access(self, status: int, sent: int, error: str = "") -> Access:
        target, operation, source = self._target, self.operation, ""
        if target is not None and target.name and status == CREATED:
            made = copied(target, self._request.method, self._request.headers)
            if made is not None:
                target, origin = made
                operation, source = COPIED, f"/{origin.container}/{origin.name}"
        return Access(
            context=self.context,
            operation=operation,
            status=status,
            seconds=time.monotonic() - self._started,
            bucket=target.container if target else "",
            key=target.name if target else "",
            received=self._request.content.total_bytes,
            sent=sent,
            error=error or (REASONS[status].title if status >= 400 else ""),
            source=source,
        )


def transaction_id(extra: str) -> str:
    """An id in the form that Swift's tools take apart: random digits, the time, and what the client adds."""
    suffix = quote(f"-{extra[:MAX_EXTRA]}", errors="replace") if extra else ""
    return f"tx{random.getrandbits(84):021x}-{int(time.time()):010x}{suffix}"
