"""Makes `docs/s3.md` from the service model and the table of operations: `python -m tests.unit.s3.reference`."""

import re
from collections.abc import Iterable
from pathlib import Path

from gateway.frontends.s3 import model, quirks
from gateway.frontends.s3.operations import OPERATIONS
from gateway.frontends.s3.refused import REASONS

PAGE = Path(__file__).parents[3] / "docs" / "s3.md"

HEAD = """\
# S3 operations

This page is made from the service model and the table of operations: {works} of {all} operations of the API work, and
so do uploads by forms of browsers and the preflights of CORS. What does not is answered by 501 `NotImplemented` with
the operation's name.
"""

UNBUILT = "Not built."

BESIDE = frozenset(name for name, _, _ in quirks.UNMODELLED)
"""Operations that the model does not have."""


def page() -> str:
    names = sorted(name for name in model.load().operations if name not in BESIDE) + sorted(quirks.UNREACHABLE)
    works = [name for name in names if name in OPERATIONS]
    refused = [name for name in names if name not in OPERATIONS]
    return "\n".join(
        (
            HEAD.format(works=len(works), all=len(names)),
            f"## Works\n\n| operation | |\n|---|---|\n{_rows((name, note(name)) for name in works)}",
            f"## Refused\n\n| operation | why |\n|---|---|\n{_rows((name, why(name)) for name in refused)}",
        )
    )


def note(name: str) -> str:
    """What is to be said of an operation that works, beside its name."""
    summary = (OPERATIONS[name].handler.__doc__ or "").partition("\n\n")[0]
    return _sentence(re.sub(r"\s+", " ", summary).strip().removeprefix(name).lstrip(".:, "))


def why(name: str) -> str:
    if name in quirks.UNREACHABLE:
        return "It differs from ListBuckets by the host alone that it is sent to."
    return _sentence(REASONS[name] + ".") if name in REASONS else UNBUILT


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f"| {name} | {text} |\n" for name, text in rows)


if __name__ == "__main__":
    PAGE.write_text(page())
