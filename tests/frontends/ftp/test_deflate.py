"""MODE Z, in both directions."""

import random
import tracemalloc
import zlib

import pytest

from gateway.core.body import Body
from gateway.core.types import Key, Meta, Put
from gateway.frontends.ftp.deflate import OUTPUT
from gateway.stores.memory import Memory
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import World, download, make_bucket, send, serving, upload

STORES = ("memory", "catalog")

TEXT = b"".join(b"%d is a number\n" % number for number in range(200_000))
NOISE = random.Random(7).randbytes(700_000)
BODIES = {"text": TEXT, "noise": NOISE, "one byte": b"x", "nothing": b""}


@pytest.mark.parametrize("data", BODIES.values(), ids=BODIES)
async def test_files_travel_compressed_both_ways(world: World, data: bytes) -> None:
    client = await world.login()
    assert " MODE Z" not in (await client.do("FEAT")).lines
    assert await client.code("MODE Z") == 200
    assert (await upload(client, "STOR /c/f", zlib.compress(data))).code == 226
    assert await world.get("f") == data
    packed = await download(client, "RETR /c/f")
    assert zlib.decompress(packed) == data
    await client.do(f"REST {len(data) // 2}")
    assert zlib.decompress(await download(client, "RETR /c/f")) == data[len(data) // 2 :]
    assert zlib.decompress(await download(client, "NLST /c")) == b"f\r\n"
    assert await client.code("MODE S") == 200
    assert await download(client, "RETR /c/f") == data


async def test_the_level_is_chosen(world: World) -> None:
    await world.put("f", TEXT)
    client = await world.login()
    assert await client.code("MODE Z") == 200
    sizes = []
    for options in ("LEVEL 1", "engine zlib level 9"):
        assert await client.code(f"OPTS MODE Z {options}") == 200
        sizes.append(len(await download(client, "RETR /c/f")))
    assert sizes[0] > sizes[1]
    for line in ("OPTS MODE Z LEVEL 0", "OPTS MODE Z LEVEL 10", "OPTS MODE B", "OPTS MODE Z BLOCKSIZE 1"):
        assert await client.code(line) == 501, line
    assert await client.code("MODE") == 501
    assert (await client.do("STAT")).lines[3] == " Type BINARY, mode DEFLATE, structure FILE"


@pytest.mark.parametrize(
    ("sent", "code"),
    (
        (zlib.compress(TEXT)[:-1], 426),
        (zlib.compress(TEXT)[:1000], 426),
        (b"", 426),
        (b"this is plain", 550),
        (zlib.compress(b"x") + b"more", 550),
        (zlib.compress(TEXT)[:-4] + b"sum!", 550),
    ),
    ids=("without its end", "cut", "nothing", "plain", "more behind", "another checksum"),
)
async def test_what_is_no_whole_stream_changes_nothing(world: World, sent: bytes, code: int) -> None:
    await world.put("f", b"old")
    client = await world.login()
    await client.do("MODE Z")
    assert (await upload(client, "STOR /c/f", sent)).code == code
    assert await world.get("f") == b"old"


async def test_text_is_converted_before_it_is_compressed(world: World) -> None:
    client = await world.login()
    await client.do("TYPE A")
    await client.do("MODE Z")
    assert (await upload(client, "STOR /c/f", zlib.compress(b"one\r\ntwo\r\n"))).code == 226
    assert await world.get("f") == b"one\ntwo\n"
    assert zlib.decompress(await download(client, "RETR /c/f")) == b"one\r\ntwo\r\n"


async def test_an_upload_that_broke_goes_on_compressed(world: World) -> None:
    client = await world.login()
    await client.do("MODE Z")
    assert (await upload(client, "STOR /c/f", zlib.compress(TEXT)[:-4])).code == 426
    size = int((await client.do("SIZE /c/f")).text)
    assert 0 < size <= len(TEXT)
    await client.do(f"REST {size}")
    assert (await upload(client, "STOR /c/f", zlib.compress(TEXT[size:]))).code == 226
    assert await world.get("f") == TEXT


class Sink(Memory):
    """Memory that keeps nothing of what comes, and notes the largest piece."""

    largest = count = 0

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        async for chunk in body.chunks():
            self.largest, self.count = max(self.largest, len(chunk)), self.count + len(chunk)
        return Meta(key=key, size=self.count, etag="e", modified=0)


async def test_little_that_unpacks_to_much_takes_no_memory() -> None:
    packer, zeros = zlib.compressobj(9), bytes(1 << 20)
    bomb = b"".join([*(packer.compress(zeros) for _ in range(64)), packer.flush()])
    assert len(bomb) < 100_000
    store = Sink()
    await make_bucket(store)
    async with serving(store) as world:
        client = await world.login()
        await client.do("MODE Z")
        tracemalloc.start()
        with await client.passive() as sock:
            assert (await client.do("STOR /c/f")).code == 150
            await send(sock, bomb)
        assert (await client.answer()).code == 226
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (store.count, store.largest <= OUTPUT) == (64 << 20, True)
    assert peak < 8 << 20


async def test_a_session_begins_uncompressed_again(serve: Serve) -> None:
    world = await serve()
    await world.put("f", b"data")
    client = await world.login()
    await client.do("MODE Z")
    await client.do("USER alice")
    await client.do("PASS alice-secret")
    assert await download(client, "RETR /c/f") == b"data"
