"""What is wrong with a configuration, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way from the top of the configuration to a value: keys and positions in lists."""


def dotted(path: Path) -> str:
    """A path as people write it: `accounts[0].users[1].role`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a place in the file (lines and columns count from 1), a variable or an option."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `sentence` says what to do and never holds a secret."""

    origin: Origin
    sentence: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem that is known by its path only."""

    path: Path
    sentence: str


class ConfigError(Exception):
    """A configuration that can't be used, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def locate(path: Path, origins: Mapping[Path, Origin]) -> Origin:
    """The origin of the value at `path`, or of the nearest thing around it that has one.

    Parts that name nothing are passed over: pydantic puts the tag of a union into its paths.
    """
    here: Path = ()
    for part in path:
        if (*here, part) in origins:
            here = (*here, part)
    return origins[here]
