"""The yardstick: aiohttp's low-level server that answers fixed bytes, and reads and drops what it is sent."""

import asyncio
import sys

from aiohttp import web

BODY = b"x" * 4096


async def handle(request: web.BaseRequest) -> web.StreamResponse:
    if request.method == "PUT":
        await request.read()
        return web.Response()
    return web.Response(body=BODY)


async def main(port: int) -> None:
    server = web.Server(handle, access_log=None)
    await asyncio.get_running_loop().create_server(server, "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
