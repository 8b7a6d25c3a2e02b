"""Locks that new versions begin with."""

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Rename
from gateway.core.capabilities.versions import Locks, Versions
from gateway.core.errors import LocksOff, RetentionOver
from gateway.core.locks import OFF, ON, Retention
from gateway.core.store import Store
from gateway.core.types import Copy, Key, Props, Put
from gateway.core.uploads import PartRef
from tests.conformance.locked import (
    COMPLIANCE,
    FOR_A_DAY,
    GOVERNANCE,
    OTHER,
    PLAIN,
    held,
    id_of,
    kept,
    locked_props,
    refused,
)
from tests.conformance.tools import BUCKET, KEY, OWNER, begun, names, put
from tests.support.clock import DAY, SECOND, Clock

TAGGED = {"s3:tagging": "a=b"}


async def test_a_writer_states_locks(
    store: Store, locked: Locks, versions: Versions, multipart: Multipart, clock: Clock
) -> None:
    until = Retention(COMPLIANCE, clock.ahead(3 * DAY))
    props = locked_props(until, ON)
    await locked.set_lock(BUCKET, FOR_A_DAY)
    upload = await multipart.create_upload(Key(BUCKET, "parts"), Put(props=props))
    part = await multipart.put_part(upload.key, upload.id, 1, BytesBody(b"part"))
    made = [
        await put(store, "put", props=props),
        await store.copy(Key(BUCKET, "put"), Key(BUCKET, "copy"), Copy(props=props)),
        await multipart.complete_upload(upload.key, upload.id, [PartRef(1, part.etag)]),
    ]
    for meta in made:
        assert (kept(meta), held(meta)) == (until, ON)
        await refused(store, versions, id_of(meta), meta.key)


async def test_what_a_writer_can_not_state(store: Store, locked: Locks, multipart: Multipart, clock: Clock) -> None:
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    await put(store, KEY)
    later, over = (Retention(GOVERNANCE, clock() + step) for step in (DAY, -SECOND))
    for bucket, props, error in (
        (PLAIN, locked_props(later), LocksOff),
        (PLAIN, locked_props(hold=OFF), LocksOff),
        (BUCKET, locked_props(over), RetentionOver),
    ):
        key = Key(bucket, "stated")
        for attempt in (
            put(store, key, props=props),
            store.copy(KEY, key, Copy(props=props)),
            multipart.create_upload(key, Put(props=props)),
        ):
            with pytest.raises(error):
                await attempt
    assert await names(store, PLAIN) == []
    assert await names(store) == [KEY.name]


async def test_new_versions_have_the_retention_of_their_bucket(
    store: Store, locked: Locks, appender: Append, multipart: Multipart, clock: Clock
) -> None:
    old = await put(store, "old")
    upload, refs = await begun(multipart, Key(BUCKET, "parts"), [b"part"])
    await locked.set_lock(BUCKET, FOR_A_DAY)
    clock.let_pass(DAY)
    before = clock()
    made = [
        await put(store, "put"),
        await put(store, "held", props=locked_props(hold=ON)),
        await appender.append(Key(BUCKET, "appended"), BytesBody(b"new"), Put()),
        await appender.append(Key(BUCKET, "put"), BytesBody(b"more"), Put()),
        await multipart.complete_upload(Key(BUCKET, "parts"), upload, refs),
        await store.copy(old.key, Key(BUCKET, "copy"), Copy()),
        await store.copy(old.key, Key(BUCKET, "described"), Copy(props=Props(user={"a": "b"}))),
    ]
    after = clock()
    for meta in made:
        found = kept(meta)
        assert found is not None
        assert found.mode is GOVERNANCE
        assert before + DAY <= found.until <= after + DAY + SECOND
        assert kept(await store.stat(meta.key, meta.version)) == found
    assert kept(await store.stat(old.key, old.version)) is None


async def test_what_is_renamed_has_the_retention_of_its_bucket(
    store: Store, locked: Locks, renamer: Rename, clock: Clock
) -> None:
    old = await put(store, "old")
    await locked.set_lock(BUCKET, FOR_A_DAY)
    before = clock()
    found = kept(await renamer.rename(old.key, Key(BUCKET, "renamed")))
    assert found is not None
    assert before + DAY <= found.until <= clock() + DAY + SECOND
    assert kept(await store.stat(old.key, old.version)) is None


def described(clock: Clock) -> Props:
    """What a locked version has."""
    props = locked_props(Retention(COMPLIANCE, clock.ahead(DAY)), ON)
    return Props(user={"a": "b"}, system={**props.system, **TAGGED})


async def test_a_lock_is_of_one_version(
    store: Store, locked: Locks, versions: Versions, appender: Append, clock: Clock
) -> None:
    """What is made of a locked version begins unlocked, here and in a bucket without locks, and the version stays."""
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    for name in ("copied", "appended"):
        await put(store, name, props=described(clock))
    source = await store.stat(Key(BUCKET, "copied"))
    for meta in (
        await store.copy(source.key, OTHER, Copy()),
        await store.copy(source.key, Key(PLAIN, "copy"), Copy()),
        await appender.append(Key(BUCKET, "appended"), BytesBody(b"more"), Put()),
    ):
        assert (meta.props.user, dict(meta.props.system)) == ({"a": "b"}, TAGGED)
    assert await store.stat(source.key, source.version) == source
    await refused(store, versions, id_of(source), source.key)


async def test_what_is_renamed_begins_unlocked(store: Store, locked: Locks, renamer: Rename, clock: Clock) -> None:
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    for name in ("renamed", "moved", "dir/a", "dir/b"):
        await put(store, name, props=described(clock))
    made = [
        await renamer.rename(Key(BUCKET, "renamed"), Key(BUCKET, "new name")),
        await renamer.rename(Key(BUCKET, "moved"), Key(PLAIN, "moved")),
    ]
    assert await renamer.rename_prefix(Key(BUCKET, "dir/"), Key(PLAIN, "dir/")) == 2
    made += [await store.stat(Key(PLAIN, name)) for name in ("dir/a", "dir/b")]
    for meta in made:
        assert (meta.props.user, dict(meta.props.system)) == ({"a": "b"}, TAGGED)
