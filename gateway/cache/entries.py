"""Cached entries that belong to groups, and become worthless all at once when their group's generation changes."""

import base64
import hmac
import secrets
import zlib
from dataclasses import dataclass

from gateway.cache.base import Cache
from gateway.cache.local import LocalCache

COMPRESS_FROM = 4096
"""Payloads of so many bytes and more are compressed."""

MAX_INFLATED = 8 * 1024 * 1024
FORMAT = 1
GENERATION_BYTES = 8
GENERATION_TTL = 24 * 3600
_HEAD = 2 + GENERATION_BYTES
_PLAIN, _DEFLATED = 0, 1

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a look into the cache gave: the group's generation as it stands (None: the cache can't tell) and the
    payload, if there is one of that generation. `stale`: there was one of an earlier generation, which was refused."""

    generation: bytes | None
    payload: bytes | None = None
    stale: bool = False


class Entries:
    """Payloads under names, in groups.

    A group has a generation, a random token in the cache. A writer replaces it *after* its commit (`bump`); a reader
    stamps what it fetched with the generation it saw *before* the fetch (`put`), and `get` refuses any other stamp. So
    what was fetched while something was written is never served later, whoever fetched it. Where the token was lost, a
    new one is drawn, which no entry bears.

    Keys are HMACs, so that nobody who can only reach the cache server learns names or makes up entries for them. A
    small in-process level saves the transport of payloads, never the question for the generation.
    """

    def __init__(self, cache: Cache, secret: bytes, ttl: int, near: LocalCache | None = None) -> None:
        self._cache = cache
        self._secret = secret
        self._ttl = ttl
        self._near = LocalCache() if near is None else near

    @property
    def ttl(self) -> int:
        """Seconds that an entry lives at most."""
        return self._ttl

    async def get(self, group: Name, name: Name) -> Lookup:
        """The payload of `name`, if it was fetched in the present generation of `group`."""
        group_key, key = self._key("generation", group), self._key("entry", group, name)
        near = (await self._near.get_many((key,))).get(key)
        found = await self._cache.get_many((group_key,) if near else (group_key, key))
        generation = found.get(group_key)
        if generation is None or len(generation) != GENERATION_BYTES:
            return Lookup(await self._begin(group_key))
        if near is not None and _stamp(near) != generation:
            near, found = None, await self._cache.get_many((key,))
        packed = near or found.get(key)
        if packed is None:
            return Lookup(generation)
        if _stamp(packed) != generation:
            return Lookup(generation, stale=True)
        if near is None:
            await self._near.set(key, packed, self._ttl)
        return Lookup(generation, _unpack(packed))

    async def put(self, group: Name, name: Name, generation: bytes, payload: bytes) -> None:
        """Keep what was fetched after `generation` was seen."""
        key, packed = self._key("entry", group, name), _pack(generation, payload)
        await self._near.set(key, packed, self._ttl)
        await self._cache.set(key, packed, self._ttl)

    async def bump(self, group: Name) -> bool:
        """Make all entries of the group worthless; False where the cache could not be told."""
        token = secrets.token_bytes(GENERATION_BYTES)
        return await self._cache.set(self._key("generation", group), token, GENERATION_TTL)

    async def _begin(self, group_key: bytes) -> bytes | None:
        """The first generation of a group: drawn here, unless another process has just drawn one."""
        token = secrets.token_bytes(GENERATION_BYTES)
        if await self._cache.add(group_key, token, GENERATION_TTL):
            return token
        standing = (await self._cache.get_many((group_key,))).get(group_key)
        return standing if standing is not None and len(standing) == GENERATION_BYTES else None

    def _key(self, kind: str, *names: Name) -> bytes:
        text = "\0".join(f"{len(name)}\0" + "\0".join(name) for name in names)
        digest = hmac.digest(self._secret, f"{kind}\0{text}".encode(errors="surrogatepass"), "sha256")
        return b"portico:" + base64.urlsafe_b64encode(digest[:24])


def _pack(generation: bytes, payload: bytes) -> bytes:
    if len(payload) < COMPRESS_FROM:
        return bytes((FORMAT, _PLAIN)) + generation + payload
    return bytes((FORMAT, _DEFLATED)) + generation + zlib.compress(payload, 1)


def _stamp(packed: bytes) -> bytes | None:
    return packed[2:_HEAD] if packed[:1] == bytes((FORMAT,)) else None


def _unpack(packed: bytes) -> bytes | None:
    """The payload; None where somebody else's bytes lie under our key."""
    if packed[1] == _PLAIN:
        return packed[_HEAD:]
    inflater = zlib.decompressobj()
    try:
        payload = inflater.decompress(packed[_HEAD:], MAX_INFLATED)
    except zlib.error:
        return None
    return payload if inflater.eof else None
