"""Event loops of the tests."""

import asyncio
from asyncio import sslproto
from collections.abc import Iterator
from weakref import WeakValueDictionary

SETTLE = 2.0
"""Seconds in which connections that are being closed may end; who is still writing then is broken off."""


class SettlingLoop(asyncio.SelectorEventLoop):
    """A loop that lets the connections that somebody closed end before it closes itself.

    A transport ends some turns of the loop after its `close`. A loop that has stopped by then leaves it to the garbage
    collector, which warns of it in the midst of another test. Transports that nobody closed are still warned of.
    """

    _transports: WeakValueDictionary[int, asyncio.Transport]

    def close(self) -> None:
        if not self.is_closed() and any(self._closing()):
            self.run_until_complete(self._settle())
        super().close()

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(SETTLE):
                while any(self._closing()):  # noqa: ASYNC110 - a transport tells its protocol alone
                    await asyncio.sleep(0.001)
        except TimeoutError:
            for transport in self._closing():
                transport.abort()
            await asyncio.sleep(0)

    def _closing(self) -> Iterator[asyncio.Transport]:
        """Transports whose socket is open although they were closed."""
        for transport in list(self._transports.values()):
            if transport.get_extra_info("socket").fileno() != -1 and _closed(transport):
                yield transport


def _closed(transport: asyncio.Transport) -> bool:
    protocol = transport.get_protocol()
    if isinstance(protocol, sslproto.SSLProtocol) and protocol._app_transport is not None:
        return transport.is_closing() or protocol._app_transport.is_closing()
    return transport.is_closing()
