"""Switches of LIST, NLST and STAT, as `ls` has them, and what they make of entries. No I/O."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.core.entries import Entry

_ORDERS: dict[str, Callable[[Entry], int]] = {"t": lambda entry: entry.modified or 0, "S": lambda entry: entry.size}


@dataclass(frozen=True, slots=True)
class Switches:
    """`order`: `t` for the newest first, `S` for the largest; else by name. `bare`: no more than names.

    `itself`: the directory, not what lies in it.
    """

    order: str = ""
    reverse: bool = False
    recursive: bool = False
    bare: bool = False
    itself: bool = False

    @property
    def sorts(self) -> bool:
        return self.reverse or bool(self.order)

    def arranged(self, entries: Iterable[Entry]) -> list[Entry]:
        """Entries in the order asked for, those that are equal by name."""
        found = sorted(entries, key=lambda entry: entry.name)
        if self.order:
            found.sort(key=_ORDERS[self.order], reverse=True)
        return found[::-1] if self.reverse else found


def parse(options: str) -> Switches:
    """Of several orders the last counts; whatever is not known is ignored, as are long options."""
    letters = "".join(word[1:] for word in options.split() if not word.startswith("--"))
    orders = [letter for letter in letters if letter in _ORDERS]
    return Switches(
        order=orders[-1] if orders else "",
        reverse="r" in letters,
        recursive="R" in letters,
        bare="1" in letters and "l" not in letters,
        itself="d" in letters,
    )
