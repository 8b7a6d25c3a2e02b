"""Answers that leave together."""

import asyncio

from aiohttp.web_protocol import RequestHandler


class Cork:
    """Holds answers until the end of a turn of the event loop, and sends one right behind the other.

    A client that sleeps is woken by its answer, which takes the sender longer than a small answer to make. One by one,
    clients would be woken for each; this way most answers find them awake.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held: list[tuple[asyncio.Transport, bytes]] = []

    def hold(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Send an answer soon. Nothing else may be written to `transport` before it is told of something new."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append((transport, answer))

    def _send(self) -> None:
        held, self._held = self._held, []
        for transport, answer in held:
            if not transport.is_closing():
                transport.write(answer)


class Corked(RequestHandler):
    """A connection whose whole answers wait for those of others."""

    __slots__ = ("_cork",)
    _cork: Cork

    def hold(self, answer: bytes) -> bool:
        """Have an answer sent with others; False where it can't wait, since another request may be answered first."""
        if self._messages or self.transport is None:
            return False
        self._cork.hold(self.transport, answer)
        return True
