"""aiomcache's client, with what it lacks."""

from collections.abc import Mapping, Sequence

import aiomcache
from aiomcache.client import acquire
from aiomcache.pool import Connection

CHUNK = 256 * 1024
"""Bytes of an answer that are read at once, at most."""

_NOT_STORED = b"NOT_STORED"


class Client(aiomcache.Client):
    """aiomcache's client would read for ever from a connection that the server has closed.

    A server that is well may not be able to keep a value (`SERVER_ERROR`): it is too large for it, or memory is short.
    """

    async def _execute_simple_command(self, conn: Connection, raw_command: bytes) -> bytes:
        conn.writer.write(raw_command)
        await conn.writer.drain()
        line = await conn.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("memcached closed the connection")
        return _NOT_STORED if line.startswith(b"SERVER_ERROR") else line[:-2]

    @acquire
    async def look(self, conn: Connection, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The values that are there. It is `multi_get` at half its cost, which reads line by line.

        `keys` are distinct and fit to be keys. Raises `ConnectionResetError`, and `ClientException` for any answer that
        has no values.
        """
        conn.writer.write(b"get " + b" ".join(keys) + b"\r\n")
        answer = bytearray()
        while (found := values(answer)) is None:
            piece = await conn.reader.read(CHUNK)
            if not piece:
                raise ConnectionResetError("memcached closed the connection")
            answer += piece
        return found


def values(answer: bytes | bytearray) -> Mapping[bytes, bytes] | None:
    """The values of an answer to `get`; None where it is not whole. Raises `ClientException` for any other answer.

    Source: "Retrieval command" in memcached's protocol.txt.
    """
    found: dict[bytes, bytes] = {}
    place = 0
    while (end := answer.find(b"\r\n", place)) >= 0:
        match bytes(answer[place:end]).split():
            case [b"END"]:
                return found
            case [b"VALUE", key, _, size] if size.isdigit():
                start = end + 2
                place = start + int(size) + 2
                if len(answer) < place:
                    return None
                found[key] = bytes(answer[start : place - 2])
            case _:
                raise aiomcache.ClientException("get failed", bytes(answer[place:end]))
    return None
