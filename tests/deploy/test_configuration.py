"""What the image and the chart configure is what the gateway takes."""

from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from gateway.auth.principals import Role
from gateway.config import Config, load

ROOT = Path(__file__).parents[2]


def image_configuration() -> Any:
    return yaml.safe_load((ROOT / "deploy" / "portico.yaml").read_text())


def chart_configuration(values: dict[str, Any] | None = None) -> Any:
    with helm_python.Chart.load(ROOT / "deploy" / "helm" / "portico") as chart:
        manifest = yaml.safe_load(chart.render(values, name="demo")["portico/templates/configmap.yaml"])
    return yaml.safe_load(manifest["data"]["portico.yaml"])


def parse(configuration: Any, folder: Path, environ: dict[str, str] | None = None) -> Config:
    """Load it with a secret in place of each file that only a container has."""
    secret = folder / "secret"
    secret.write_text("a secret that is long enough to sign with\n")
    for user in configuration["accounts"][0]["users"]:
        user["secret_file"] = str(secret)
    if "token_secret_file" in configuration:
        configuration["token_secret_file"] = str(secret)
    file = folder / "portico.yaml"
    file.write_text(yaml.safe_dump(configuration))
    return load(file, environ=environ or {})


@pytest.mark.parametrize("source", (image_configuration, chart_configuration))
def test_the_configuration_is_taken(source: Any, tmp_path: Path) -> None:
    config = parse(source(), tmp_path)
    assert config.catalog() == Path("/data")
    [user] = config.accounts[0].members()
    assert (user.name, user.role) == ("admin", Role.OPERATOR)
    frontends = config.frontends
    doors = (frontends.s3, frontends.swift, frontends.ftp, frontends.admin)
    assert [(door.host, door.port) for door in doors if door] == [
        ("0.0.0.0", 9000),
        ("0.0.0.0", 8080),
        ("0.0.0.0", 2121),
        ("0.0.0.0", 9001),
    ]


def test_a_frontend_that_is_shut_stays_shut(tmp_path: Path) -> None:
    config = parse(chart_configuration({"config": {"frontends": {"ftp": None}}}), tmp_path)
    assert config.frontends.ftp is None
    assert config.frontends.s3 is not None


@pytest.mark.parametrize(("address", "expected"), (("", "None"), ("192.0.2.10", "192.0.2.10")))
def test_compose_passes_the_address_for_ftp(address: str, expected: str, tmp_path: Path) -> None:
    gateway = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["gateway"]
    environ = {name: text.replace("${FTP_ADDRESS:-}", address) for name, text in gateway["environment"].items()}
    ftp = parse(image_configuration(), tmp_path, environ).frontends.ftp
    assert ftp is not None
    assert str(ftp.masquerade_address) == expected


def test_the_chart_states_the_drain_time_of_the_gateway(tmp_path: Path) -> None:
    stated = parse(chart_configuration(), tmp_path).drain_seconds
    assert stated == Config.model_fields["drain_seconds"].default
