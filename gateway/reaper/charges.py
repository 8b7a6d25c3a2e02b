"""From a configuration to what is to be reaped."""

import math
from collections.abc import Iterator

from gateway.cache.leader import Leader
from gateway.config.settings import Config, RemoteS3Settings, RemoteSwiftSettings
from gateway.reaper.reaper import Charge
from gateway.storage import Storage

LEAST_TERM = 60
"""Seconds for which a process leads at least."""


def charges(config: Config, storage: Storage) -> Iterator[Charge]:
    """All stores that are opened. An embedded one is held by one process; of those that share a remote one, one leads.

    Without a cache that they share all of them work at it, which does no harm.
    """
    term = max(LEAST_TERM, math.ceil(2 * config.reaper.interval))
    for name, store in storage.served.items():
        embedded = not isinstance(config.stores[name], RemoteS3Settings | RemoteSwiftSettings)
        leader = None
        if storage.shared is not None and not embedded:
            leader = Leader(storage.shared.cache, storage.shared.secret, f"reaper of {name}", term)
        yield Charge(name=name, store=store, embedded=embedded, leader=leader)
