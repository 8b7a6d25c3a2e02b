"""`python -m bench.plainaioftp PORT FOLDER`: aioftp's server as it comes."""

import asyncio
import sys
from pathlib import Path

import aioftp

from bench.requests import SECRET, USER


async def main(port: int, folder: Path) -> None:
    user = aioftp.User(USER, SECRET, base_path=folder)
    server = aioftp.Server([user], path_io_factory=aioftp.AsyncPathIO)
    await server.run("127.0.0.1", port)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
