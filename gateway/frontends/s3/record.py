"""What was read from a request's document."""

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

Found: TypeAlias = "str | int | Record | list[Found]"

T = TypeVar("T")


class Record:
    """A structure of a document, by the model's member names.

    Each accessor answers None (or nothing) for a member that is not there, and raises `TypeError` for one that is of
    another kind: a mistake of the handler.
    """

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, Found]) -> None:
        self._members = members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str) -> str | None:
        """A string. Entity tags come without quotes."""
        return self._get(name, str)

    def integer(self, name: str) -> int | None:
        return self._get(name, int)

    def flag(self, name: str) -> bool | None:
        return self._get(name, bool)

    def time(self, name: str) -> int | None:
        """A time in nanoseconds since the epoch."""
        return self._get(name, int)

    def record(self, name: str) -> "Record | None":
        return self._get(name, Record)

    def records(self, name: str) -> "tuple[Record, ...]":
        """The items of a list of structures, in their order."""
        return self._items(name, Record)

    def texts(self, name: str) -> tuple[str, ...]:
        """The items of a list of strings, in their order."""
        return self._items(name, str)

    def _get(self, name: str, kind: type[T]) -> T | None:
        found = self._members.get(name)
        if found is None or isinstance(found, kind):
            return found
        raise TypeError(f"{name} is no {kind.__name__}")

    def _items(self, name: str, kind: type[T]) -> tuple[T, ...]:
        found = self._members.get(name, [])
        if not isinstance(found, list):
            raise TypeError(f"{name} is no list")
        items = tuple(item for item in found if isinstance(item, kind))
        if len(items) != len(found):
            raise TypeError(f"{name} has items that are no {kind.__name__}")
        return items
