"""What a user sees of the tree: where his directories lie, and what he may do in each. No I/O.

Paths as he types and reads them are called *shown*; those that dispatch and stores know are *real*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from gateway.core.paths import ROOT, TreePath


class Permission(StrEnum):
    """What may be done in a directory. `overwrite`: writing onto a file that stands, and beyond its end."""

    LIST = "list"
    READ = "read"
    WRITE = "write"
    OVERWRITE = "overwrite"
    DELETE = "delete"
    RENAME = "rename"
    CREATE_DIRS = "create_dirs"


EVERYTHING = frozenset(Permission)


@dataclass(frozen=True)
class View:
    """A user's home, the virtual folders in it, and permissions that hold from a directory down to the next rule."""

    home: TreePath = ROOT
    folders: Mapping[TreePath, TreePath] | None = None
    """Shown directories, and the real ones that they stand for."""
    rules: Mapping[TreePath, frozenset[Permission]] | None = None
    """Permissions by shown directories."""

    def real(self, shown: TreePath) -> TreePath:
        """Where a shown path lies."""
        for above in _upwards(shown):
            if (target := (self.folders or {}).get(above)) is not None:
                return TreePath((*target.parts, *shown.parts[len(above.parts) :]))
        return TreePath((*self.home.parts, *shown.parts))

    def folders_in(self, shown: TreePath) -> frozenset[str]:
        """The names of virtual folders, and of what leads to some, right below a directory."""
        return frozenset(each.parts[len(shown.parts)] for each in self.folders or () if each.is_inside(shown))

    def permissions(self, shown: TreePath) -> frozenset[Permission]:
        """What may be done in a directory: what the nearest rule at it or above says."""
        rules = self.rules or {}
        return next((rules[above] for above in _upwards(shown) if above in rules), EVERYTHING)

    def allows(self, permission: Permission, shown: TreePath) -> bool:
        """Whether something may be done to a path: a matter of its directory, of listings that of the path itself.

        Where the path has a rule of its own, both rules have to allow it.
        """
        if not self.rules:
            return True
        is_allowed = permission in self.permissions(shown)
        return is_allowed and (permission is Permission.LIST or permission in self.permissions(shown.parent))

    def is_fixed(self, shown: TreePath) -> bool:
        """Whether a path is a place of the configuration, or one lies below: such are not removed and not renamed."""
        if shown.is_root:
            return not self.home.is_root
        places = {*(self.folders or ()), *(self.rules or ())}
        return any(place == shown or place.is_inside(shown) for place in places)

    @cached_property
    def standing(self) -> frozenset[TreePath]:
        """Real directories that stand even while nothing lies in them."""
        places = {ROOT, *(self.folders or ()), *(self.rules or ())}
        return frozenset(self.real(above) for place in places for above in _upwards(place))


def _upwards(path: TreePath) -> list[TreePath]:
    """A path, and what lies above it, up to the root."""
    return [TreePath(path.parts[:depth]) for depth in range(len(path.parts), -1, -1)]
