"""What clients say that can't run here, after their known sequences of commands; `dialogues` holds one file for each.

`> line` is sent and `< code text` is the answer, in which the text is a pattern. A bare `> PORT` gets its address.
`put` sends on the data connection, `get` is the pattern of all that comes there. In the end `file` names what is in the
bucket, `gone` what is not.
"""

import asyncio
import re
import socket
from pathlib import Path

import pytest

from tests.frontends.ftp.world import HOST, Client, World, receive, send

STORES = ("memory", "catalog")

DIALOGUES = sorted((Path(__file__).parent / "dialogues").glob("*.txt"))

_PASV = re.compile(r"\((?:\d+,){4}(\d+),(\d+)\)")


class Play:
    """One client's part, line by line."""

    def __init__(self, world: World, client: Client) -> None:
        self._world = world
        self._client = client
        self._listener: socket.socket | None = None
        self._data: socket.socket | None = None

    async def line(self, line: str) -> None:
        word, _, text = line.partition(" ")
        match word:
            case ">":
                await self._client.send(self._listening() if text == "PORT" else text)
            case "<":
                await self._answer(text)
            case "put":
                data = await self._connection()
                await send(data, _bytes(text))
                data.close()
            case "get":
                got = (await receive(await self._connection())).decode()
                assert re.fullmatch(text, got), (line, got)
            case "file":
                names = [name for name in await self._world.names() if text.startswith(f"{name} ")]
                assert [await self._world.get(name) for name in names] == [_bytes(text[len(names[0]) + 1 :])]
            case "gone":
                assert text not in await self._world.names()
            case _:
                assert word in ("", "#"), line

    async def _answer(self, expected: str) -> None:
        code, _, pattern = expected.partition(" ")
        answer = await self._client.answer()
        whole = "\n".join(answer.lines)
        assert (answer.code, bool(re.search(pattern, whole))) == (int(code), True), (expected, whole)
        if found := _PASV.search(answer.text):
            self._data = socket.socket()
            self._data.setblocking(False)
            port = int(found[1]) * 256 + int(found[2])
            await asyncio.get_running_loop().sock_connect(self._data, (HOST, port))

    def _listening(self) -> str:
        self._listener = socket.create_server((HOST, 0))
        self._listener.setblocking(False)
        port = self._listener.getsockname()[1]
        return f"PORT {HOST.replace('.', ',')},{port >> 8},{port & 255}"

    async def _connection(self) -> socket.socket:
        if self._listener is not None:
            with self._listener:
                self._data, _ = await asyncio.get_running_loop().sock_accept(self._listener)
            self._listener = None
        assert self._data is not None
        return self._data


def _bytes(text: str) -> bytes:
    return text.replace("\\r", "\r").replace("\\n", "\n").encode()


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda path: path.stem)
async def test_clients_get_the_answers_that_they_wait_for(world: World, dialogue: Path) -> None:
    play = Play(world, await world.connect())
    for line in dialogue.read_text().splitlines():
        await play.line(line)
