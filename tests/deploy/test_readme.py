"""What the README shows works as it stands there."""

import re
from pathlib import Path

import pytest

from gateway.config import load
from tests.frontends.ftp.certificates import make

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/configuration.md", "docs/ftp-networks.md")
SAMPLES = [
    pytest.param(sample, id=f"{page}, {number}")
    for page in PAGES
    for number, sample in enumerate(re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL))
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_taken(tmp_path: Path, sample: str) -> None:
    for path in re.findall(r"/run/secrets/(\w+)", sample):
        (tmp_path / path).write_text("a secret of the sample\n")
    for path in re.findall(r"/etc/portico/(key-\d+)", sample):
        (tmp_path / path).write_text("42" * 32 + "\n")
    make(tmp_path, "ftp")
    file = tmp_path / "portico.yaml"
    file.write_text(re.sub("/run/secrets|/etc/portico", str(tmp_path), sample))
    config = load(file, environ={})
    assert config.accounts or config.needs_root or config.auth.keystone


@pytest.mark.parametrize("page", (*PAGES, "docs/architecture.md", "docs/settings.md", "CHANGELOG.md"))
def test_files_that_pages_name_are_there(page: str) -> None:
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    named = re.findall(r"`((?:gateway|tests|docs|examples|deploy|scripts)/[\w./-]*)`", text)
    assert [path for path in links if not ((ROOT / page).parent / path).exists()] == []
    assert [path for path in named if not (ROOT / path).exists()] == []
