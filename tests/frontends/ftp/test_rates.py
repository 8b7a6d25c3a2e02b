"""Transfers that are not faster than they may be. Only what they take at least is looked at."""

import os
import time
import zlib

import pytest

from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import download, send, upload

STORES = ("memory", "catalog")
BODY = os.urandom(200_000)
SLOW = 160_000
LEAST = len(BODY) / SLOW - 0.3


@pytest.mark.parametrize(
    "settings",
    (
        {"upload_rate": SLOW, "download_rate": SLOW},
        {"upload_rate_per_ip": "160KB", "download_rate_per_ip": "160KB"},
        {"profiles": {"alice": {"upload_rate": SLOW, "download_rate": SLOW}}},
    ),
    ids=("all", "address", "user"),
)
async def test_a_rate_is_kept_in_both_directions(serve: Serve, settings: dict[str, object]) -> None:
    world = await serve(**settings)
    client = await world.login()
    begin = time.monotonic()
    assert (await upload(client, "STOR c/f", BODY)).code == 226
    between = time.monotonic()
    assert await download(client, "RETR c/f") == BODY
    assert between - begin > LEAST
    assert time.monotonic() - between > LEAST


async def test_rates_of_others_slow_nobody(serve: Serve) -> None:
    world = await serve(profiles={"rita": {"upload_rate": 1, "download_rate": 1}})
    await world.put("f", BODY)
    assert await download(await world.login(), "RETR c/f") == BODY


async def test_a_slow_transfer_is_aborted_at_once(serve: Serve) -> None:
    world = await serve(upload_rate=10)
    client = await world.login()
    with await client.passive() as sock:
        assert await client.code("STOR c/f") == 150
        await send(sock, BODY)
        assert await client.code("ABOR") == 426
        assert (await client.answer()).code == 226
    assert await world.names() == []


async def test_what_is_compressed_keeps_the_rate_of_what_it_holds(serve: Serve) -> None:
    world = await serve(upload_rate=SLOW)
    client = await world.login()
    assert await client.code("MODE Z") == 200
    begin = time.monotonic()
    assert (await upload(client, "STOR c/f", zlib.compress(b"0" * len(BODY)))).code == 226
    assert time.monotonic() - begin > LEAST
