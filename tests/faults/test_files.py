"""A directory of files after a kill, on a full disk, and after failures of the file system."""

import asyncio
import errno
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.errors import OutOfSpace, StoreError, Unavailable
from gateway.core.types import ListQuery, Meta, Put
from gateway.stores.directory import Directory
from tests.faults.files import AFTER, BEFORE, BUCKET, KEY, NEW, OPERATIONS, State, grounded, settings
from tests.faults.test_crash import ROOT
from tests.faults.test_space import failing
from tests.stores.directory.tools import drafts
from tests.support.bodies import Scripted, split


async def state(store: Directory) -> State:
    found = {}
    for row in (await store.list(BUCKET, ListQuery())).items:
        assert isinstance(row, Meta)
        async with store.open(row.key) as reader:
            data = b"".join([chunk async for chunk in reader.chunks()])
            assert reader.meta == row
        found[row.name] = data, dict(row.props.user)
    return found


SIDECARS = ("put_deep", "update", "rename_away", "delete")
"""Operations that are put to it with sidecars, too."""


@pytest.mark.parametrize(
    ("operation", "metadata"), (*((name, "xattr") for name in OPERATIONS), *((name, "sidecar") for name in SIDECARS))
)
async def test_f37_killed_before_any_call_the_old_state_stands_or_the_new(
    tmp_path: Path, operation: str, metadata: str
) -> None:
    helper = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.files", str(tmp_path), operation, metadata),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await helper.communicate()
    assert helper.returncode == 0
    died = int(out)
    assert died >= 2
    outcomes = [await after_a_restart(tmp_path / str(number), metadata) for number in range(1, died + 2)]
    new = outcomes.index(AFTER[operation])
    assert outcomes == [BEFORE] * new + [AFTER[operation]] * (len(outcomes) - new)
    assert new > 0


async def after_a_restart(directory: Path, metadata: str) -> State:
    """What stands in a directory whose process was killed; nothing else may be left of it."""
    store = Directory(settings(directory, metadata), "owner")
    await store.start()
    try:
        assert drafts(directory) == []
        return await state(store)
    finally:
        await store.aclose()


WRITES: dict[str, Callable[[Directory], Awaitable[object]]] = {
    "put": lambda store: store.put(KEY, Scripted(split(NEW, 25_000)), Put()),
    "small": lambda store: store.put(KEY, BytesBody(b"new"), Put()),
    "append": lambda store: store.append(KEY, BytesBody(NEW), Put()),
}

FAILURES: tuple[tuple[str, int, int, type[StoreError]], ...] = (
    ("write", errno.ENOSPC, 0, OutOfSpace),
    ("write", errno.EDQUOT, 0, OutOfSpace),
    ("write", errno.EIO, 0, Unavailable),
    ("fsync", errno.ENOSPC, 0, OutOfSpace),
    ("fsync", errno.EIO, 0, Unavailable),
    ("rename", errno.ENOSPC, 0, OutOfSpace),
    ("open", errno.EMFILE, 0, Unavailable),
    ("open", errno.ENOSPC, 3, OutOfSpace),
)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("call", "code", "calls", "expected"), FAILURES)
async def test_a_file_that_can_not_be_written_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: str,
    call: str,
    code: int,
    calls: int,
    expected: type[StoreError],
) -> None:
    store = Directory(settings(tmp_path, "xattr"), "owner")
    await store.start()
    try:
        await grounded(store)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(getattr(os, call), code, calls))
            with pytest.raises(expected):
                await WRITES[write](store)
        assert await state(store) == BEFORE
        assert drafts(tmp_path) == []
        await WRITES[write](store)
    finally:
        await store.aclose()
