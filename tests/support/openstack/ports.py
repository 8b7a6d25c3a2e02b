"""Free ports for servers that can't choose one themselves."""

import socket


def reserved() -> socket.socket:
    """A port of loopback that nobody else gets while this socket is open, for a server that reuses addresses.

    A port that was merely free a moment ago may by now be that of any client on this machine.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held
