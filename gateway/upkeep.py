"""What `portico cache` does."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path

from gateway.cache.base import Cache
from gateway.cache.entries import Entries
from gateway.cache.memcached import Memcached
from gateway.config import DEFAULT_DATA, Config
from gateway.config.settings import CacheSettings
from gateway.data import DataDirectory
from gateway.failures import CommandError, StartError
from gateway.storage import shared_by

MIB = 1024 * 1024

Statistics = Mapping[str, str]
"""What memcached answers to `stats`."""

_COLUMNS = ("server", "version", "up", "items", "memory", "hits", "misses", "hit rate", "evicted", "connections")


def stats(config: Config) -> list[str]:
    """The lines of a table over all servers. Raises `CommandError` where one does not answer."""
    return asyncio.run(_stats(_servers(config)))


def flush(config: Config, data: Path | None, *, everything: bool) -> list[str]:
    """Make everything that is cached worthless, or empty the servers; a line that says so. Raises `CommandError`."""
    settings = _servers(config)
    if everything:
        return asyncio.run(_empty(settings))
    return asyncio.run(_forget(settings, _key(config, settings, data)))


def _servers(config: Config) -> CacheSettings:
    if config.cache is None:
        raise CommandError(
            "the configuration has no `cache`; name its file with --config, or add `cache: {memcached: [...]}`"
        )
    if not config.cache.memcached:
        raise CommandError(
            "the cache lies in the gateway's own process, where no command reaches it: "
            "restart the gateway to empty it, or state servers as `cache.memcached`"
        )
    return config.cache


def _key(config: Config, settings: CacheSettings, data: Path | None) -> bytes:
    """The secret of the installation, as the running gateways have it."""
    if config.token_secret_file is not None:
        return config.token_secret_file.get_secret_value().encode()
    if settings.secret_file is not None:
        return b""
    directory = data or config.catalog() or DEFAULT_DATA
    try:
        key = DataDirectory(directory).kept_token_key()
    except StartError as error:
        raise CommandError(str(error)) from None
    if key is None:
        raise CommandError(
            f"{directory} holds no token.key; name the gateway's data directory with --data, "
            "or state a `cache.secret_file` that all gateways share"
        )
    return key


async def _stats(settings: CacheSettings) -> list[str]:
    cache = Memcached(settings.memcached)
    async with aclosing(cache):
        told = await cache.statistics()
    lines = _table([_COLUMNS, *(_row(address, statistics) for address, statistics in told.items())])
    if silent := [address for address, statistics in told.items() if statistics is None]:
        raise CommandError(f"no answer from {', '.join(silent)}; the gateways do without", lines)
    return lines


async def _forget(settings: CacheSettings, key: bytes) -> list[str]:
    shared = shared_by(settings, key)
    async with aclosing(shared.cache):
        await Entries(shared.cache, shared.secret, shared.ttl).flush()
        _check_told(shared.cache, f"what is cached there may be served for up to {shared.ttl} seconds more")
    return [f"forgotten: what the gateways of this configuration had cached on {_counted(settings)}"]


async def _empty(settings: CacheSettings) -> list[str]:
    cache = Memcached(settings.memcached)
    async with aclosing(cache):
        await cache.flush()
        _check_told(cache, "it is not empty")
    return [f"emptied: {_counted(settings)}"]


def _check_told(cache: Cache, outcome: str) -> None:
    if silent := [server.address for server in cache.health() if server.errors]:
        raise CommandError(f"no answer from {', '.join(silent)}; {outcome}")


def _counted(settings: CacheSettings) -> str:
    number = len(settings.memcached)
    return f"{number} server{'s' if number > 1 else ''}"


def _row(address: str, statistics: Statistics | None) -> Sequence[str]:
    if statistics is None:
        return address, "-", "no answer"
    hits, misses = _number(statistics, "get_hits"), _number(statistics, "get_misses")
    return (
        address,
        statistics.get("version", "-"),
        str(timedelta(seconds=_number(statistics, "uptime"))),
        str(_number(statistics, "curr_items")),
        f"{_number(statistics, 'bytes') // MIB} of {_number(statistics, 'limit_maxbytes') // MIB} MiB",
        str(hits),
        str(misses),
        f"{hits / (hits + misses):.0%}" if hits + misses else "-",
        str(_number(statistics, "evictions")),
        str(_number(statistics, "curr_connections")),
    )


def _number(statistics: Statistics, name: str) -> int:
    text = statistics.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns of equal width."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
