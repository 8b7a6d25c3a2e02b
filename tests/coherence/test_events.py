"""What has happened to files is told alike, through whichever door it was done."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from gateway.app import running
from gateway.config import load
from tests.coherence.doors import BUCKET, Doors, opened

CONFIG = """\
stores: {main: {type: memory}}
accounts: [{name: test, users: [{name: tester, secret: testing-secret, role: admin}]}]
frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: null}
log: {audit: AUDIT}
"""


async def records(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, act: Callable[[Doors], Awaitable[None]], audit: str = "true"
) -> list[Mapping[str, object]]:
    """What the audit log says of what is done through the doors."""
    file = tmp_path / "c.yaml"
    file.write_text(CONFIG.replace("AUDIT", audit))
    config = load(file, environ={})
    users = config.accounts[0].members()
    caplog.set_level(logging.INFO, "portico.audit")
    async with running(config, users, b"k" * 32) as app, opened(app, users[0]) as doors:
        await act(doors)
    return [vars(record) for record in caplog.records if record.name == "portico.audit"]


async def transfers(doors: Doors) -> None:
    """Transfers and deletes through each door, and reads of what is not there."""
    for door in doors.all:
        key = f"dir/{door.name}"
        await door.put(key, b"12345", {})
        assert (seen := await door.get(key)) is not None
        assert seen.data == b"12345"
        await door.delete(key)
        assert await door.get(key) is None


async def moves(doors: Doors) -> None:
    """Renames and copies, in each way that a door has."""
    await doors.s3.put("a b", b"12345", {})
    await doors.s3.copy("a b", "by-s3")
    await doors.swift.copy("a b", "by-swift")
    await doors.swift.copy_from("a b", "by-put")
    await doors.s3.rename("a b", "c")
    await doors.ftp.rename("c", "dir")


async def test_the_audit_log_tells_who_did_what_over_which_protocol(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = await records(tmp_path, caplog, transfers)
    told = [tuple(each[name] for name in ("protocol", "kind", "bucket", "key", "size")) for each in found]
    assert told == [
        (protocol, kind, BUCKET, f"dir/{protocol}", size)
        for protocol in dict.fromkeys(each["protocol"] for each in found)
        for kind, size in (("upload", 5), ("download", 5), ("delete", 0))
    ]
    assert {each["protocol"] for each in found} == {"ftp", "s3", "swift"}
    assert {each["principal"] for each in found} == {"test:tester"}
    assert all(each["ms"] and each["client"] == "127.0.0.1" for each in found)


async def test_the_audit_log_tells_where_renames_and_copies_are_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = await records(tmp_path, caplog, moves)
    assert [tuple(each[name] for name in ("protocol", "kind", "key", "source")) for each in found[1:]] == [
        ("s3", "copy", "by-s3", f"/{BUCKET}/a b"),
        ("swift", "copy", "by-swift", f"/{BUCKET}/a b"),
        ("swift", "copy", "by-put", f"/{BUCKET}/a b"),
        ("s3", "rename", "c", f"/{BUCKET}/a b"),
        ("ftp", "rename", "dir", f"/{BUCKET}/c"),
    ]
    assert "source" not in found[0]


async def test_without_the_setting_there_is_no_audit_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert await records(tmp_path, caplog, transfers, "false") == []
