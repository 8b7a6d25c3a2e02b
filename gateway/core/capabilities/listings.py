"""Other ways than pages of records to learn which objects there are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from gateway.core.types import Expired, Key, ListQuery, Meta, Page, Prefix

T = TypeVar("T")


class Glance(Protocol):
    """Facts that are at hand already."""

    async def glance(self, key: Key) -> Meta | None:
        """An object as a row of a listing tells it (see `Caps.listed_props`), asking nobody; None: nothing is at hand.

        Raises `NoSuchKey` where it is known that neither the object nor anything below its name stands.
        """
        ...


class Row(Protocol):
    """An object as listings show it: a `Meta`, or what tells less. Mappings are None where they would be empty."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def etag(self) -> str: ...

    @property
    def modified(self) -> int: ...

    @property
    def content_type(self) -> str: ...

    @property
    def user(self) -> Mapping[str, str] | None: ...

    @property
    def system(self) -> Mapping[str, str] | None: ...

    @property
    def checksums(self) -> Mapping[str, str] | None: ...

    @property
    def version(self) -> str | None: ...


class Rendering(Protocol):
    """Listings in the form that is wanted of them, made where their rows are read: none of it is the event loop's work.

    Rows are the store's own, whatever layers are around it: manifests and links are what they are by themselves.
    """

    async def render(self, bucket: str, query: ListQuery, form: Callable[[Page[Row | Prefix]], T]) -> T:
        """What `form` makes of one page, in a thread where rows are many. Pages never come short.

        Raises `NoSuchBucket`.
        """
        ...


class Expiring(Protocol):
    """Objects whose time to vanish has come, which are to be removed. A store that does so itself has no need of it."""

    async def expired(self, until: int, *, after: Expired | None = None, limit: int = 1000) -> Sequence[Expired]:
        """Objects that vanish at `until` (ns since the epoch) or before, in the order of these times, behind `after`.

        Costs as much as what is told.
        """
        ...
