"""A link with latency: `python -m bench.latency PORT TARGET MILLISECONDS`.

Bytes arrive half of the round trip after they were sent. Of each direction of a connection up to `WINDOW` bytes are on
their way, as TCP has it; so one stream carries `WINDOW` in half a round trip at most, whatever the machine could.
"""

import asyncio
import sys
from contextlib import suppress

WINDOW = 256 * 1024
BLOCK = 64 * 1024


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WINDOW // BLOCK)

    async def arrive() -> None:
        while True:
            due, block = await line.get()
            await asyncio.sleep(due - loop.time())
            if not block:
                sink.write_eof()
                return
            sink.write(block)
            await sink.drain()

    async def depart() -> None:
        block = b"-"
        while block:
            block = await source.read(BLOCK)
            await line.put((loop.time() + seconds, block))

    await asyncio.gather(arrive(), depart())


async def main(port: int, target: int, milliseconds: float) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_connection("127.0.0.1", target, limit=BLOCK)
        way = milliseconds / 2000
        try:
            with suppress(ConnectionError):
                await asyncio.gather(_carry(reader, server, way), _carry(answers, writer, way))
        finally:
            server.close()
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", port, limit=BLOCK)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
