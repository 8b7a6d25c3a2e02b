"""Makes `docs/ftp.md` from the command table: `python -m tests.unit.ftp.reference`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.frontends.ftp.commands import COMMANDS, SECTIONS, UNBUILT, Command, PlainCommand, lookup
from tests.strangers.pyftpdlib import LEFT_OUT, NOT_SERVED

PAGE = Path(__file__).parents[3] / "docs" / "ftp.md"

HEAD = """\
# FTP commands

This page is made from the command table. *Before login*: works for strangers. *At once*: is answered while a transfer
runs, as STAT without a path is. *With a certificate*: is served where `frontends.ftp.tls` is configured.
"""

STRANGERS = """\
## Another server's tests

The functional tests of pyftpdlib run against Portico, all but these, which expect something else of a server:

| test | why it does not apply |
|---|---|
"""


@dataclass(frozen=True)
class Refusal:
    """What is answered `code`, always: `lines`, and all that is like them."""

    what: str
    lines: tuple[str, ...]
    code: int
    why: str = ""


REFUSALS = (
    Refusal(", ".join(sorted(UNBUILT)), tuple(sorted(UNBUILT)), 502, "known, and not served"),
    Refusal("any other verb", ("XYZZY", "RETR2"), 500),
    Refusal("TYPE E, TYPE A T, TYPE A C", ("TYPE E", "TYPE A T", "TYPE A C"), 504, "text has no print formats here"),
    Refusal("MODE B, C; STRU R, P", ("MODE B", "MODE C", "STRU R", "STRU P"), 504),
    Refusal(
        "SITE CHMOD, CHOWN, CHGRP, UMASK",
        ("SITE CHMOD 644 f", "SITE CHOWN a f", "SITE CHGRP a f", "SITE UMASK 022"),
        504,
        "access is given by role",
    ),
    Refusal("LANG of another language than English", ("LANG fr",), 504),
    Refusal("PORT, EPRT to another address", ("PORT 192,0,2,1,20,20", "EPRT |1|192.0.2.1|5140|"), 501, "RFC 2577"),
    Refusal("PORT, EPRT to a port below 1024", ("PORT 127,0,0,1,0,80", "EPRT |1|127.0.0.1|80|"), 501, "RFC 2577"),
    Refusal("OPTS UTF8 OFF", ("OPTS UTF8 OFF",), 504, "names are always UTF-8"),
)


def page() -> str:
    sections = (f"## {title}\n\n{_table(commands)}" for title, commands in SECTIONS.items())
    refusals = "".join(f"| {each.what} | {each.code} | {each.why} |\n" for each in REFUSALS)
    strangers = "".join(f"| {test} | {why} |\n" for test, why in (*NOT_SERVED.items(), *LEFT_OUT.items()))
    refused = f"## Refused\n\n| what | answer | why |\n|---|---|---|\n{refusals}"
    return "\n".join((HEAD, *sections, refused, STRANGERS + strangers))


def _table(commands: Mapping[str, Command]) -> str:
    rows = (f"| {verb} | {_code(command.syntax)} | {', '.join(_notes(verb))} |\n" for verb, command in commands.items())
    return "| command | takes | |\n|---|---|---|\n" + "".join(rows)


def _code(syntax: str) -> str:
    return f"`{syntax}`".replace("|", "\\|") if syntax else ""


def _notes(verb: str) -> Iterator[str]:
    command = COMMANDS[verb]
    same = next(name for name, each in COMMANDS.items() if each is command)
    if same != verb:
        yield f"as {same}"
    if isinstance(command, PlainCommand):
        if command.for_strangers:
            yield "before login"
        if command.at_once:
            yield "at once"
        if command.needs_certificate:
            yield "with a certificate"
    elif lookup(verb, bare=True) is not command:
        yield "without a path: the state of the session"


if __name__ == "__main__":
    PAGE.write_text(page())
