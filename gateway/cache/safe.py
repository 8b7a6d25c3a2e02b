"""Secrets that processes share through the cache, sealed: who can reach the cache server can't read or forge them."""

import asyncio
import base64
import hmac
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.cache.base import Cache

NONCE_BYTES = 12
MAX_TTL = 30 * 24 * 3600
"""Seconds; memcached takes a larger number for a date."""

TURN_SECONDS = 10.0
"""The longest that anybody holds a turn or waits for one."""
POLL_SECONDS = 0.05
_FREE = b"-"


class Safe:
    """The place of one secret. Its name in the cache is an HMAC over `scope`, which says whose secret it is.

    Values are sealed by AES-GCM under a key that is made of `secret` and bound to that name: what was put for one scope
    can't be passed off as another's. What does not open counts as not there.
    """

    def __init__(self, cache: Cache, secret: bytes, scope: tuple[str, ...]) -> None:
        text = "\0".join(("safe", *(f"{len(part)}\0{part}" for part in scope)))
        self._cache = cache
        self._secret = secret
        self._name = self._key(text.encode(errors="surrogatepass"))
        self._cipher = AESGCM(hmac.digest(secret, b"safe's seal", "sha256"))

    async def get(self) -> bytes | None:
        """The secret; None where there is none."""
        sealed = (await self._cache.get_many((self._name,))).get(self._name)
        if sealed is None:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._name)
        except (InvalidTag, ValueError):
            return None

    async def put(self, value: bytes, ttl: int) -> None:
        """Keep the secret for up to `ttl` seconds."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, value, self._name)
        await self._cache.set(self._name, sealed, min(ttl, MAX_TTL))

    @asynccontextmanager
    async def turn(self, old: bytes) -> AsyncIterator[None]:
        """Let one process after the other in to replace `old`, so that the first can put what the others then find.

        It is no lock: where the cache can't be reached, or somebody holds his turn too long, nobody waits for him.
        """
        until, name = time.monotonic() + TURN_SECONDS, self._key(b"turn" + self._name + old)
        while not (taken := await self._cache.add(name, os.urandom(8), int(TURN_SECONDS))):
            holder = (await self._cache.get_many((name,))).get(name)
            if holder in {None, _FREE} or time.monotonic() > until:
                break
            await asyncio.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            if taken:
                await self._cache.set(name, _FREE, 1)

    def _key(self, text: bytes) -> bytes:
        return b"portico:" + base64.urlsafe_b64encode(hmac.digest(self._secret, text, "sha256")[:24])
