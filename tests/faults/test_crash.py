"""kill -9 at every step of an operation on the catalog: after a restart the old state stands whole, or the new one."""

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from gateway.core.types import ListQuery, Meta
from gateway.core.versions import NULL, Version, VersionQuery
from gateway.stores.catalog import Catalog
from tests.faults.scenes import AFTER, BEFORE, BUCKET, KEY, VERSIONED, settings
from tests.support.catalog import drafts, tidy

ROOT = Path(__file__).parents[2]

FILE_STEPS = ("write", "sync", "synced", "publish", "published", "folder")
"""Of taking a body in."""
INDEX_STEPS = ("count", "commit")
"""Of the transaction, before its commit."""
LATER_STEPS = ("committed", "collect", "unlink", "unlinked")
"""After the commit: of the acknowledgement, and of collecting what was replaced."""

CASES = (
    *(("put", step) for step in (*FILE_STEPS, "job", *INDEX_STEPS, *LATER_STEPS)),
    *(("append", step) for step in ("published", *INDEX_STEPS, "committed")),
    *(("delete", step) for step in (*INDEX_STEPS, *LATER_STEPS)),
    *((operation, step) for operation in ("copy", "rename", "complete") for step in (*INDEX_STEPS, *LATER_STEPS)),
    *(("rename_prefix", step) for step in ("commit", "committed")),
)


async def spawn(*args: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", *args, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def state(store: Catalog) -> dict[str, bytes]:
    """All objects."""
    page = await store.list(BUCKET, ListQuery())
    found = {}
    for row in page.items:
        assert isinstance(row, Meta)
        async with store.open(row.key) as reader:
            found[row.name] = b"".join([chunk async for chunk in reader.chunks()])
    return found


@pytest.mark.parametrize(("operation", "step"), CASES)
async def test_f37_killed_at_any_step_the_old_state_stands_or_the_new(
    tmp_path: Path, operation: str, step: str
) -> None:
    child = await spawn("tests.faults.child", str(tmp_path), operation, step)
    out, err = await child.communicate()
    assert (child.returncode, out) == (-signal.SIGKILL, b"ready\n"), err.decode()
    store = Catalog(settings(tmp_path))
    await store.start()
    try:
        assert drafts(tmp_path) == []
        assert await state(store) == (AFTER[operation] if step in LATER_STEPS else BEFORE)
        await tidy(tmp_path)
    finally:
        await store.aclose()


async def versions(store: Catalog) -> list[bytes | None]:
    """All versions of the object, the newest first."""
    page = await store.versions(BUCKET, VersionQuery(prefix=KEY.name))
    found: list[bytes | None] = []
    for row in page.items:
        assert isinstance(row, Version)
        if row.marker:
            found.append(None)
            continue
        async with store.open(KEY, version=row.meta.version or NULL) as reader:
            found.append(b"".join([chunk async for chunk in reader.chunks()]))
    return found


@pytest.mark.parametrize("step", (*INDEX_STEPS, "committed"))
@pytest.mark.parametrize("operation", VERSIONED)
async def test_killed_at_any_step_no_version_is_lost_or_halfway(tmp_path: Path, operation: str, step: str) -> None:
    child = await spawn("tests.faults.child", str(tmp_path), operation, step)
    out, err = await child.communicate()
    assert (child.returncode, out) == (-signal.SIGKILL, b"ready\n"), err.decode()
    stands, past, made = VERSIONED[operation]
    done = step in LATER_STEPS
    store = Catalog(settings(tmp_path))
    await store.start()
    try:
        assert await state(store) == (stands if done else BEFORE)
        assert await versions(store) == (made if done else past)
        await tidy(tmp_path)
    finally:
        await store.aclose()


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_acknowledged_under_load_survives_a_kill(tmp_path: Path, seed: int) -> None:
    """Whenever it comes: the child tells each name after its put was acknowledged, with the length of its bytes."""
    child = await spawn("tests.faults.load", str(tmp_path), str(seed))
    assert child.stdout is not None
    told: dict[str, int] = {}
    wanted = random.Random(seed).randrange(50, 400)
    async for line in child.stdout:
        if line.endswith(b"\n"):  # the kill may cut the last line
            name, size = line.decode().split()
            told[name] = int(size)
        if len(told) == wanted:
            child.kill()
    await child.wait()
    store = Catalog(settings(tmp_path))
    await store.start()
    try:
        found = await state(store)
        assert {name: found.get(name) for name in told} == {name: name[-1:].encode() * told[name] for name in told}
        await tidy(tmp_path)
    finally:
        await store.aclose()
