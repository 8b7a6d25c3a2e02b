"""OpenStack's functional tests of Swift and python-swiftclient against a real process: `scripts/strangers`.

They aren't part of `make test`: they take some minutes, and delete all that their accounts hold.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.e2e.portico import ANY_PORT, ROOT, serving
from tests.strangers.known import KNOWN

VENV = ROOT / ".venv-strangers"
SOURCES = VENV / "sources"
SUITE_SECONDS = 1800.0
WIDTH = 200
PLUGINS = Path(__file__).parent / "plugins"
OPTIONS = ("-q", "--tb=short", f"-c{os.devnull}", "--rootdir=.", "-opython_files=test*.py", "-pno:requests_mock")
"""Nothing of our own tests' configuration holds there."""

# The tests make containers of the same name in both accounts, which have a namespace each for that.
CONFIG = """
frontends:
  swift: {storage_domains: [storage.example.org]}
stores:
  main: {type: memory}
  second: {type: memory}
namespaces:
  default: {store: main}
  second: {store: second}
accounts:
  - name: test
    users:
      - {name: tester, access_key: test, secret: testing-secret, role: admin}
      - {name: second, secret: testing2-secret, role: admin}
      - {name: tester3, secret: testing3-secret, role: none}
      - {name: tester6, secret: testing6-secret, role: operator}
  - name: test2
    namespace: second
    users: [{name: tester2, secret: testing2-secret, role: admin}]
  - {name: test5, users: [{name: tester5, secret: testing5-secret, role: admin, groups: [service]}]}
auth:
  reseller_prefixes:
    SERVICE: {service_roles: [service]}
"""

FUNC_TEST = """
[func_test]
auth_uri = http://127.0.0.1:{port}/auth/v1.0
account = test
username = tester
password = testing-secret
account2 = test2
username2 = tester2
password2 = testing2-secret
username3 = tester3
password3 = testing3-secret
account5 = test5
username5 = tester5
password5 = testing5-secret
service_prefix = SERVICE
account6 = test
username6 = tester6
password6 = testing6-secret
collate = C
insecure = no
storage_domain = storage.example.org
s3_storage_url = http://127.0.0.1:{s3}
s3_access_key = test
s3_secret_key = testing-secret
s3_access_key2 = second
s3_secret_key2 = testing2-secret
s3_access_key3 = tester3
s3_secret_key3 = testing3-secret
"""


@dataclass(frozen=True)
class Suite:
    """Tests in the sources of a distribution: folders or modules, as pytest takes them, and plugins of ours."""

    distribution: str
    paths: Sequence[str]
    plugins: Sequence[str] = ()

    @property
    def folder(self) -> Path:
        name = self.distribution.replace("-", "_")
        return next(path for path in SOURCES.iterdir() if path.is_dir() and path.name.startswith(f"{name}-"))


SUITES = {
    "swift": Suite(
        "swift",
        tuple(
            f"test/functional/{name}.py"
            for name in (
                "tests",
                "test_account",
                "test_container",
                "test_object",
                "test_object_versioning",
                "test_slo",
                "test_dlo",
                "test_symlink",
                "test_staticweb",
                "test_tempurl",
                "test_versioned_writes",
                "test_domain_remap",
                "test_access_control",
                "test_protocol",
            )
        ),
        ("untidy",),
    ),
    "s3api": Suite("swift", ("test/functional/s3api",), ("told_of_s3",)),
    "client": Suite("python-swiftclient", ("test/functional/test_swiftclient.py",)),
}


@dataclass(frozen=True)
class Result:
    """What became of one test: `passed`, `skipped` or `failed`, and the last line of why."""

    test: str
    outcome: str
    why: str = ""


def main(arguments: Sequence[str]) -> int:
    """Run the suites, print what came of them, and return 1 if anything else failed than what is known to."""
    parser = argparse.ArgumentParser(prog="scripts/strangers", description=__doc__)
    parser.add_argument("suite", nargs="?", choices=SUITES, help="one of them; all without it")
    parser.add_argument("-k", default="", metavar="EXPRESSION", help="only tests that match, as pytest has it")
    chosen = parser.parse_args(arguments)
    unknown = 0
    with tempfile.TemporaryDirectory() as folder, endpoint(Path(folder)) as config:
        for name in [chosen.suite] if chosen.suite else SUITES:
            unknown += report(name, list(run(SUITES[name], config, chosen.k)))
    return min(unknown, 1)


@contextmanager
def endpoint(folder: Path) -> Iterator[Path]:
    """A process that serves the accounts of the tests, as their configuration file names it."""
    config = folder / "portico.yaml"
    config.write_text(CONFIG)
    with serving(folder / "data", (*ANY_PORT, "--config", str(config))) as server:
        told = folder / "test.conf"
        told.write_text(FUNC_TEST.format(port=server.ports["swift"], s3=server.ports["s3"]))
        yield told


def run(suite: Suite, config: Path, expression: str = "") -> Iterator[Result]:
    """Run a suite with its own interpreter."""
    results = config.with_suffix(".xml")
    selected = [*(("-k", expression) if expression else ()), *(f"-p{plugin}" for plugin in suite.plugins)]
    command = (VENV / "bin/python", "-m", "pytest", *OPTIONS, f"--junitxml={results}", *selected, *suite.paths)
    environ = {
        **os.environ,
        "PYTHONPATH": str(PLUGINS),
        "SWIFT_TEST_CONFIG_FILE": str(config),
        "SWIFT_TEST_IN_PROCESS": "false",
    }
    with config.with_name(f"{suite.distribution}.log").open("wb") as log:
        subprocess.run(command, cwd=suite.folder, env=environ, stdout=log, check=False, timeout=SUITE_SECONDS)
    return read(results)


def read(results: Path) -> Iterator[Result]:
    """The results in a file of JUnit's format, which our own pytest has written."""
    for case in ET.parse(results).iter("testcase"):
        test = f"{case.get('classname', '').removeprefix('test.functional.')}.{case.get('name')}"
        bad = [each for each in case if each.tag in {"failure", "error"}]
        if bad:
            lines = (bad[0].get("message") or bad[0].text or "").strip().splitlines()
            yield Result(test, "failed", lines[0] if lines else "")
        elif (skipped := case.find("skipped")) is not None:
            yield Result(test, "skipped", skipped.get("message") or "")
        else:
            yield Result(test, "passed")


def report(name: str, results: Sequence[Result], known: Mapping[str, str] = KNOWN) -> int:
    """Print what became of a suite. Returns how many tests failed that aren't known to."""
    counts = Counter(result.outcome for result in results)
    unknown = [result for result in results if result.outcome == "failed" and result.test not in known]
    _print(f"{name}: {', '.join(f'{counts[outcome]} {outcome}' for outcome in ('passed', 'failed', 'skipped'))}")
    for result in unknown:
        _print(f"  fails: {result.test}: {result.why[:WIDTH]}")
    for result in results:
        if result.outcome == "failed" and result.test in known:
            _print(f"  fails as known: {result.test}: {known[result.test]}")
    for why, count in Counter(result.why for result in results if result.outcome == "skipped").most_common():
        _print(f"  skipped: {count}: {why or 'no reason given'}")
    return len(unknown)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
