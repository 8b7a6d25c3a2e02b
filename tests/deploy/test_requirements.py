"""The pinned requirements: hashed, without an address, consistent with each other and with the project's metadata."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKED = sorted((ROOT / "requirements").glob("*.txt"))


def entries(path: Path) -> Iterator[str]:
    """The logical lines of a requirements file: one for each requirement, with its hashes."""
    return (line for line in path.read_text().replace("\\\n", " ").splitlines() if line.strip())


def pins(path: Path) -> dict[str, str]:
    requirements = (Requirement(entry.split("--hash")[0]) for entry in entries(path))
    return {canonicalize_name(each.name): next(iter(each.specifier)).version for each in requirements}


def test_the_files_are_there() -> None:
    assert {path.stem for path in LOCKED} == {"build", "clients", "dev", "runtime", "strangers", "swift"}


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.stem)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    form = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==[^\s;@]+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [entry for entry in entries(path) if not form.fullmatch(entry)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: path.name)
def test_no_requirement_names_an_address(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [line for line in lines if "://" in line or "@" in line or re.match(r"\s*-(?!-hash=)", line)] == []


def test_development_has_everything_of_runtime_in_the_same_versions() -> None:
    runtime, dev = (pins(ROOT / "requirements" / name) for name in ("runtime.txt", "dev.txt"))
    assert runtime.items() <= dev.items()


def test_the_pins_satisfy_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    wanted = {"runtime": project["dependencies"], "dev": project["dependencies"] + extras}
    for name, texts in wanted.items():
        pinned = pins(ROOT / "requirements" / f"{name}.txt")
        for requirement in map(Requirement, texts):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement.name} is missing in {name}.txt: run scripts/lock"
            assert requirement.specifier.contains(version), f"{requirement} against {version}: run scripts/lock"
