"""Grants, presigned URLs and forms, with awscli, boto3 and curl."""

import json
from pathlib import Path

from tests.e2e.portico import Server, run

PROGRAM = """
import json, sys, boto3
endpoint, user, secret, size = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=user, aws_secret_access_key=secret,
                  region_name="us-east-1")
url = s3.generate_presigned_url("get_object", Params={"Bucket": "pictures", "Key": "private.txt"})
form = s3.generate_presigned_post("pictures", "from-a-form", Conditions=[["content-length-range", 1, int(size)]])
print(json.dumps({"url": url, "form": form["url"], "fields": form["fields"]}))
"""


def test_grants_urls_and_forms(server: Server, clients: Path, tmp_path: Path) -> None:
    known, endpoint = server.credentials, server.endpoints["s3"]
    (tmp_path / "hello.txt").write_text("hello")

    def aws(*arguments: str) -> str:
        done = run(
            "aws",
            "--endpoint-url",
            endpoint,
            "--region",
            "us-east-1",
            *arguments,
            AWS_ACCESS_KEY_ID=known["user"],
            AWS_SECRET_ACCESS_KEY=known["secret"],
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def curl(*arguments: str) -> tuple[str, str]:
        """The status and the body of an answer to a request without a signature of its own."""
        done = run("curl", "--silent", "--show-error", "--write-out", "\\n%{http_code}", *arguments)
        assert done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return status, body

    aws("s3", "mb", "s3://pictures")
    for name, acl in (("public.txt", "public-read"), ("private.txt", "private")):
        aws("s3", "cp", str(tmp_path / "hello.txt"), f"s3://pictures/{name}", "--acl", acl)
    assert curl(f"{endpoint}/pictures/public.txt") == ("200", "hello")
    assert curl(f"{endpoint}/pictures/private.txt")[0] == "403"
    policy = {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::pictures"}
    (tmp_path / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [policy]}))
    assert curl(f"{endpoint}/pictures")[0] == "403"
    aws("s3api", "put-bucket-policy", "--bucket", "pictures", "--policy", f"file://{tmp_path}/policy.json")
    assert curl(f"{endpoint}/pictures")[0] == "200"
    block = "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
    aws("s3api", "put-public-access-block", "--bucket", "pictures", "--public-access-block-configuration", block)
    for path in ("", "/public.txt"):
        assert curl(f"{endpoint}/pictures{path}")[0] == "403"
    assert curl(aws("s3", "presign", "s3://pictures/private.txt").strip()) == ("200", "hello")

    (tmp_path / "made.py").write_text(PROGRAM)
    for size, status in (("5", "204"), ("4", "400")):
        arguments = endpoint, known["user"], known["secret"], size
        done = run(str(clients / "python"), str(tmp_path / "made.py"), *arguments)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        assert curl(made["url"]) == ("200", "hello")
        fields = [argument for name, value in made["fields"].items() for argument in ("--form", f"{name}={value}")]
        assert curl(*fields, "--form", f"file=@{tmp_path}/hello.txt", made["form"])[0] == status
    assert aws("s3", "cp", "s3://pictures/from-a-form", "-") == "hello"
