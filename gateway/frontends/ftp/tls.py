"""TLS of the control connection (RFC 4217), over bytes that somebody else carries. No I/O.

A layer of its own, and not the event loop's, so that it can be taken off again (CCC, REIN).
"""

import ssl
from contextlib import suppress

BLOCK = 16 * 1024
"""Bytes of the largest TLS record."""

RECORDS = range(20, 24)
"""How TLS records begin, and no command does."""


class Layer:
    """The server's side of TLS. What it has to send is taken from it (`outgoing`) after each of the other calls."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._held = bytearray()
        self._is_open = self._is_ending = False
        self.has_ended = False
        """Whether the client said that it will send no more (close_notify)."""

    def feed(self, data: bytes) -> bytes:
        """The text that comes out of `data`. Raises `ssl.SSLError` where that is not what TLS makes."""
        self._incoming.write(data)
        text = bytearray()
        with suppress(ssl.SSLWantReadError):
            if not self._is_open:
                self._shake_hands()
            while block := self._tls.read(BLOCK):
                text += block
            self.has_ended = True
        return bytes(text)

    def _shake_hands(self) -> None:
        self._tls.do_handshake()
        self._is_open = True
        if self._held:
            self._tls.write(self._held)

    def send(self, text: bytes) -> None:
        """Protect `text`; before the end of the handshake it waits for that, behind `end` it is dropped."""
        if not self._is_open:
            self._held += text
        elif not self._is_ending:
            self._tls.write(text)

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def end(self) -> None:
        """Say that nothing more will be sent."""
        self._is_ending = True
        with suppress(ssl.SSLError):
            self._tls.unwrap()

    def lower(self, data: bytes) -> bytes | None:
        """Behind `end`: what came in plain behind the client's own end; None where that has not come yet.

        Some clients, curl among them, go on in plain text without an end of their own. Raises `ssl.SSLError`.
        """
        if not self._incoming.pending and data[0] not in RECORDS:
            return data
        self._incoming.write(data)
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            return None
        return self._incoming.read()
