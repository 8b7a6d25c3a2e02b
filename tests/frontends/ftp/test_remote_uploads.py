"""Uploads over FTP to a real Swift, in segments, that break: what is left there, and who may go on with it."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gateway.config.settings import RemoteSwiftSettings
from gateway.core.store import Store
from gateway.layers.segmented import Segmented
from gateway.stores.swift import SwiftStore
from gateway.stores.swift.names import NOTES, container_of
from gateway.stores.swift.walking import walk
from tests.frontends.ftp.breaks import BREAKS, Break, reset_data
from tests.frontends.ftp.world import TEST, download, make_bucket, send, serving, until, upload
from tests.support.openstack.cluster import Cluster
from tests.support.swift import QUICK
from tests.support.waiting import eventually

SEGMENT = 1_500_000
HALF = bytes(range(256)) * 4096 * 4
"""4 MiB, of which two segments are full."""


@dataclass(frozen=True)
class Remote:
    """A store over a real Swift, and what lies there beside its objects."""

    store: Store
    upstream: SwiftStore

    async def left(self) -> list[str]:
        """Segments, and notes of uploads."""
        return [row.name for row in await walk(self.upstream._up.client, container_of("c"), "portico")]


@pytest.fixture
async def remote(cluster: Cluster) -> AsyncIterator[Remote]:
    login = {"auth_url": cluster.auth, "user": cluster.user, "key": cluster.key, **QUICK}
    account = cluster.account(secrets.token_hex(8))
    settings = RemoteSwiftSettings.model_validate({**login, "storage_url": account, "segment_size": SEGMENT})
    upstream = SwiftStore(settings, TEST.id)
    store = Segmented(upstream, settings)
    await store.start()
    await make_bucket(store)
    yield Remote(store, upstream)
    await store.aclose()


@pytest.mark.parametrize("give_up", (*BREAKS.values(), reset_data), ids=(*BREAKS, "data reset"))
async def test_f25_uploads_that_break_leave_no_segment(remote: Remote, give_up: Break) -> None:
    async with serving(remote.store, keep_partials=0) as world:
        client = await world.login()
        assert (await upload(client, "STOR /c/f", b"old")).code == 226
        for verb in ("STOR", "APPE"):
            client = await world.login()
            with await client.passive() as sock:
                assert await client.code(f"{verb} /c/f") == 150
                await send(sock, HALF)
                await give_up(client, sock)
            await client.close()
        await until(lambda: world.frontend.connections <= 1)
        assert await remote.left() == []
        assert await world.get("f") == b"old"


async def test_what_is_kept_of_an_upload_goes_on_and_leaves_nothing_else(remote: Remote) -> None:
    async with serving(remote.store) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert await client.code("STOR /c/f") == 150
            await send(sock, HALF)
            client.reset()
        await until(lambda: not world.frontend.connections)
        client = await world.login()
        assert [name for name in await remote.left() if name.startswith(NOTES)]
        assert await download(client, "NLST /c") == b""
        answer = await client.do("SIZE /c/f")
        size = int(answer.text)
        assert SEGMENT <= size < len(HALF)
        assert (await upload(await world.login("walter"), f"REST {size}", b"")).code == 350
        await client.do(f"REST {size}")
        assert (await upload(client, "STOR /c/f", HALF[size:])).code == 226
        assert await world.get("f") == HALF
        assert [name for name in await remote.left() if name.startswith(NOTES)] == []
        assert await client.code("DELE /c/f") == 250
        assert await remote.left() == []


async def test_what_is_kept_is_freed_by_dele_and_by_time(remote: Remote) -> None:
    async with serving(remote.store, keep_partials=1.5) as world:
        for line in ("DELE /c/f", "NOOP"):
            client = await world.login()
            with await client.passive() as sock:
                assert await client.code("STOR /c/f") == 150
                await send(sock, HALF)
                assert await client.code("ABOR") == 426
            assert (await client.answer()).code == 226
            assert await remote.left()
            assert await client.code(line) in (200, 250)

            async def is_free() -> bool:
                return not await remote.left()

            await eventually(is_free)
