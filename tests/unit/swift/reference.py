"""Makes `docs/swift.md` from the table of operations and that of refusals: `python -m tests.unit.swift.reference`."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.frontends.swift import fixed, login, unsupported
from gateway.frontends.swift.operations import MANY, OPERATIONS, UPKEEP, VERSIONS, Operation
from gateway.frontends.swift.target import Level

PAGE = Path(__file__).parents[3] / "docs" / "swift.md"

HEAD = """\
# Swift operations

This page is made from the table of operations and from that of refusals. `/info` tells clients which extensions work,
and with what limits. OPTIONS is answered at every level, without a token.
"""

ARCHIVES = """\
## Former versions in a container of their own

`X-Versions-Location` (a stack: a delete has the newest former version stand again) and `X-History-Location` (a delete
leaves a mark) name a container of the same account. What is written over or deleted goes there, by whatever door, as
`<length of the name, three hexadecimal digits><name>/<time>`; a rename is a copy with a delete behind it, and what
vanishes at a time of its own is not kept. Where the container doesn't take it, the write is refused with 412. Embedded
stores have it. It excludes `X-Versions-Enabled`, and the versioning of S3.
"""

SETTINGS = """\
## By settings

| setting of `frontends.swift` | what it does |
| --- | --- |
| `ratelimit` | As Swift's `ratelimit`: requests wait for their turn, by account and by the container's size, or are \
refused with 498. Each process counts by itself. Whoever has no right is refused first. |
| `name_check` | As Swift's `name_check`: paths with forbidden characters, a forbidden pattern or too many bytes are \
refused with 400. Other doors don't ask for it. |
| `read_only`, `allow_deletes` | As Swift's `read_only`: writes over Swift are refused with 405. Operators except an \
account by `X-Account-Sysmeta-Read-Only: false`. |
| `storage_domains` | Hosts name an account, or a container of it. |
| `cname_lookup` | As Swift's `cname_lookup`: other hosts stand for those that their CNAME records lead to, or are \
refused with 400. Addresses and names without a dot are not looked up. |
| `compat` | Statuses that clients of other services expect. |

Operators make an account read-only by `X-Account-Sysmeta-Read-Only: true`, which holds at all doors of embedded stores;
an empty value ends it.
"""

PATHS = {
    Level.SERVICE: "/v1",
    Level.ACCOUNT: "/v1/AUTH_account",
    Level.CONTAINER: "/v1/AUTH_account/container",
    Level.OBJECT: "/v1/AUTH_account/container/object",
}

UPKEEP_TEXT = """\
Requests that Swift does not have. Each object or version is removed with its own access check; counters are refreshed,
and accounts made, listed and removed, by operators alone. A listing of accounts takes the parameters of other listings,
but for `delimiter`."""


def page() -> str:
    sections = (f"## {level.title()}: `{PATHS[level]}`\n\n{_works(level)}" for level in Level)
    always = _paths(("/info", *fixed.answers(None)))
    beside = f"{always}, `/crossdomain.xml` where it is set, and the login at {_paths(login.PATHS)}."
    return "\n".join(
        (
            HEAD,
            *sections,
            f"## Many objects at once, at any level\n\n{_table(('parameter', 'methods', ''), _many())}",
            f"## Upkeep\n\n{UPKEEP_TEXT}\n\n{_table(('parameter', 'path', 'method', ''), _upkeep())}",
            f"## Versions\n\n{_table(('parameter', 'method', ''), _versioned())}",
            ARCHIVES,
            SETTINGS,
            f"## Beside accounts\n\n{beside}\n",
            f"## Refused\n\nIn the words of the answer, with status 501.\n\n{_table(('what', 'where'), _refused())}",
        )
    )


def _paths(paths: Iterable[str]) -> str:
    return ", ".join(f"`{path}`" for path in sorted(paths))


def _works(level: Level) -> str:
    rows = ((method, each.name, note(method, each)) for method, each in OPERATIONS[level].items())
    return _table(("method", "operation", ""), rows)


def _many() -> Iterator[tuple[str, str, str]]:
    for name, (methods, operation) in MANY.items():
        method = ", ".join(sorted(methods))
        yield f"`{name}`", method, note(method, operation)


def _upkeep() -> Iterator[tuple[str, str, str, str]]:
    for level, operations in UPKEEP.items():
        for name, operation in operations.items():
            yield f"`{name}`", level, "POST", note("POST", operation)


def _versioned() -> Iterator[tuple[str, str, str]]:
    for name, rows in VERSIONS.values():
        for method, each in rows.items():
            yield f"`{name}`", method, note(method, each)


def note(method: str, operation: Operation) -> str:
    """What is to be said of an operation, beside its name."""
    summary = (operation.handler.__doc__ or "").partition("\n\n")[0]
    text = re.sub(r"^[A-Z]+( and [A-Z]+)?: ", "", re.sub(r"\s+", " ", summary).strip())
    return text[:1].upper() + text[1:]


def _refused() -> Iterator[tuple[str, str]]:
    for level, names in unsupported.HEADERS.items():
        for name in names:
            if name not in unsupported.NEEDED:
                yield f"header `{name}`", f"writes of {level}s"
    for name, methods in unsupported.PARAMETERS.items():
        if name not in unsupported.NEEDED:
            yield f"parameter `{name}`", ", ".join(sorted(methods))
    for name, (_, things) in unsupported.NEEDED.items():
        yield f"`{name}`", f"over a store that keeps no {things}"


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = (titles, ("---",) * len(titles), *rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in head)


if __name__ == "__main__":
    PAGE.write_text(page())
