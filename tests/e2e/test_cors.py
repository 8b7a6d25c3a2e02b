"""Rules for other origins, put by the aws command and met by what a browser would send."""

import json
from pathlib import Path

from tests.e2e.portico import Server, run

PAGE = "https://app.example"


def test_a_page_reads_by_a_signed_url(server: Server, clients: Path, tmp_path: Path) -> None:
    known = server.credentials

    def aws(*arguments: str) -> str:
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
        return done.stdout

    def curl(*arguments: str) -> list[str]:
        done = run("curl", "--silent", "--dump-header", "-", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.replace("\r", "").splitlines()

    rule = {
        "AllowedMethods": ["GET", "PUT"],
        "AllowedOrigins": [PAGE],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    }
    file = tmp_path / "file.txt"
    file.write_text("hello")
    aws("s3", "mb", "s3://pages")
    aws("s3", "cp", "--quiet", str(file), "s3://pages/file.txt")
    rules = json.dumps({"CORSRules": [rule]})
    aws("s3api", "put-bucket-cors", "--bucket", "pages", "--cors-configuration", rules)
    assert json.loads(aws("s3api", "get-bucket-cors", "--bucket", "pages"))["CORSRules"] == [rule]
    url = aws("s3", "presign", "s3://pages/file.txt").strip()
    asked = ("--request", "OPTIONS", "--header", "Access-Control-Request-Method: GET")
    preflight = curl(*asked, "--header", f"Origin: {PAGE}", "--header", "Access-Control-Request-Headers: range", url)
    assert preflight[0].split()[1] == "200"
    assert {
        f"Access-Control-Allow-Origin: {PAGE}",
        "Access-Control-Allow-Methods: GET, PUT",
        "Access-Control-Allow-Headers: range",
        "Access-Control-Max-Age: 60",
    } <= set(preflight)
    answer = curl("--header", f"Origin: {PAGE}", url)
    assert (answer[0].split()[1], answer[-1]) == ("200", "hello")
    assert {f"Access-Control-Allow-Origin: {PAGE}", "Access-Control-Expose-Headers: ETag"} <= set(answer)
    assert curl(*asked, "--header", "Origin: https://other.example", url)[0].split()[1] == "403"
