"""Many at work in one directory at once: threads, processes, and somebody with a shell."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import AlreadyExists, ConditionFailed, NoSuchBucket, NoSuchKey, NotEmpty, StoreError
from gateway.core.types import Copy, Key, ListQuery, Meta, Props, PropsChange, Put
from gateway.stores.directory import Directory, system
from tests.conformance.test_races import CONTENTS, WRITERS, body, race
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, begun, put, read
from tests.stores.directory.tools import OWNER, drafts, drop, listed, opened, seen
from tests.support.bodies import Scripted

ROOT = Path(__file__).parents[3]

COMPETITOR = """
import asyncio, sys
from pathlib import Path
from gateway.core.body import BytesBody
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import ConditionFailed
from gateway.core.types import Key, PropsChange, Put
from tests.stores.directory.tools import opened

async def main(path, keeping, number):
    async with opened(Path(path), metadata=keeping) as store:
        print("ready", flush=True)
        sys.stdin.readline()
        won = 0
        for turn in range(40):
            key = Key("bucket", f"a/b/{turn}")
            try:
                await store.put(key, BytesBody(number.encode()), Put(when=ABSENT))
                won += 1
            except ConditionFailed:
                pass
            await store.update(Key("bucket", "shared"), PropsChange(user={f"{number}-{turn}": "1"}))
            await store.append(Key("bucket", "log"), BytesBody(number.encode()), Put())
        print(won, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_of_processes_that_want_a_name_free_one_wins(store: Directory, tmp_path: Path, keeping: str) -> None:
    await put(store, "shared")
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", COMPETITOR, str(tmp_path), keeping, str(number)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    outs = await asyncio.gather(*[process.communicate(b"go\n") for process in processes])
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum(int(out) for out, _ in outs) == 40
    assert len((await store.stat(Key(BUCKET, "shared"))).props.user) == 120
    data = await read(store, "log")
    assert [data.count(b"%d" % number) for number in range(3)] == [40, 40, 40]
    assert drafts(tmp_path) == []


async def test_two_stores_over_one_directory_have_one_winner(tmp_path: Path, keeping: str) -> None:
    async with opened(tmp_path, metadata=keeping) as one, opened(tmp_path, metadata=keeping) as two:
        await one.create_bucket(BUCKET, BucketProps(owner=OWNER))
        stores = [one, two] * (WRITERS // 2)
        won = await race([each.put(KEY, body(n), Put(when=ABSENT)) for n, each in enumerate(stores)])
        assert await read(two, KEY) == await read(one, KEY) == CONTENTS[won]
        when = When(if_match=((await one.stat(KEY)).etag,))
        await race([each.put(KEY, BytesBody(b"new %d" % n), Put(when=when)) for n, each in enumerate(stores)])
        await one.delete(KEY)
        uploads = [await begun(one, KEY, [content, b"end"]) for content in CONTENTS]
        won = await race(
            [
                each.complete_upload(KEY, upload, refs, when=ABSENT)
                for each, (upload, refs) in zip(stores, uploads, strict=True)
            ]
        )
        assert await read(two, KEY) == CONTENTS[won] + b"end"


async def test_of_creators_in_two_stores_one_wins(tmp_path: Path) -> None:
    async with opened(tmp_path) as one, opened(tmp_path) as two:
        won = await asyncio.gather(
            *[each.create_bucket(BUCKET, BucketProps(owner=f"{n}")) for n, each in enumerate([one, two] * 8)]
        )
        assert sum(won) == 1
        assert (await two.stat_bucket(BUCKET)).owner == str(won.index(True))


async def test_folders_are_removed_without_taking_a_writers_ground(store: Directory, folder: Path) -> None:
    """The last object below a directory goes while others come: each that was acknowledged is there."""

    async def come_and_go(number: int) -> None:
        key = Key(BUCKET, f"deep/er/and/deeper/{number}")
        for _ in range(25):
            await store.put(key, BytesBody(b"%d" % number), Put())
            assert await read(store, key) == b"%d" % number
            assert (await store.delete(key)).existed

    await asyncio.gather(*[come_and_go(number) for number in range(6)])
    assert seen(folder) == []
    assert await listed(store) == []


async def test_writers_never_lose_what_is_kept_of_their_files(store: Directory) -> None:
    """The inode of a file that is replaced may be the next file's, and with it the name of its sidecar."""

    async def overwrite(number: int) -> None:
        key = Key(BUCKET, f"file-{number}")
        for turn in range(25):
            props = Props(user={"turn": f"{number}.{turn}"})
            await store.put(key, BytesBody(b"%d" % turn), Put(props=props))
            assert (await store.stat(key)).props.user == props.user

    await asyncio.gather(*[overwrite(number) for number in range(6)])


def test_a_pinned_inode_is_nobody_elses(tmp_path: Path) -> None:
    above = os.open(tmp_path, system.FOLDER)
    try:
        for name in ("file", "missing"):
            (tmp_path / "file").write_bytes(b"old")
            inode = (tmp_path / "file").stat().st_ino
            with system.pinned(name, above):
                (tmp_path / "file").unlink()
                for number in range(20):
                    (tmp_path / f"{name}-{number}").write_bytes(b"new")
                    assert name == "missing" or (tmp_path / f"{name}-{number}").stat().st_ino != inode
    finally:
        os.close(above)


async def test_a_shell_that_removes_folders_disturbs_no_writer(store: Directory, folder: Path) -> None:
    done = asyncio.Event()

    def remove() -> None:
        for path in ("deep/er/and", "deep/er", "deep"):
            try:
                os.rmdir(folder / path)
            except OSError:
                continue

    async def removing() -> None:
        while not done.is_set():
            await asyncio.to_thread(remove)
            await asyncio.sleep(0.1)

    task = asyncio.ensure_future(removing())
    try:
        for number in range(20):
            key = Key(BUCKET, f"deep/er/and/{number}")
            await put(store, key)
            assert await read(store, key) == OLD
            await store.delete(key)
    finally:
        done.set()
        await task


async def test_a_name_that_a_shell_takes_meanwhile_is_not_free(store: Directory, folder: Path) -> None:
    async def take(number: int) -> None:
        if number == 1:
            drop(folder / KEY.name, NEW)

    with pytest.raises(ConditionFailed):
        await store.put(KEY, Scripted([b"a", b"b"], take), Put(when=ABSENT))
    assert (folder / KEY.name).read_bytes() == NEW


async def test_markers_and_deletes_of_the_last_object_at_once(store: Directory, folder: Path) -> None:
    for number in range(30):
        await put(store, f"d{number}/file")
        await asyncio.gather(store.delete(Key(BUCKET, f"d{number}/file")), put(store, f"d{number}/", b""))
        assert await listed(store, prefix=f"d{number}/") == [f"d{number}/"]


async def test_a_bucket_is_renamed_or_deleted_while_many_write(store: Directory, tmp_path: Path) -> None:
    async def write(number: int) -> int:
        written = 0
        for turn in range(10):
            try:
                await put(store, f"{number}/{turn}")
                written += 1
            except NoSuchBucket:
                break
        return written

    async def move() -> None:
        await asyncio.sleep(0.02)
        await store.rename_bucket(BUCKET, "moved")

    *counts, _ = await asyncio.gather(*[write(number) for number in range(8)], move())
    assert len(await listed(store, "moved")) == sum(count for count in counts if count)
    outcomes = await asyncio.gather(
        store.delete_bucket("moved"), *[put(store, Key("moved", f"x/{n}")) for n in range(8)], return_exceptions=True
    )
    assert isinstance(outcomes[0], NotEmpty)
    assert all(isinstance(outcome, Meta) for outcome in outcomes[1:])
    assert drafts(tmp_path) == []


async def test_renames_of_directories_race_with_writers(store: Directory) -> None:
    """Whoever writes below the old name or the new one is in one of them, wholly."""
    for turn in range(10):
        await put(store, "from/a")
        results = await asyncio.gather(
            store.rename_prefix(Key(BUCKET, "from/"), Key(BUCKET, f"to{turn}/")),
            *[put(store, f"from/{n}") for n in range(4)],
            return_exceptions=True,
        )
        assert not any(isinstance(result, StoreError) for result in results)
        names = await listed(store)
        assert f"to{turn}/a" in names
        for number in range(4):
            assert (f"from/{number}" in names) != (f"to{turn}/{number}" in names)
        for name in names:
            await store.delete(Key(BUCKET, name))


async def test_what_is_remembered_never_overwrites_a_change(store: Directory, folder: Path) -> None:
    """The ETag of another's file is kept while its properties are set: both must be there."""
    for number in range(20):
        drop(folder / f"file-{number}", OLD)
        key = Key(BUCKET, f"file-{number}")
        await asyncio.gather(
            store.stat(key), store.list(BUCKET, ListQuery()), store.update(key, PropsChange(user={"a": "1"}))
        )
        meta = await store.stat(key)
        assert meta.props.user == {"a": "1"}


async def test_of_copies_and_renames_none_is_lost(store: Directory) -> None:
    await put(store, "source", NEW)
    results = await asyncio.gather(
        *[store.copy(Key(BUCKET, "source"), Key(BUCKET, f"copy-{n}"), Copy()) for n in range(8)],
        *[store.rename(Key(BUCKET, "source"), Key(BUCKET, f"moved-{n}")) for n in range(4)],
        return_exceptions=True,
    )
    assert sum(isinstance(result, Meta) for result in results[8:]) == 1
    assert all(isinstance(result, Meta | NoSuchKey) for result in results)
    for name in await listed(store):
        assert await read(store, name) == NEW
    with pytest.raises((AlreadyExists, NoSuchKey)):
        await store.rename_prefix(Key(BUCKET, "none/"), Key(BUCKET, "other/"))
