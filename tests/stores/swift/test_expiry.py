"""Objects that vanish, on a real Swift, which keeps their time and stops showing them itself."""

import time
from contextlib import suppress

import pytest

from gateway.core.conditions import SECOND
from gateway.core.errors import BadRequest, NoSuchKey
from gateway.core.expiry import NEVER
from gateway.core.store import Store
from gateway.core.types import Copy, Key, Props, PropsChange, Put
from gateway.layers.segmented.sweep import sweep
from tests.conformance.tools import BUCKET, KEY, put, read
from tests.stores.swift.conftest import Direct, inner
from tests.stores.swift.test_large import LARGE, unsized
from tests.support.waiting import eventually

LATER = (time.time_ns() // SECOND + 86_400) * SECOND


async def put_soon_gone(store: Store, *, changed: bool) -> None:
    """A large object whose time comes soon, or later, if it would be past before the upload has ended."""
    if changed:
        await store.put(KEY, unsized(LARGE), Put())
    for seconds in (2, 10):
        expires = (time.time_ns() // SECOND + seconds) * SECOND
        with suppress(BadRequest):
            if changed:
                await store.update(KEY, PropsChange(expires=expires))
            else:
                await store.put(KEY, unsized(LARGE), Put(props=Props(expires=expires)))
            return
    raise AssertionError("Swift takes none of these times")


async def is_gone(store: Store) -> bool:
    try:
        await store.stat(KEY)
    except NoSuchKey:
        return True
    return False


async def test_the_time_is_swifts_own(store: Store, direct: Direct) -> None:
    written = await put(store, KEY, props=Props(expires=LATER + 5))
    assert written.expires == (await store.stat(KEY)).expires == LATER + 5
    told = (await direct("HEAD", f"/{BUCKET}/{KEY.name}"))[1]["X-Delete-At"]
    assert told == str(LATER // SECOND + 1)
    await direct("POST", f"/{BUCKET}/{KEY.name}", X_Delete_At=str(LATER // SECOND + 9))
    assert (await store.stat(KEY)).expires == LATER + 9 * SECOND
    copy = await store.copy(KEY, Key(BUCKET, "copy"), Copy())
    assert copy.expires == LATER + 9 * SECOND
    assert (await store.update(KEY, PropsChange(expires=NEVER))).expires is None
    assert "X-Delete-At" not in (await direct("HEAD", f"/{BUCKET}/{KEY.name}"))[1]


@pytest.mark.parametrize("changed", (False, True), ids=("written so", "changed to it"))
async def test_a_large_object_that_vanishes_leaves_no_segments(store: Store, direct: Direct, *, changed: bool) -> None:
    await put_soon_gone(store, changed=changed)
    upstream = inner(store)
    await eventually(lambda: is_gone(store))
    assert await direct.segments() != []
    await sweep(upstream, upstream, 0)
    assert await direct.segments() == []


async def test_a_large_object_that_is_to_stay_after_all_keeps_its_segments(store: Store, direct: Direct) -> None:
    await store.put(KEY, unsized(LARGE), Put(props=Props(expires=LATER)))
    upstream = inner(store)
    for change in (PropsChange(), PropsChange(expires=LATER + SECOND), PropsChange(expires=NEVER), PropsChange()):
        await store.update(KEY, change)
        await sweep(upstream, upstream, 0)
        assert await read(store, KEY) == LARGE
    await store.delete(KEY)
    assert await direct.segments() == []
