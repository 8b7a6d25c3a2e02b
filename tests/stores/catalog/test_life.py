"""Start and end: the directory, its lock, and what may stand in the way."""

import asyncio
import logging
import os
import sys
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import BadRequest, Unavailable
from gateway.core.types import Key, ListQuery, Props, Put
from gateway.stores.catalog import Catalog, CatalogSettings
from tests.stores.catalog.tools import BUCKET, KEY, LARGE, opened, put, read, settings
from tests.support.bodies import Scripted
from tests.support.catalog import drafts, files, tidy
from tests.support.waiting import until

HOLD = """
import sys, time
from pathlib import Path
from gateway.stores.catalog.lock import DirectoryLock
lock = DirectoryLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


async def test_a_second_store_on_the_directory_is_told_who_has_it(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(Unavailable, match=rf"in use by another process \(pid {os.getpid()}\)"):
            await Catalog(settings(tmp_path)).start()
    async with opened(tmp_path):
        pass


async def test_another_process_has_the_directory_until_it_is_killed(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, tmp_path, stdout=asyncio.subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert await child.stdout.readline() == b"held\n"
        with pytest.raises(Unavailable, match=rf"pid {child.pid}\)"):
            await Catalog(settings(tmp_path)).start()
    finally:
        child.kill()
        await child.wait()
    async with opened(tmp_path):
        pass


async def test_a_directory_is_made_with_those_above_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / "catalog.sqlite").exists()


@pytest.mark.parametrize("made", (False, True))
async def test_other_users_of_the_machine_read_nothing(tmp_path: Path, made: bool) -> None:
    directory = tmp_path / "catalog"
    if made:  # by somebody who does not mind
        directory.mkdir(mode=0o755)
    async with opened(directory) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="owner"))
        await put(store, KEY, LARGE)
        for path in directory.rglob("*"):
            assert path.is_dir() or path.stat().st_mode & 0o077 == 0, path
        assert made or directory.stat().st_mode & 0o777 == 0o700


async def test_a_file_in_the_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="can't be used: File exists"):
        await Catalog(settings(tmp_path / "file")).start()


async def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "volumes").touch()  # where a directory should be
    store = Catalog(settings(tmp_path))
    with pytest.raises(Unavailable):
        await store.start()
    await store.aclose()
    (tmp_path / "volumes").unlink()
    async with opened(tmp_path):
        pass


async def test_a_store_that_is_not_open_says_so(tmp_path: Path) -> None:
    store = Catalog(settings(tmp_path))
    with pytest.raises(Unavailable, match="not open"):
        await store.stat_bucket(BUCKET)
    await store.start()
    await store.aclose()
    with pytest.raises(Unavailable):
        await put(store, KEY, LARGE)
    with pytest.raises(Unavailable):
        await store.list(BUCKET, ListQuery())


@pytest.mark.parametrize("place", range(4))
async def test_a_body_that_is_still_coming_at_the_end_is_refused(tmp_path: Path, place: int) -> None:
    async with opened(tmp_path) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="o"))
        go_on = asyncio.Event()
        reached = asyncio.Event()

        async def stop(number: int) -> None:
            if number == place:
                reached.set()
                await go_on.wait()

        task = asyncio.ensure_future(store.put(KEY, Scripted([LARGE * 10] * 3, stop), Put()))
        await reached.wait()
        await store.aclose()
        go_on.set()
        with pytest.raises(Unavailable):
            await task
    async with opened(tmp_path) as store:
        assert (await store.list(BUCKET, ListQuery())).items == ()
        await tidy(tmp_path)


async def test_relaxed_durability_is_never_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    relaxed = Catalog(CatalogSettings(path=tmp_path, durability="relaxed"))
    with caplog.at_level(logging.WARNING):
        await relaxed.start()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert not relaxed.caps.durable
    await relaxed.create_bucket(BUCKET, BucketProps(owner="o"))
    await put(relaxed, KEY, LARGE)
    await put(relaxed, KEY, LARGE[::-1])
    await tidy(tmp_path)
    await relaxed.aclose()
    async with opened(tmp_path) as store:
        assert store.caps.durable
        assert await read(store, KEY) == LARGE[::-1]


async def test_an_orderly_end_leaves_nothing_to_repair(tmp_path: Path) -> None:
    async with opened(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    assert (tmp_path / "lock").read_text() == ""
    assert not (tmp_path / "catalog.sqlite-wal").exists()


async def test_leftovers_of_a_crash_are_swept_up_after_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="o"))
        await put(store, KEY, LARGE)
    (kept,) = files(tmp_path)
    volume = tmp_path / "volumes" / "0"
    for number in range(3000):
        folder = volume / f"{number % 3:02x}"
        folder.mkdir(exist_ok=True)
        (folder / f"{256 * number + number % 3:016x}").touch()
    (volume / "tmp" / f"{7:016x}").write_bytes(LARGE)
    (volume / "00" / "README").touch()  # not ours
    async with opened(tmp_path) as store:
        assert drafts(tmp_path) == []
        await until(lambda: len(list(volume.glob("0[012]/*"))) <= 2)
        assert await read(store, KEY) == LARGE
    assert (volume / "00" / "README").exists()
    assert list(volume.glob(f"*/{kept:016x}"))


async def test_files_of_this_process_are_never_swept_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="o"))
        for number in range(50):
            await put(store, f"{number}", LARGE)
        await tidy(tmp_path)
        assert len(files(tmp_path)) == 50


@pytest.mark.parametrize(
    "opts",
    (
        Put(props=Props(user={"a": "\ud800"})),
        Put(props=Props(content_type="\udfff")),
        Put(modified=2**63),
        Put(props=Props(expires=-(2**70))),
    ),
)
async def test_what_the_index_can_not_hold_is_the_callers_mistake(catalog: Catalog, tmp_path: Path, opts: Put) -> None:
    for data in (b"small", LARGE):
        with pytest.raises(BadRequest):
            await catalog.put(KEY, BytesBody(data), opts)
    await tidy(tmp_path)
    assert files(tmp_path) == {}


async def test_a_query_the_index_can_not_hold_is_the_callers_mistake(catalog: Catalog) -> None:
    with pytest.raises(BadRequest):
        await catalog.list(BUCKET, ListQuery(prefix="\ud800"))
    with pytest.raises(BadRequest):
        await catalog.stat_upload(Key(BUCKET, "a"), "\ud800")
