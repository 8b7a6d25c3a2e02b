"""A load balancer: takes connections on one address, and makes each anew to the same port of another.

Run as a script, with both addresses, whether to send PROXY headers on the first port (`plain`, `v1`), and the ports.
"""

import asyncio
import sys


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


class Relay:
    def __init__(self, server: str, port: int, *, tells: bool) -> None:
        self._server = server
        self._port = port
        self._tells = tells

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            its_reader, its_writer = await asyncio.open_connection(self._server, self._port)
        except OSError:
            writer.transport.abort()
            return
        if self._tells:
            (source, source_port), (here, port) = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
            its_writer.write(f"PROXY TCP4 {source} {here} {source_port} {port}\r\n".encode())
        await asyncio.gather(pump(reader, its_writer), pump(its_reader, writer))
        its_writer.close()
        writer.close()


async def main(address: str, server: str, mode: str, *ports: str) -> None:
    for number, port in enumerate(map(int, ports)):
        relay = Relay(server, port, tells=mode == "v1" and number == 0)
        await asyncio.start_server(relay.meet, address, port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
