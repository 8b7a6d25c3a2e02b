"""What today's clients send and ask for by default, and what they can be asked to."""

import json
import os
from base64 import b64encode
from pathlib import Path

import pytest

from gateway.core.digest import Algorithm, digest
from tests.e2e.portico import Server, run

SIZE = 17 * 1024 * 1024
"""Bytes that clients send as three parts."""

PROGRAM = """
import sys, boto3
url, user, secret, path, crc = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=url, aws_access_key_id=user, aws_secret_access_key=secret, region_name='us-east-1')
s3.create_bucket(Bucket='bucket')
s3.upload_file(path, 'bucket', 'default')
head = s3.head_object(Bucket='bucket', Key='default', ChecksumMode='ENABLED')
assert head['ChecksumType'] == 'COMPOSITE' and head['ChecksumCRC32'].endswith('-3'), head
s3.upload_file(path, 'bucket', 'whole', ExtraArgs={'ChecksumCRC32': crc})
head = s3.head_object(Bucket='bucket', Key='whole', ChecksumMode='ENABLED')
assert (head['ChecksumType'], head['ChecksumCRC32']) == ('FULL_OBJECT', crc), head
for name in ('default', 'whole'):
    s3.download_file('bucket', name, path + name)
    assert open(path + name, 'rb').read() == open(path, 'rb').read()
    got = [s3.get_object(Bucket='bucket', Key=name, PartNumber=n)['Body'].read() for n in (1, 2, 3)]
    assert b''.join(got) == open(path, 'rb').read()
try:
    s3.upload_file(path, 'bucket', 'wrong', ExtraArgs={'ChecksumCRC32': 'AAAAAA=='})
except Exception as error:
    assert 'BadDigest' in str(error), error
else:
    raise AssertionError('a wrong checksum was taken')
assert [row['Key'] for row in s3.list_objects_v2(Bucket='bucket')['Contents']] == ['default', 'whole']
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(SIZE))
    return path


def told(file: Path, algorithm: Algorithm) -> str:
    return b64encode(digest(algorithm, file.read_bytes())).decode()


def test_boto3_in_parts(server: Server, clients: Path, file: Path, tmp_path: Path) -> None:
    program = tmp_path / "client.py"
    program.write_text(PROGRAM)
    known = server.credentials
    arguments = server.endpoints["s3"], known["user"], known["secret"], str(file), told(file, Algorithm.CRC32)
    done = run(str(clients / "python"), str(program), *arguments)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("algorithm", ("", "SHA256"))
def test_aws_in_parts(server: Server, clients: Path, file: Path, tmp_path: Path, algorithm: str) -> None:
    known = server.credentials

    def aws(*command: str) -> str:
        done = run(
            str(clients / "aws"),
            *command,
            AWS_ACCESS_KEY_ID=known["user"],
            AWS_SECRET_ACCESS_KEY=known["secret"],
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ENDPOINT_URL=server.endpoints["s3"],
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    aws("s3", "mb", "s3://bucket")
    options = ("--checksum-algorithm", algorithm) if algorithm else ()
    aws("s3", "cp", *options, str(file), "s3://bucket/key")
    named = ("--bucket", "bucket", "--key", "key")
    head = json.loads(aws("s3api", "head-object", *named, "--checksum-mode", "ENABLED"))
    assert head["ContentLength"] == SIZE
    assert head["ChecksumType"] == "COMPOSITE"
    assert head[f"Checksum{algorithm or 'CRC32'}"].endswith("-3")
    parts = json.loads(aws("s3api", "get-object-attributes", *named, "--object-attributes", "ObjectParts"))
    assert parts["ObjectParts"]["TotalPartsCount"] == 3
    aws("s3", "cp", "s3://bucket/key", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == file.read_bytes()
