"""What the aws and the swift commands say of objects that come to an end, and a reaper that is killed at its work."""

import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.e2e.portico import Server, run, serving, wait_until

RULES = {
    "Rules": [
        {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 1}},
        {
            "ID": "uploads",
            "Status": "Enabled",
            "Filter": {},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
    ]
}
QUICK = {"PORTICO_REAPER__INTERVAL": "0.1", "PORTICO_REAPER__RULES_INTERVAL": "0.1", "PORTICO_REAPER__DAY": "1"}
COUNT = 40


def aws(server: Server, *arguments: str) -> Any:
    known = server.credentials
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


def swift(server: Server, *arguments: str, fails: bool = False) -> str:
    known = server.credentials
    login = "-A", server.endpoints["swift"], "-U", f"{known['account']}:{known['user']}", "-K", known["secret"]
    done = run("swift", *login, *arguments)
    assert (done.returncode != 0) is fails, (arguments, done.stderr)
    return done.stderr if fails else done.stdout


def listed(server: Server) -> set[str]:
    return {row["Key"] for row in aws(server, "s3api", "list-objects-v2", "--bucket", "ends").get("Contents", [])}


def removed(server: Server, what: str) -> int:
    """How much the reaper has removed, as the metrics tell."""
    with urlopen(server.endpoints["admin"] + "/metrics") as answer:
        found = re.search(rf'portico_reaped_total\{{store="main",what="{what}"\}} (\d+)', answer.read().decode())
    assert found is not None
    return int(found[1])


def test_what_is_due_goes_though_the_process_is_killed(clients: Path, tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "files"
    (folder / "logs").mkdir(parents=True)
    for number in range(COUNT):
        (folder / "logs" / f"{number:03}").write_bytes(b"log")
    (folder / "stays").write_bytes(b"stays")
    with serving(data, PORTICO_REAPER__ENABLED="false") as server:
        aws(server, "s3api", "create-bucket", "--bucket", "ends")
        aws(
            server,
            "s3api",
            "put-bucket-lifecycle-configuration",
            "--bucket",
            "ends",
            "--lifecycle-configuration",
            json.dumps(RULES),
        )
        assert aws(server, "s3api", "get-bucket-lifecycle-configuration", "--bucket", "ends")["Rules"] == RULES["Rules"]
        aws(server, "s3", "cp", "--quiet", "--recursive", str(folder), "s3://ends/")
        told = aws(server, "s3api", "head-object", "--bucket", "ends", "--key", "logs/000")["Expiration"]
        assert re.fullmatch(r'expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT", rule-id="logs"', told)
        swift(server, "upload", "ends", str(folder / "stays"), "--object-name", "goes", "-H", "X-Delete-After:1000")
        assert re.search(r"X-Delete-At: \d+", swift(server, "stat", "ends", "goes"))
        aws(server, "s3api", "create-multipart-upload", "--bucket", "ends", "--key", "upload")
        names = {"goes", "stays", *(f"logs/{number:03}" for number in range(COUNT))}
        assert listed(server) == names
        swift(server, "post", "ends", "goes", "-H", "X-Delete-After:1")
        time.sleep(1)
        assert "404" in swift(server, "stat", "ends", "goes", fails=True)
        assert listed(server) == names
    with serving(data, PORTICO_REAPER__RATE="5", **QUICK) as server:
        wait_until(lambda: removed(server, "expired") > 0)
        server.kill()
    with serving(data, **QUICK) as server:
        wait_until(lambda: removed(server, "upload") > 0)
        assert 0 < removed(server, "expired") < COUNT
        assert listed(server) == {"stays"}
        assert "Uploads" not in aws(server, "s3api", "list-multipart-uploads", "--bucket", "ends")
        wait_until(lambda: "removed what was due" in server.err.read_text())
