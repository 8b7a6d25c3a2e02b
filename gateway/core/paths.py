"""Paths of the tree that directories make of buckets and keys: `/bucket/a/b` is the key `a/b` of `bucket`."""

from dataclasses import dataclass

from gateway.core.types import Key

SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class TreePath:
    """An absolute, normalised path: the names between its slashes, none of them empty, `.` or `..`."""

    parts: tuple[str, ...] = ()

    def resolve(self, text: str) -> "TreePath":
        """What `text` means seen from here. A leading slash means the root; `..` never leads above it."""
        parts = [] if text.startswith(SEPARATOR) else list(self.parts)
        for part in text.split(SEPARATOR):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return TreePath(tuple(parts))

    def child(self, name: str) -> "TreePath":
        return TreePath((*self.parts, name))

    @property
    def parent(self) -> "TreePath":
        """The directory that this path lies in; the root lies in itself."""
        return TreePath(self.parts[:-1])

    @property
    def last(self) -> str:
        """The last name; empty for the root."""
        return self.parts[-1] if self.parts else ""

    @property
    def is_root(self) -> bool:
        return not self.parts

    @property
    def is_bucket(self) -> bool:
        return len(self.parts) == 1

    @property
    def bucket(self) -> str:
        """The bucket's name; empty for the root."""
        return self.parts[0] if self.parts else ""

    @property
    def name(self) -> str:
        """The object's name in its bucket; empty for the root and for a bucket."""
        return SEPARATOR.join(self.parts[1:])

    @property
    def key(self) -> Key:
        """The object of exactly this path."""
        return Key(self.bucket, self.name)

    @property
    def prefix(self) -> str:
        """What the names of all objects below this directory begin with; empty for a bucket."""
        return self.name + SEPARATOR if len(self.parts) > 1 else ""

    @property
    def marker(self) -> Key:
        """The object that makes this directory stand while it is empty."""
        return Key(self.bucket, self.prefix)

    def is_inside(self, other: "TreePath") -> bool:
        """Whether this path lies below `other` (a path does not lie below itself)."""
        return len(self.parts) > len(other.parts) and self.parts[: len(other.parts)] == other.parts

    def __str__(self) -> str:
        return SEPARATOR + SEPARATOR.join(self.parts)


ROOT = TreePath()
