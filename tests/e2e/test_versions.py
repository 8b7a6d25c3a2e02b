"""Versions of objects, as rclone shows and cleans them and aws lists them."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.portico import Server, run


def test_rclone_sees_former_versions_and_cleans_them_up(server: Server, clients: Path, tmp_path: Path) -> None:
    known = server.credentials
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[s3]\ntype = s3\nprovider = Other\naccess_key_id = {known['user']}\nsecret_access_key = {known['secret']}\n"
        f"endpoint = {server.endpoints['s3']}\nregion = us-east-1\n"
    )

    def rclone(*arguments: str) -> list[str]:
        done = run("rclone", "--config", str(config), "--retries", "1", *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout.splitlines()

    def aws(*arguments: str) -> Any:
        done = run(
            "aws",
            "--endpoint-url",
            server.endpoints["s3"],
            "--region",
            "us-east-1",
            "s3api",
            *arguments,
            AWS_ACCESS_KEY_ID=known["user"],
            AWS_SECRET_ACCESS_KEY=known["secret"],
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return json.loads(done.stdout)

    rclone("mkdir", "s3:kept")
    assert rclone("backend", "versioning", "s3:kept", "Enabled") == ['"Enabled"']
    file = tmp_path / "tree" / "file.txt"
    file.parent.mkdir()
    for size in (9, 18):
        file.write_bytes(b"x" * size)
        rclone("copy", str(file.parent), "s3:kept")
    rclone("delete", "s3:kept/file.txt")
    assert rclone("lsf", "s3:kept") == []
    assert sorted(row.partition(";")[2] for row in rclone("lsf", "--s3-versions", "--format", "ps", "s3:kept")) == [
        "18",
        "9",
    ]
    listed = aws("list-object-versions", "--bucket", "kept")
    assert [row["Size"] for row in listed["Versions"]] == [18, 9]
    assert [row["IsLatest"] for row in listed["DeleteMarkers"]] == [True]
    marker = str(listed["DeleteMarkers"][0]["VersionId"])
    undone = aws("delete-object", "--bucket", "kept", "--key", "file.txt", "--version-id", marker)
    assert undone["VersionId"] == marker
    assert rclone("lsf", "--format", "ps", "s3:kept") == ["file.txt;18"]
    rclone("backend", "cleanup-hidden", "s3:kept")
    assert len(aws("list-object-versions", "--bucket", "kept")["Versions"]) == 1
