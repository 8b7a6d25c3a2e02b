"""Ways in which clients break off a transfer."""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable

from tests.frontends.ftp.world import Client

RESET = struct.pack("ii", 1, 0)

Break = Callable[[Client, socket.socket], Awaitable[None]]


async def abort(client: Client, sock: socket.socket) -> None:
    await client.send("ABOR")


async def abort_out_of_band(client: Client, sock: socket.socket) -> None:
    """As Python's ftplib does it: the whole line as urgent data."""
    with socket.socket(fileno=os.dup(client.writer.get_extra_info("socket").fileno())) as control:
        control.send(b"ABOR\r\n", socket.MSG_OOB)


async def abort_by_telnet(client: Client, sock: socket.socket) -> None:
    """As lftp does it: interrupt process, synch, ABOR."""
    await client.send(b"\xff\xf4\xff")
    await client.send(b"\xf2ABOR\r\n")


async def abort_by_urgent_telnet(client: Client, sock: socket.socket) -> None:
    """As old clients do it: two halves of Telnet commands as urgent data, then ABOR."""
    with socket.socket(fileno=os.dup(client.writer.get_extra_info("socket").fileno())) as control:
        control.send(b"\xf4", socket.MSG_OOB)
        control.send(b"\xff", socket.MSG_OOB)
    await client.send("abor")


async def reset_data(client: Client, sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()


async def end_control_then_data(client: Client, sock: socket.socket) -> None:
    """As a killed process does it: both connections end in good order."""
    client.writer.close()
    sock.close()


async def reset_control(client: Client, sock: socket.socket) -> None:
    client.reset()


async def half_close_control(client: Client, sock: socket.socket) -> None:
    client.writer.write_eof()


async def receive_end(sock: socket.socket) -> bool:
    try:
        return await asyncio.get_running_loop().sock_recv(sock, 1) == b""
    except ConnectionResetError:
        return True


ABORTS: dict[str, Break] = {
    "abor": abort,
    "out of band": abort_out_of_band,
    "telnet": abort_by_telnet,
    "urgent telnet": abort_by_urgent_telnet,
}
LOSSES: dict[str, Break] = {
    "control ends": end_control_then_data,
    "control reset": reset_control,
    "half closed": half_close_control,
}
BREAKS = {**ABORTS, **LOSSES}
