"""Which of the processes that share a cache does what only one of them needs to do."""

import base64
import hmac
import secrets

from gateway.cache.base import Cache


class Leader:
    """The candidacy of one process for one task. Whoever leads has to ask again before `ttl` seconds have passed.

    It is no lock: where the cache can't be reached everybody leads, and for a moment two may.
    """

    def __init__(self, cache: Cache, secret: bytes, task: str, ttl: int) -> None:
        """`secret` is that of the installation, `task` what is to be led."""
        self._cache = cache
        self._name = b"portico:" + base64.urlsafe_b64encode(
            hmac.digest(secret, b"lead\0" + task.encode(), "sha256")[:24]
        )
        self._me = secrets.token_hex(8).encode()
        self._ttl = ttl

    async def leads(self) -> bool:
        """Whether this process leads, for `ttl` seconds from now."""
        if await self._cache.add(self._name, self._me, self._ttl):
            return True
        holder = (await self._cache.get_many((self._name,))).get(self._name)
        if holder == self._me:
            await self._cache.set(self._name, self._me, self._ttl)
            return True
        return holder is None
