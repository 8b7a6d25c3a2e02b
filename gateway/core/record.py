"""Records that are made by the thousand."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

__all__ = ["nothing", "record"]

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass

    def record(*, frozen: bool, slots: bool):
        """A dataclass that the type checker alone keeps from being changed.

        One that is `frozen` as it runs, too, sets each field through `object.__setattr__`, and takes three times as
        long to make: most of what the rows of a listing cost.
        """
        return dataclass(slots=slots, unsafe_hash=frozen)


_NOTHING: Mapping[str, str] = MappingProxyType({})


def nothing() -> Mapping[str, str]:
    """No properties or no checksums: one mapping for all records that have none."""
    return _NOTHING
