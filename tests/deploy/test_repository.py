"""What no file of the repository may hold."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A class of one letter keeps these lines from finding themselves.
FORBIDDEN = re.compile(
    r"py[p]i\.org|python[h]osted|registry\.np[m]js|deb\.deb[i]an\.|/wor[k]/|/tmp/bash_jo[b]s|/opt/whee[l]s"
)


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def test_no_registry_host_and_no_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.is_file()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    assert found == []


def test_scripts_can_be_run() -> None:
    scripts = [ROOT / ".ci" / "run", *(path for path in (ROOT / "scripts").iterdir() if path.suffix != ".sh")]
    assert [path.name for path in scripts if not path.stat().st_mode & 0o100] == []
