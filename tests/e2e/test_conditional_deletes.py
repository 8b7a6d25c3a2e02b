"""Deletes on conditions, as boto3 asks for them."""

from pathlib import Path

from tests.e2e.portico import Server, run


def test_boto3_deletes_what_is_still_the_same(server: Server, clients: Path, tmp_path: Path) -> None:
    known = server.credentials
    program = tmp_path / "client.py"
    program.write_text(
        "import sys, boto3, botocore.exceptions\n"
        "url, user, secret = sys.argv[1:]\n"
        "s3 = boto3.client('s3', endpoint_url=url, aws_access_key_id=user, aws_secret_access_key=secret,"
        " region_name='us-east-1')\n"
        "s3.create_bucket(Bucket='box')\n"
        "at = {'Bucket': 'box', 'Key': 'k'}\n"
        "s3.put_object(**at, Body=b'hello')\n"
        "head = s3.head_object(**at)\n"
        "try:\n"
        "    s3.delete_object(**at, IfMatchSize=4)\n"
        "except botocore.exceptions.ClientError as error:\n"
        "    print(error.response['Error']['Code'])\n"
        "row = {'Key': 'k', 'Size': 4}\n"
        "print(s3.delete_objects(Bucket='box', Delete={'Objects': [row]})['Errors'][0]['Code'])\n"
        "s3.delete_object(**at, IfMatch=head['ETag'], IfMatchSize=5, IfMatchLastModifiedTime=head['LastModified'])\n"
        "print(s3.list_objects_v2(Bucket='box')['KeyCount'])\n"
    )
    done = run(str(clients / "python"), str(program), server.endpoints["s3"], known["user"], known["secret"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["PreconditionFailed", "PreconditionFailed", "0"]
