"""A full disk: the right error, nothing lost, nothing left behind, and all goes on when there is room again."""

import asyncio
import errno
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ABSENT
from gateway.core.errors import OutOfSpace, StoreError, Unavailable
from gateway.core.types import Key, Meta, Put
from gateway.stores.catalog import Catalog, CatalogSettings, collector, draft
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import objects
from tests.faults.scenes import BUCKET, KEY, NEW, OLD
from tests.support.bodies import Scripted, split
from tests.support.catalog import drafts, files, tidy
from tests.support.waiting import until

P = ParamSpec("P")
R = TypeVar("R")


@asynccontextmanager
async def opened(path: Path, reserve: int = 0) -> AsyncIterator[Catalog]:
    """A catalog with an object, in which everything agrees at the end."""
    store = Catalog(CatalogSettings(path=path, inline_max=1000, reserve=reserve))
    await store.start()
    try:
        if await store.create_bucket(BUCKET, BucketProps(owner="owner")):
            await store.put(KEY, BytesBody(OLD), Put())
        yield store
        await tidy(path)
    finally:
        await store.aclose()


async def read(store: Catalog, key: Key) -> bytes:
    async with store.open(key) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


def failing(function: Callable[P, R], code: int, calls: int) -> Callable[P, R]:
    """`function`, which fails with that error after so many calls."""
    left = calls

    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(code, os.strerror(code))
        return function(*args, **kwargs)

    return wrapped


async def put(store: Catalog) -> None:
    await store.put(KEY, Scripted(split(NEW, 256 * 1024)), Put())


async def append(store: Catalog) -> None:
    await store.append(KEY, Scripted(split(NEW, 256 * 1024)), Put())


async def put_part(store: Catalog) -> None:
    upload = await store.create_upload(KEY, Put())
    await store.put_part(KEY, upload.id, 1, Scripted(split(NEW, 256 * 1024)))


WRITES = (put, append, put_part)

FAILURES: tuple[tuple[str, int, int, type[StoreError]], ...] = (
    ("write", errno.ENOSPC, 0, OutOfSpace),
    ("write", errno.ENOSPC, 1, OutOfSpace),
    ("write", errno.EDQUOT, 1, OutOfSpace),
    ("write", errno.EIO, 1, Unavailable),
    ("fdatasync", errno.ENOSPC, 0, OutOfSpace),
    ("fdatasync", errno.EIO, 0, Unavailable),
    ("rename", errno.ENOSPC, 0, OutOfSpace),
    ("fsync", errno.EIO, 0, Unavailable),
    ("open", errno.EMFILE, 0, Unavailable),
)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("call", "code", "calls", "expected"), FAILURES)
async def test_a_file_that_can_not_be_written_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Catalog], Awaitable[None]],
    call: str,
    code: int,
    calls: int,
    expected: type[StoreError],
) -> None:
    async with opened(tmp_path) as store:
        before = files(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(getattr(os, call), code, calls))
            with pytest.raises(expected):
                await write(store)
        assert await read(store, KEY) == OLD
        assert files(tmp_path) == before
        assert drafts(tmp_path) == []
        await write(store)


@pytest.mark.parametrize("failed", range(1, 4))
async def test_a_sync_that_fails_on_the_way_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: int
) -> None:
    """A disk tells of a failure once, and syncs happily afterwards."""
    monkeypatch.setattr(draft, "SYNC_EVERY", 1)
    sync, calls = os.fdatasync, 0

    def fail(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failed:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    async with opened(tmp_path) as store:
        before = files(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", fail)
            with pytest.raises(Unavailable):
                await store.put(KEY, Scripted(split(NEW * 6, 256 * 1024), pause), Put())
        assert files(tmp_path) == before
        assert await read(store, KEY) == OLD


async def pause(number: int) -> None:
    """Let the thread that syncs come to its end before more bytes come."""
    await asyncio.sleep(0.01)


def limit_pages(more: int) -> Callable[[Connection], None]:
    """Let the index grow by so many pages only: SQLite then finds the disk full."""

    def work(db: Connection) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + more}")

    return work


@pytest.mark.parametrize("data", (b"x" * 900, NEW))
async def test_an_index_that_is_full_refuses_and_goes_on(tmp_path: Path, data: bytes) -> None:
    async with opened(tmp_path) as store:
        await store._engine.writer.run(limit_pages(3))
        keys = [Key(BUCKET, f"{number:03}" * 300) for number in range(30)]
        outcomes = [await outcome(store.put(key, BytesBody(data), Put())) for key in keys]
        assert set(map(type, outcomes)) == {Meta, OutOfSpace}
        await tidy(tmp_path)
        together = [store.put(key, BytesBody(data), Put(when=ABSENT)) for key in keys]
        assert OutOfSpace in set(map(type, await asyncio.gather(*together, return_exceptions=True)))
        await tidy(tmp_path)
        assert await read(store, KEY) == OLD
        await store._engine.writer.run(limit_pages(10_000))
        for key in keys:
            await store.put(key, BytesBody(data), Put())
            assert await read(store, key) == data


async def outcome(work: Awaitable[Meta]) -> Meta | StoreError:
    try:
        return await work
    except StoreError as error:
        return error


async def test_a_commit_that_may_have_failed_keeps_the_file_until_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that fails otherwise may yet have the row, should the process end now: so the file stays for a while."""
    monkeypatch.setattr(collector, "RETRY", 0.05)
    async with opened(tmp_path) as store:
        writer = store._engine.writer
        connection = writer._connection
        before = files(tmp_path)

        def fail(db: Connection) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(objects, "put", lambda db, *_: fail(db))
        with pytest.raises(Unavailable):
            await put(store)
        monkeypatch.undo()
        await until(lambda: files(tmp_path) == before)
        assert connection.in_transaction is False
        await put(store)
        assert await read(store, KEY) == NEW


BUDGET = 8 * 1024 * 1024


def used(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def emulate(directory: Path, patch: pytest.MonkeyPatch) -> None:
    """Have bodies find no more than `BUDGET` bytes, where a small disk can't be had."""
    write, statvfs = os.write, os.statvfs

    def limited(descriptor: int, data: bytes) -> int:
        if used(directory) + len(data) > BUDGET:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    def told(path: Path) -> os.statvfs_result:
        found = list(statvfs(path))
        found[1], found[4] = 1, BUDGET - used(directory)  # f_frsize and f_bavail
        return os.statvfs_result(found)

    patch.setattr(os, "write", limited)
    patch.setattr(os, "statvfs", told)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with room for `BUDGET` bytes: a file system of its own, if one may be mounted here."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={BUDGET}", "tmpfs", str(directory)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not mounted:
        emulate(directory, monkeypatch)
    yield directory
    if mounted:
        subprocess.run(["umount", str(directory)], check=True)


async def fill(store: Catalog, size: int | None) -> list[Key]:
    """Put megabytes until one is refused."""
    stored: list[Key] = []
    for number in range(100):
        key = Key(BUCKET, f"filler-{number:02}")
        try:
            await store.put(key, Scripted([bytes([number]) * 2**18] * 4, size=size), Put())
        except OutOfSpace:
            return stored
        stored.append(key)
    raise AssertionError("the disk is larger than it should be")


@pytest.mark.parametrize("size", (None, 2**20))
@pytest.mark.parametrize("reserve", (0, 2**20))
async def test_a_full_disk_refuses_and_goes_on(small_disk: Path, size: int | None, reserve: int) -> None:
    async with opened(small_disk, reserve) as store:
        stored = await fill(store, size)
        assert 4 <= len(stored) <= 7
        await tidy(small_disk)
        for key in stored:
            assert await read(store, key) == bytes([int(key.name[-2:])]) * 2**20
        assert await read(store, KEY) == OLD
        if reserve:  # without one, nothing is promised of an index on a disk that is full to the last byte
            for key in stored[:2]:
                await store.delete(key)
            await tidy(small_disk)
            assert len(await fill(store, size)) >= 1


async def test_the_reserve_is_kept_before_a_byte_is_taken(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    async with opened(tmp_path) as store:
        body = Scripted([b"x"], size=disk.f_blocks * disk.f_frsize)
        with pytest.raises(OutOfSpace):
            await store.put(KEY, body, Put())
        assert not body.closed  # it was never opened
