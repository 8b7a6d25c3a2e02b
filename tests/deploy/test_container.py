"""The container image's recipe, its configuration, and the Compose file."""

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def configured_ports() -> set[str]:
    frontends = load("deploy/portico.yaml")["frontends"]
    return {str(frontend["port"]) for frontend in frontends.values()} | {frontends["ftp"]["passive_ports"]}


def test_dockerfile_has_no_finding() -> None:
    done = run(SCRIPTS / "hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_finding_fails(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN apt-get install curl\n")
    assert run(SCRIPTS / "hadolint", tmp_path / "Dockerfile").returncode != 0


def test_image_runs_as_a_user_of_no_rights() -> None:
    user = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1]
    assert user == "10001:10001"


def test_image_exposes_what_is_configured() -> None:
    exposed = re.search(r"^EXPOSE (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert exposed is not None
    assert set(exposed[1].split()) == configured_ports()


def test_build_context_has_every_copied_file() -> None:
    """The ignore file lets nothing in but what it names; what the image copies must be among it."""
    allowed = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = [
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    assert [
        source for source in copied if source not in allowed and not any(a.startswith(source) for a in allowed)
    ] == []


def test_no_secret_is_in_the_configuration() -> None:
    users = [user for account in load("deploy/portico.yaml")["accounts"] for user in account["users"]]
    assert users
    assert all("secret" not in user and user["secret_file"].startswith("/run/secrets/") for user in users)


def test_compose_is_valid() -> None:
    done = run(SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")
    assert done.returncode == 0, done.stdout


def test_an_unknown_key_in_compose_is_found(tmp_path: Path) -> None:
    wrong = load("compose.yaml")
    wrong["services"]["gateway"]["port"] = []
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(wrong))
    done = run(SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / "compose.yaml")
    assert done.returncode != 0


def test_compose_publishes_every_port() -> None:
    gateway = load("compose.yaml")["services"]["gateway"]
    assert {port.rsplit(":", 1)[1] for port in gateway["ports"]} == configured_ports()


def test_compose_keeps_the_admin_port_at_home() -> None:
    admin = load("deploy/portico.yaml")["frontends"]["admin"]["port"]
    published = [port for port in load("compose.yaml")["services"]["gateway"]["ports"] if port.endswith(f":{admin}")]
    assert published == [f"127.0.0.1:{admin}:{admin}"]


def test_compose_provides_every_secret_file() -> None:
    users = [user for account in load("deploy/portico.yaml")["accounts"] for user in account["users"]]
    compose = load("compose.yaml")
    provided = {f"/run/secrets/{name}" for name in compose["services"]["gateway"]["secrets"]}
    assert {user["secret_file"] for user in users} == provided
    assert set(compose["secrets"]) == set(compose["services"]["gateway"]["secrets"])
