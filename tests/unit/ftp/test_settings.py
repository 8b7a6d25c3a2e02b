import pytest
from pydantic import ValidationError

from gateway.frontends.ftp.settings import FtpSettings


def test_defaults() -> None:
    settings = FtpSettings.model_validate({})
    assert (settings.port, settings.data_ports) == (2121, range(30000, 30100))


@pytest.mark.parametrize("value", (None, 0, "", "0"))
def test_f42_no_range_means_any_free_port(value: object) -> None:
    assert FtpSettings.model_validate({"passive_ports": value}).data_ports is None


@pytest.mark.parametrize(("value", "ports"), (("40000-40001", range(40000, 40002)), (" 5 - 5 ", range(5, 6))))
def test_f42_passive_ports_are_a_range(value: str, ports: range) -> None:
    assert FtpSettings.model_validate({"passive_ports": value}).data_ports == ports


@pytest.mark.parametrize(
    "options",
    (
        {"passive_ports": "30100-30000"},
        {"passive_ports": "0-10"},
        {"passive_ports": "1-65536"},
        {"passive_ports": "x"},
        {"passive_ports": 21},
        {"passive_ports": -1},
        {"masquerade_address": "300.0.2.1"},
        {"masquerade_address": "two names"},
        {"masquerade_networks": {"10.0.0.0": "192.0.2.1", "10.0.0.0/33": "192.0.2.1"}},
        {"data_networks": ["10.0.0.1/8"]},
        {"proxy_networks": ["everybody"]},
        {"upload_rate": 0},
        {"download_rate_per_ip": "fast"},
        {"masquerade_address": "::1"},
        {"port": 65536},
        {"login_attempts": 6},
        {"login_attempts": 0},
        {"idle_timeout": 0},
        {"banner": "two\r\nlines"},
        {"unknown": 1},
    ),
)
def test_what_makes_no_sense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FtpSettings.model_validate(options)
