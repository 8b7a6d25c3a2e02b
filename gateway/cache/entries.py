"""Cached entries that belong to groups, and become worthless all at once when their group's generation changes."""

import asyncio
import base64
import hmac
import secrets
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from math import inf

from gateway.cache.base import Cache
from gateway.cache.sights import Name, Sights

COMPRESS_FROM = 4096
"""Payloads of so many bytes and more are compressed."""

APART_FROM = 32 * 1024
"""Those of so many bytes are compressed and inflated in a thread: it takes them more than a hop to it."""

MAX_PAYLOAD = 8 * 1024 * 1024
FORMAT = 2
MAX_GROUPS = 10_000
TOKEN_BYTES = 8
TOKEN_TTL = 24 * 3600
_STAMP = slice(2, 2 + 2 * TOKEN_BYTES)
_MADE = slice(_STAMP.stop, _STAMP.stop + 4)
_HEAD = _MADE.stop
_PLAIN, _DEFLATED = 0, 1


class Outcome(StrEnum):
    """What became of a look into the cache. `NEAR`: this process had it; `STALE`: found, but of an earlier generation;
    `UNKNOWN`: the server that knows the generation can't be asked."""

    HIT = "hit"
    NEAR = "near"
    MISS = "miss"
    STALE = "stale"
    UNKNOWN = "unknown"


Tally = Counter[tuple[str, Outcome]]
"""Looks by the first part of the name, and by their outcome."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a look into the cache gave: the group's generation as it stands (None: the cache can't tell) and the
    payload, if there is one of that generation, with the seconds that it may still be kept."""

    generation: bytes | None
    payload: bytes | None = None
    life: float = 0.0


class Entries:
    """Payloads under names, in groups.

    A group has a generation, a random token in the cache. A writer replaces it *after* its commit (`bump`); a reader
    stamps what it fetched with the generation it saw *before* the fetch (`put`), and `get` refuses any other stamp. So
    what was fetched while something was written is never served later, whoever fetched it. Where the token was lost, a
    new one is drawn, which no entry bears.

    Each part of the cache has an epoch, too, another such token, which is part of the generation of all groups whose
    tokens lie there: `flush` replaces the epochs, and nothing that was there before is served again.

    Keys are HMACs, so that nobody who can only reach the cache server learns names or makes up entries for them.
    """

    def __init__(
        self, cache: Cache, secret: bytes, ttl: int, tally: Tally | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._cache = cache
        self._secret = secret
        self._ttl = ttl
        self._clock = clock
        self._epochs = self._one_in_each_part()
        self._groups: dict[Name, tuple[bytes, bytes]] = {}
        self._sights = Sights()
        self.tally: Tally = Counter() if tally is None else tally

    @property
    def ttl(self) -> int:
        """Seconds that an entry lives at most."""
        return self._ttl

    async def get(self, group: Name, name: Name, held: bytes | None = None, began: float = inf) -> Lookup:
        """The payload of `name`, if it was fetched in the present generation of `group`.

        Who has one of the generation `held` is told the present one, and gets another payload only if they differ.
        `began`: when the caller's request did (`time.monotonic`); a generation seen since then is present to it.
        """
        if held is not None and self._sights.find(group, began) == held:
            return self._told(name, Outcome.NEAR, Lookup(held))
        asked = self._sights.now()
        tokens = self._tokens(group)
        key = self._key("entry", group, name) if held is None else b""
        found = await self._cache.get_many(tokens if held else (*tokens, key))
        generation = await self._generation(tokens, found)
        if generation is None:
            return self._told(name, Outcome.UNKNOWN, Lookup(None))
        self._sights.saw(group, asked, generation)
        if held == generation:
            return self._told(name, Outcome.NEAR, Lookup(generation))
        if held is not None:
            key = self._key("entry", group, name)
            found = await self._cache.get_many((key,))
        packed = found.get(key)
        if packed is None:
            return self._told(name, Outcome.MISS, Lookup(generation))
        if _stamp(packed) != generation:
            return self._told(name, Outcome.STALE, Lookup(generation))
        payload = await _unpacked(packed)
        if payload is None:
            return self._told(name, Outcome.MISS, Lookup(generation))
        return self._told(name, Outcome.HIT, Lookup(generation, payload, self._life(packed)))

    async def put(self, group: Name, name: Name, generation: bytes, payload: bytes) -> None:
        """Keep what was fetched after `generation` was seen."""
        if len(payload) <= MAX_PAYLOAD:
            packed = await _packed(generation, int(self._clock()), payload)
            await self._cache.set(self._key("entry", group, name), packed, self._ttl)

    async def bump(self, group: Name) -> bool:
        """Make all entries of the group worthless; False where the cache could not be told."""
        try:
            return await self._cache.insist(self._tokens(group)[1], _token(), TOKEN_TTL)
        finally:
            self._sights.wrote(group)

    async def flush(self) -> bool:
        """Make everything worthless, for all who have the same secret; False where a part could not be told."""
        told = await asyncio.gather(*(self._cache.insist(epoch, _token(), TOKEN_TTL) for epoch in self._epochs))
        return all(told)

    def _told(self, name: Name, outcome: Outcome, lookup: Lookup) -> Lookup:
        self.tally[name[0], outcome] += 1
        return lookup

    def _life(self, packed: bytes) -> float:
        """How long an entry may be kept elsewhere: by a clock that is behind a whole time to live, and no more."""
        age = int(self._clock()) - int.from_bytes(packed[_MADE], "big")
        return min(max(self._ttl - age, 0), self._ttl)

    def _tokens(self, group: Name) -> tuple[bytes, bytes]:
        """The keys of the epoch and the generation of a group; those that are asked for again and again are kept."""
        tokens = self._groups.get(group)
        if tokens is None:
            if len(self._groups) >= MAX_GROUPS:
                self._groups.clear()
            generation = self._key("generation", group)
            tokens = self._groups[group] = self._epochs[self._cache.part_of(generation)], generation
        return tokens

    async def _generation(self, tokens: tuple[bytes, bytes], found: Mapping[bytes, bytes]) -> bytes | None:
        """Both tokens as they stand. Lost ones are drawn here, unless another process has just done so; garbage in
        their place is overwritten, since a new token can only make more worthless."""
        values = [found.get(key) for key in tokens]
        for place, key in enumerate(tokens):
            if not _is_token(values[place]):
                values[place] = await self._begin(key, lost=values[place] is None)
        epoch, generation = values
        return None if epoch is None or generation is None else epoch + generation

    async def _begin(self, key: bytes, *, lost: bool) -> bytes | None:
        token = _token()
        if await (self._cache.add if lost else self._cache.set)(key, token, TOKEN_TTL):
            return token
        standing = (await self._cache.get_many((key,))).get(key)
        return standing if _is_token(standing) else None

    def _one_in_each_part(self) -> list[bytes]:
        """The keys of the epochs: the first that lie where they have to."""
        found: dict[int, bytes] = {}
        for number in count():
            key = self._key("epoch", (str(number),))
            found.setdefault(self._cache.part_of(key), key)
            if len(found) == self._cache.parts:
                break
        return [found[part] for part in range(self._cache.parts)]

    def _key(self, kind: str, *names: Name) -> bytes:
        text = "\0".join(f"{len(name)}\0" + "\0".join(name) for name in names)
        digest = hmac.digest(self._secret, f"{kind}\0{text}".encode(errors="surrogatepass"), "sha256")
        return b"portico:" + base64.urlsafe_b64encode(digest[:24])


def _token() -> bytes:
    return secrets.token_bytes(TOKEN_BYTES)


def _is_token(value: bytes | None) -> bool:
    return value is not None and len(value) == TOKEN_BYTES


def _stamp(packed: bytes) -> bytes | None:
    return packed[_STAMP] if packed[:1] == bytes((FORMAT,)) else None


async def _packed(generation: bytes, made: int, payload: bytes) -> bytes:
    kind = _PLAIN if len(payload) < COMPRESS_FROM else _DEFLATED
    head = bytes((FORMAT, kind)) + generation + made.to_bytes(4, "big")
    if kind == _PLAIN:
        return head + payload
    if len(payload) < APART_FROM:
        return head + zlib.compress(payload, 1)
    return head + await asyncio.to_thread(zlib.compress, payload, 1)


async def _unpacked(packed: bytes) -> bytes | None:
    """The payload; None where somebody else's bytes lie under our key."""
    if len(packed) < _HEAD:
        return None
    if packed[1] == _PLAIN:
        return packed[_HEAD:]
    if len(packed) < APART_FROM // 8:
        return _inflated(packed)
    return await asyncio.to_thread(_inflated, packed)


def _inflated(packed: bytes) -> bytes | None:
    inflater = zlib.decompressobj()
    try:
        payload = inflater.decompress(packed[_HEAD:], MAX_PAYLOAD)
    except zlib.error:
        return None
    return payload if inflater.eof else None
