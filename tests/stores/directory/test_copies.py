"""Bytes that are copied: by the kernel, which may share them, and by hand where a file system can't."""

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Copy, Key, Put
from gateway.core.uploads import PartRef
from gateway.stores.directory import Directory, DirectorySettings
from tests.conformance.tools import BUCKET, OWNER, read

SOURCE, TARGET = Key(BUCKET, "source"), Key(BUCKET, "target")
DATA = os.urandom(3_000_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Directory]:
    store = Directory(DirectorySettings(path=tmp_path), OWNER)
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
    yield store
    await store.aclose()


async def put_copied_and_assembled(store: Directory) -> None:
    await store.put(SOURCE, BytesBody(DATA), Put())
    await store.copy(SOURCE, TARGET, Copy())
    assert await read(store, TARGET) == DATA
    upload = await store.create_upload(TARGET, Put())
    parts = [await store.put_part(TARGET, upload.id, number, BytesBody(DATA)) for number in (1, 2)]
    await store.complete_upload(TARGET, upload.id, [PartRef(part.number, part.etag) for part in parts])
    assert await read(store, TARGET) == DATA * 2
    await store.append(TARGET, BytesBody(DATA), Put())
    assert await read(store, TARGET) == DATA * 3


async def test_the_kernel_copies(store: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = 0
    native = os.copy_file_range

    def counted(source: int, target: int, count: int, offset: int) -> int:
        nonlocal copied
        done = native(source, target, count, offset)
        copied += done
        return done

    monkeypatch.setattr(os, "copy_file_range", counted)
    await put_copied_and_assembled(store)
    assert copied >= 3 * len(DATA)


@pytest.mark.parametrize("refusal", (errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV))
async def test_where_it_can_not_the_bytes_are_copied_by_hand(
    store: Directory, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    def refused(*_: int) -> int:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "copy_file_range", refused)
    await put_copied_and_assembled(store)


async def test_a_kernel_that_copies_little_at_a_time_is_asked_again(
    store: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = os.copy_file_range
    monkeypatch.setattr(
        os, "copy_file_range", lambda source, target, count, offset: native(source, target, min(count, 70_001), offset)
    )
    await put_copied_and_assembled(store)
