"""Objects that vanish at a time of their own (`Props.expires`).

Once it has come the object is gone for readers and for conditions of writes, whoever asks. Listings and counters show
it until it is removed, as those of Swift do. In a bucket that keeps versions, it stays what it was as a version.
"""

import time

NEVER = 0
"""In a change of properties: the object is not to vanish any more."""


def has_vanished(expires: int | None) -> bool:
    """Whether the time has come that an object states, in ns since the epoch; None: it stays."""
    return expires is not None and expires <= time.time_ns()
