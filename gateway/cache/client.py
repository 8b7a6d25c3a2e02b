"""aiomcache's client, with what it lacks."""

from collections.abc import Mapping, Sequence

import aiomcache
from aiomcache.client import acquire
from aiomcache.pool import Connection

CHUNK = 256 * 1024
"""Bytes of an answer that are read at once, at most."""

MAX_VALUE = 1000 * 1000
"""Bytes; memcached's own limit, unless it has another, is 1 MiB with key and overhead. Larger values are not kept."""

_MAX_PENDING = MAX_VALUE + 4096
"""Bytes of a value with its line: whoever sends more without coming to an end is no memcached that we filled."""

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
        answer = Answer()
        while not answer.whole:
            piece = await conn.reader.read(CHUNK)
            if not piece:
                raise ConnectionResetError("memcached closed the connection")
            answer.feed(piece)
        return answer.values


class Answer:
    """An answer to `get`, piece by piece. Source: "Retrieval command" in memcached's protocol.txt."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.whole = False
        self._rest = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take what came. Raises `ClientException` for an answer that has no values, or too large ones."""
        self._rest += piece
        place = 0
        while not self.whole and (end := self._rest.find(b"\r\n", place)) >= 0:
            match bytes(self._rest[place:end]).split():
                case [b"END"]:
                    self.whole = True
                case [b"VALUE", key, _, size] if size.isdigit():
                    start, stop = end + 2, end + 2 + int(size)
                    if len(self._rest) < stop + 2:
                        break
                    self.values[key] = bytes(self._rest[start:stop])
                    place = stop + 2
                case _:
                    raise aiomcache.ClientException("get failed", bytes(self._rest[place:end]))
        del self._rest[:place]
        if len(self._rest) > _MAX_PENDING:
            raise aiomcache.ClientException("get failed", bytes(self._rest[:64]))
