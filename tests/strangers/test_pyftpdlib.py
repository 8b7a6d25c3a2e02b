"""pyftpdlib's functional tests against a real process."""

from collections.abc import Iterator

import pytest

from tests.e2e.portico import ANY_PORT, serving
from tests.strangers.pyftpdlib import ADDRESS, SECRET, USER, cases

CONFIG = """
stores:
  main: {{type: directory, path: {path}}}
namespaces:
  default: {{store: main}}
accounts:
  - name: strangers
    users:
      - {{name: {user}, secret: "{secret}", role: admin, ftp: {{home: /home}}}}
frontends:
  ftp: {{host: "::", login_delay: 0, login_attempts: 5, ban_after: 0, anonymous: {{account: strangers, home: /home}}}}
"""

globals().update(cases())


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A process whose user's home is the working directory of the tests."""
    folder = tmp_path_factory.mktemp("strangers")
    home = folder / "files" / "home"
    home.mkdir(parents=True)
    config = folder / "portico.yaml"
    config.write_text(CONFIG.format(path=home.parent, user=USER, secret=SECRET))
    with (
        serving(folder / "data", (*ANY_PORT, "--config", str(config))) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(home)
        ADDRESS.port = server.ports["ftp"]
        yield
