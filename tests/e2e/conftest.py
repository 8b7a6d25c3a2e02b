import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.portico import CLIENTS, Server, serving


@pytest.fixture(scope="session")
def clients() -> Path:
    """Where the real clients lie. That one is missing is a failure: what they show can't be shown otherwise."""
    missing = [name for name in ("aws", "swift", "rclone") if not (CLIENTS / name).exists()]
    missing += [name for name in ("lftp", "curl", "s3cmd", "restic") if shutil.which(name) is None]
    if missing:
        pytest.fail(f"missing clients: {', '.join(missing)}; `make test` installs them", pytrace=False)
    return CLIENTS


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data") as server:
        yield server
