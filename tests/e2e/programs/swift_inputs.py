"""python-swiftclient: objects of bytes and of a stream, both from standard input."""

import sys

from swiftclient import Connection

STEP = 7777


def main(url: str, user: str, key: str) -> None:
    swift = Connection(url, user, key)
    swift.put_container("inputs")
    data = sys.stdin.buffer.read()
    swift.put_object("inputs", "bytes", data)
    swift.put_object("inputs", "stream", (data[at : at + STEP] for at in range(0, len(data), STEP)), chunk_size=STEP)


main(*sys.argv[1:])
