"""The control connection: requests in, replies out, strictly one after the other.

A command that waits runs as the one task of its connection; what comes meanwhile is kept in order and in bounds. Only
ABOR is heeded at once, and while a transfer runs NOOP and STAT are answered at once.
"""

import asyncio
import logging
import ssl
from collections import deque
from typing import Protocol

from gateway.frontends.ftp.addresses import Address
from gateway.frontends.ftp.dispatch import GONE, Work, begin, is_at_once
from gateway.frontends.ftp.lines import Lines, Request
from gateway.frontends.ftp.proxy import Proxied
from gateway.frontends.ftp.replies import Reply, Then
from gateway.frontends.ftp.session import Services, Session
from gateway.frontends.ftp.wire import Wire

logger = logging.getLogger("portico.ftp")

MAX_PENDING = 64
"""Requests that wait for their turn before no more are read."""


class Reception(Protocol):
    """The server, as its connections see it.

    `proxied` holds connections of load balancers that have not said for whom they connect.
    """

    services: Services
    proxied: set[Proxied]

    def admit(self, client: Address) -> bool:
        """Whether one more connection may come in."""

    def enter(self, control: "Control", client: Address) -> None:
        """Count a connection in."""

    def leave(self, control: "Control", client: Address) -> None:
        """Count a connection out, once nothing of it runs any more."""


class Control(asyncio.Protocol):
    """One control connection. `Session` holds its state, `Wire` sends; this is its order, its limits and its end."""

    def __init__(
        self,
        reception: Reception,
        transport: asyncio.Transport,
        client: Address,
        local: Address,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """With a `context` TLS begins at once."""
        self._reception = reception
        self._settings = reception.services.settings
        self._transport = transport
        self._client = client
        self._wire = Wire(transport, self._settings.stall_timeout)
        self._session = Session(reception.services, self._wire, client, local)
        self._loop = asyncio.get_running_loop()
        self._lines = Lines()
        self._pending: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_paused = self._is_dismissed = self._has_ended = self._is_gone = False
        self._since = self._known = self._loop.time()
        self._pulse = min(self._settings.login_timeout, self._settings.idle_timeout)
        self._timer = self._loop.call_later(self._pulse, self._tick)
        reception.enter(self, client)
        if context is not None:
            self._session.protect(context, data=True)
            self._wire.protect()
        self._wire.send(Reply(220, self._settings.banner))

    # What the client sends

    def data_received(self, data: bytes) -> None:
        try:
            text = self._wire.read(data)
        except ssl.SSLError as error:
            logger.info("TLS failed", extra={"reason": error.reason, "client": str(self._client)})
            self._wire.close()
            return
        for request in self._lines.feed(text):
            if self._may_overtake() and is_at_once(request):
                self._answer(begin(self._session, request))
            else:
                self._pending.append(request)
        if self._wire.has_ended:
            self.eof_received()
        else:
            self._go_on()

    def _may_overtake(self) -> bool:
        """Whether a transfer runs that nothing waits behind, and the client takes replies."""
        return self._session.transfer is not None and not self._pending and not self._wire.is_full

    def eof_received(self) -> bool:
        """What came before the end is still served, except for transfers: they need the client to be there."""
        self._has_ended = True
        self._wire.end()
        self._session.lose()
        self._go_on()
        return True

    # One request after the other

    def _go_on(self) -> None:
        while self._pending and self._task is None and not (self._wire.is_full or self._wire.is_closing):
            self._note_time()
            self._answer(begin(self._session, self._pending.popleft()))
        if self._task is not None and any(request.verb == "ABOR" for request in self._pending):
            self._session.abort()
        if self._task is None and self._has_ended and not self._pending:
            self._wire.close()
        self._limit()

    def _answer(self, answer: Reply | Work) -> None:
        if isinstance(answer, Reply):
            self._send(answer)
        else:
            self._task = self._loop.create_task(self._perform(answer))

    async def _perform(self, work: Work) -> None:
        try:
            reply = await work
        except asyncio.CancelledError:
            reply = GONE
        self._finish(reply)

    def _send(self, reply: Reply) -> None:
        self._wire.send(reply)
        if reply.then is Then.PROTECT:
            # What came in plain behind AUTH is no command of the client's: anybody can have put it there.
            self._pending.clear()
            self._lines = Lines()
            self._wire.protect()
        elif reply.then is Then.UNPROTECT:
            self._wire.unprotect()

    def _finish(self, reply: Reply) -> None:
        """The command that ran has its reply, and the next one its turn."""
        self._task = None
        self._note_time()
        self._send(reply)
        if self._is_dismissed:
            self._wire.send(GONE)
        if self._is_gone:
            self._leave()
        else:
            self._go_on()

    # Limits

    def _limit(self) -> None:
        """Read on only while what was read is being served."""
        if self._is_gone or self._wire.is_closing or self._has_ended:
            return
        if self._is_paused and len(self._pending) < MAX_PENDING:
            self._transport.resume_reading()
        elif not self._is_paused and len(self._pending) >= MAX_PENDING:
            self._transport.pause_reading()
        self._is_paused = len(self._pending) >= MAX_PENDING

    def pause_writing(self) -> None:
        self._wire.fill()

    def resume_writing(self) -> None:
        self._wire.empty()
        self._go_on()

    def _note_time(self) -> None:
        self._since = self._loop.time()
        if self._session.login is not None:
            self._known = self._since

    def _tick(self) -> None:
        """Close what was still for too long. A command that runs has limits of its own."""
        if self._session.login is None:
            since, limit = self._known, self._settings.login_timeout
        else:
            since, limit = self._since, self._settings.idle_timeout
        left = since + limit - self._loop.time()
        if self._task is None and left <= 0:
            self._wire.send(Reply(421, "You were still for too long", then=Then.CLOSE))
        else:
            self._timer = self._loop.call_later(min(left, self._pulse) if left > 0 else self._pulse, self._tick)

    # The end

    def dismiss(self) -> None:
        """Close as soon as the running command, if any, has been answered."""
        self._is_dismissed = True
        self._pending.clear()
        if self._task is None:
            self._wire.send(GONE)

    def cancel(self) -> None:
        """Close at once, whatever runs."""
        if self._task is not None:
            self._loop.call_soon(self._task.cancel)  # behind its first step: it has to tell of its own end
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_gone = True
        self._timer.cancel()
        self._pending.clear()
        self._wire.lose()
        self._session.lose()
        if self._task is None:
            self._leave()

    def _leave(self) -> None:
        self._session.forget_user()
        self._reception.leave(self, self._client)
