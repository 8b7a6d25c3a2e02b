"""What the tests of locks share."""

import pytest

from gateway.core.capabilities.versions import Versions
from gateway.core.errors import Locked, NoSuchVersion
from gateway.core.locks import LEGAL_HOLD, RETENTION, BucketLock, DefaultRetention, Mode, Retention, Unit, retention_of
from gateway.core.store import Store
from gateway.core.types import Key, Meta, Props
from gateway.core.versions import VersionRef
from tests.conformance.tools import BUCKET, KEY

GOVERNANCE, COMPLIANCE = Mode.GOVERNANCE, Mode.COMPLIANCE
FOR_A_DAY = BucketLock(DefaultRetention(GOVERNANCE, 1, Unit.DAYS))
PLAIN = "plain"
"""A bucket without locks."""
UNKNOWN = "0" * 32
OTHER = Key(BUCKET, "other")


def id_of(meta: Meta) -> str:
    assert meta.version is not None
    return meta.version


def kept(meta: Meta) -> Retention | None:
    return retention_of(meta.props.system)


def held(meta: Meta) -> str | None:
    return meta.props.system.get(LEGAL_HOLD)


def locked_props(retention: Retention | None = None, hold: str | None = None) -> Props:
    stated = {} if retention is None else {RETENTION: retention.pack()}
    return Props(system=stated if hold is None else {**stated, LEGAL_HOLD: hold})


async def is_there(store: Store, key: Key, version: str) -> bool:
    try:
        await store.stat(key, version)
    except NoSuchVersion:
        return False
    return True


async def refused(store: Store, versions: Versions, version: str, key: Key = KEY) -> None:
    """See that no way to remove a version gets past its lock."""
    with pytest.raises(Locked):
        await store.delete(key, version)
    (outcome,) = await versions.delete_versions(key.bucket, [VersionRef(key.name, version)])
    assert isinstance(outcome, Locked)
    assert await is_there(store, key, version)
