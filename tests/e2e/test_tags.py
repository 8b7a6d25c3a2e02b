"""Tags as the aws command sets and shows them."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.portico import Server, run


def test_aws_tags_objects_and_buckets(server: Server, clients: Path, tmp_path: Path) -> None:
    known = server.credentials

    def aws(*arguments: str) -> Any:
        done = run(
            "aws",
            "--endpoint-url",
            server.endpoints["s3"],
            "--region",
            "us-east-1",
            *arguments,
            AWS_ACCESS_KEY_ID=known["user"],
            AWS_SECRET_ACCESS_KEY=known["secret"],
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return json.loads(done.stdout) if done.stdout else {}

    file = tmp_path / "file.bin"
    file.write_bytes(bytes(9000))
    at = "--bucket", "tagged", "--key", "file.bin"
    aws("s3api", "create-bucket", "--bucket", "tagged")
    aws("s3", "cp", "--quiet", str(file), "s3://tagged/file.bin")
    aws("s3api", "put-object-tagging", *at, "--tagging", "TagSet=[{Key=kind,Value=zeros},{Key=size,Value=9 KB}]")
    shown = aws("s3api", "get-object-tagging", *at)
    assert shown["TagSet"] == [{"Key": "kind", "Value": "zeros"}, {"Key": "size", "Value": "9 KB"}]
    assert aws("s3api", "head-object", *at)["TagCount"] == 2
    aws("s3", "cp", "--quiet", "s3://tagged/file.bin", "s3://tagged/copy.bin")
    assert aws("s3api", "get-object-tagging", "--bucket", "tagged", "--key", "copy.bin")["TagSet"] == shown["TagSet"]
    aws("s3api", "delete-object-tagging", *at)
    assert aws("s3api", "get-object-tagging", *at)["TagSet"] == []
    aws("s3api", "put-bucket-tagging", "--bucket", "tagged", "--tagging", "TagSet=[{Key=team,Value=blue}]")
    assert aws("s3api", "get-bucket-tagging", "--bucket", "tagged")["TagSet"] == [{"Key": "team", "Value": "blue"}]
