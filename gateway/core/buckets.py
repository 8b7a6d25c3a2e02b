"""The records of buckets and accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.core.record import nothing
from gateway.core.versions import Versioning

STORAGE_POLICY = "swift:storage-policy"
"""The system property of a bucket that names its storage policy. A bucket without it has `DEFAULT_POLICY`."""
DEFAULT_POLICY = "Policy-0"
"""What Swift calls a cluster's policy that has no name; here, too, however a store without policies keeps objects."""

BUCKETS_LEFT = "The account still owns containers; remove them first"
"""What is said where an account can't go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketProps:
    """What the creator of a bucket states. `owner` is the id of an account; see `Props` for `user` and `system`."""

    owner: str
    user: Mapping[str, str] = field(default_factory=nothing)
    system: Mapping[str, str] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketMeta:
    """A bucket as it stands. `created` in ns since the epoch.

    `objects` and `bytes` count what a listing shows: neither former versions nor delete markers. `former`: the bytes of
    former versions, where the store tells them apart.
    """

    name: str
    owner: str
    created: int
    objects: int
    bytes: int
    former: int = 0
    user: Mapping[str, str] = field(default_factory=nothing)
    system: Mapping[str, str] = field(default_factory=nothing)
    versioning: Versioning = Versioning.OFF

    @property
    def used(self) -> int:
        """All bytes that are stored for the bucket, as quotas count them."""
        return self.bytes + self.former


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMeta:
    """Totals over the buckets of one account, and the properties set on the account. `former`: as in `BucketMeta`.

    `created`: when it was entered beside those of the configuration (`capabilities.Roster`), in ns since the epoch.
    """

    name: str
    buckets: int
    objects: int
    bytes: int
    former: int = 0
    created: int | None = None
    user: Mapping[str, str] = field(default_factory=nothing)
    system: Mapping[str, str] = field(default_factory=nothing)

    @property
    def used(self) -> int:
        """All bytes that are stored for the account, as quotas count them."""
        return self.bytes + self.former
