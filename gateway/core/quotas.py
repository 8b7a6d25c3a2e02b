"""Quotas of buckets and accounts: how much may be stored there, as properties say that Swift's clients set."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.buckets import AccountMeta, BucketMeta

BYTES = "quota-bytes"
COUNT = "quota-count"
"""User metadata of a bucket."""

# System properties of an account: whoever administers it can't change them.
ACCOUNT_BYTES = "swift:quota-bytes"
ACCOUNT_COUNT = "swift:quota-count"
POLICY = "-policy"
"""What ends the names of further ones, for what is stored under the one policy that there is: all of it."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The most bytes and objects; None: as many as there is room for."""

    bytes: int | None = None
    objects: int | None = None

    def allows(self, size: int, objects: int) -> bool:
        """Whether that much may be stored in all."""
        return (self.bytes is None or size <= self.bytes) and (self.objects is None or objects <= self.objects)


UNLIMITED = Quota()


def of_bucket(bucket: BucketMeta) -> Quota:
    return Quota(_number(bucket.user, BYTES), _number(bucket.user, COUNT)) if bucket.user else UNLIMITED


def of_account(account: AccountMeta) -> Quota:
    return Quota(_least(account.system, ACCOUNT_BYTES), _least(account.system, ACCOUNT_COUNT))


def is_number(text: str) -> bool:
    """Whether a quota can be set to that."""
    return text.isascii() and text.isdigit()


def _least(properties: Mapping[str, str], name: str) -> int | None:
    found = (_number(properties, each) for each in (name, name + POLICY))
    return min((number for number in found if number is not None), default=None)


def _number(properties: Mapping[str, str], name: str) -> int | None:
    """A property that is no number, as other tools may have left there, limits nothing."""
    text = properties.get(name, "")
    return int(text) if is_number(text) else None
