"""What has happened to files is told alike, through whichever door it was done."""

import logging
from pathlib import Path

import pytest

from gateway.app import running
from gateway.config import load
from tests.coherence.doors import BUCKET, opened

CONFIG = """\
stores: {main: {type: memory}}
accounts: [{name: test, users: [{name: tester, secret: testing-secret, role: admin}]}]
frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: null}
log: {audit: AUDIT}
"""


async def records(tmp_path: Path, caplog: pytest.LogCaptureFixture, audit: str) -> list[logging.LogRecord]:
    """Transfers and deletes through each door, and reads of what is not there."""
    file = tmp_path / "c.yaml"
    file.write_text(CONFIG.replace("AUDIT", audit))
    config = load(file, environ={})
    users = config.accounts[0].members()
    caplog.set_level(logging.INFO, "portico.audit")
    async with running(config, users, b"k" * 32) as app, opened(app, users[0]) as doors:
        for door in doors.all:
            key = f"dir/{door.name}"
            await door.put(key, b"12345", {})
            assert (seen := await door.get(key)) is not None
            assert seen.data == b"12345"
            await door.delete(key)
            assert await door.get(key) is None
    return [record for record in caplog.records if record.name == "portico.audit"]


async def test_the_audit_log_tells_who_did_what_over_which_protocol(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = [vars(record) for record in await records(tmp_path, caplog, "true")]
    told = [tuple(each[name] for name in ("protocol", "kind", "bucket", "key", "size")) for each in found]
    assert told == [
        (protocol, kind, BUCKET, f"dir/{protocol}", size)
        for protocol in dict.fromkeys(each["protocol"] for each in found)
        for kind, size in (("upload", 5), ("download", 5), ("delete", 0))
    ]
    assert {each["protocol"] for each in found} == {"ftp", "s3", "swift"}
    assert {each["principal"] for each in found} == {"test:tester"}
    assert all(each["ms"] > 0 and each["client"] == "127.0.0.1" for each in found)


async def test_without_the_setting_there_is_no_audit_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert await records(tmp_path, caplog, "false") == []
