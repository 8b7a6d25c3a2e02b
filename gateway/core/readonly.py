"""Accounts in which nothing is written, as OpenStack Swift's `read_only` middleware has them."""

from collections.abc import Mapping

READ_ONLY = "swift:read-only"
"""The system property of an account: `YES`, or `NO` where it may be written to although its door is read-only."""

YES, NO = "true", "false"


def is_read_only(system: Mapping[str, str]) -> bool:
    """Whether an account with these properties is read-only at every door."""
    return system.get(READ_ONLY) == YES
