"""The table that is printed, one row a measurement."""

import sys
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """A measurement beside its yardstick. `ratio` is ours over the yardstick's; `aim` is what it should reach.

    `at_most` turns the aim round: the ratio should stay below it.
    """

    what: str
    ours: str
    yardstick: str
    ratio: float
    aim: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.aim is None:
            return ""
        reached = self.ratio <= self.aim if self.at_most else self.ratio >= self.aim
        return "reached" if reached else "missed"


def progress(text: str) -> None:
    """Say what is being measured."""
    print(f"  {text} ...", file=sys.stderr, flush=True)


def show(rows: list[Row], medium: str) -> None:
    """`medium`: the kind of file system that servers keep their data on, where a row tells of no other."""
    table = Table(title=f"Portico beside its yardsticks (medians of one run, data on {medium})", title_justify="left")
    for name in ("measured", "Portico", "yardstick"):
        table.add_column(name)
    for name in ("ratio", "aim"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in rows:
        sign = "≤" if row.at_most else "≥"
        aim = "" if row.aim is None else f"{sign} {row.aim:g}"
        what = f"{row.what}\n[dim]{row.note}[/dim]" if row.note else row.what
        table.add_row(what, row.ours, row.yardstick, f"{row.ratio:.2f}", aim, row.verdict)
    Console(width=None if sys.stdout.isatty() else 140).print(table)
