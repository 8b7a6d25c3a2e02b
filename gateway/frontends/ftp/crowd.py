"""Who is in, and who is kept out: sessions by user, and addresses from which too many wrong passwords came."""

from collections import Counter
from collections.abc import Callable
from time import monotonic

from cachetools import TTLCache

from gateway.frontends.ftp.addresses import Address

MAX_KNOWN = 20_000
"""Addresses that are remembered; beyond them the oldest are forgotten."""

NETWORK_BITS = 64
"""Who has an IPv6 address commonly has all that begin with so many bits of it."""


class Sessions:
    """Sessions of each user."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def enter(self, user: str, most: int | None) -> bool:
        """Count one more session in; False where the user has `most` already."""
        if most is not None and self._counts[user] >= most:
            return False
        self._counts[user] += 1
        return True

    def leave(self, user: str) -> None:
        self._counts[user] -= 1
        if not self._counts[user]:
            del self._counts[user]


class Bans:
    """Addresses that `failures` wrong logins came from are banned for `seconds`; with 0 failures nobody is.

    What came before a pause of `window` seconds counts no more.
    """

    def __init__(self, failures: int, window: float, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._most = failures
        self._failures: TTLCache[object, int] = TTLCache(MAX_KNOWN, window, timer=clock)
        self._banned: TTLCache[object, bool] = TTLCache(MAX_KNOWN, seconds, timer=clock)

    def note(self, client: Address) -> bool:
        """Count a wrong login; whether its address is banned by it."""
        if not self._most:
            return False
        who = _network(client)
        count = self._failures[who] = self._failures.get(who, 0) + 1
        if count < self._most:
            return False
        self._banned[who] = True
        del self._failures[who]
        return True

    def is_banned(self, client: Address) -> bool:
        return bool(self._banned) and _network(client) in self._banned


def _network(client: Address) -> object:
    return client if client.version == 4 else int(client) >> (128 - NETWORK_BITS)
