import asyncio

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.errors import InvalidName, StoreError
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, PropsChange, Put
from gateway.core.uploads import PartRef, UploadQuery
from tests.conformance.tools import BUCKET, KEY, OLD, OWNER, assembled, names, open_uploads, put, read
from tests.support.bodies import Broken, Scripted, failing_at
from tests.support.names import BAD_BUCKETS, BAD_KEYS, ODD_KEYS


async def test_odd_names_are_kept_to_the_byte(store: Store) -> None:
    await asyncio.gather(*[keep(store, name) for name in ODD_KEYS])
    assert await names(store) == sorted(ODD_KEYS, key=str.encode)


async def keep(store: Store, name: str) -> None:
    """Use a name in every place that takes one."""
    key, copy, data = Key(BUCKET, name), Key("copies", name), name.encode()
    await store.create_bucket(copy.bucket, BucketProps(owner=OWNER))
    assert (await put(store, key, data)).key == key
    assert (await store.stat(key)).key == key
    assert await read(store, key) == data
    assert (await store.update(key, PropsChange(user={"a": "1"}))).key == key
    assert (await store.copy(key, copy, Copy())).key == copy
    assert await read(store, copy) == data
    assert (await store.delete(key)).existed
    assert not await ops.exists(store, key)
    assert (await store.copy(copy, key, Copy())).key == key
    assert await read(store, key) == data


async def test_odd_names_are_all_different(store: Store) -> None:
    await asyncio.gather(*[put(store, name, name.encode()) for name in ODD_KEYS])
    for name in ODD_KEYS:
        assert await read(store, name) == name.encode()
    assert len(await names(store)) == len(ODD_KEYS)
    deleted = await asyncio.gather(*[store.delete(Key(BUCKET, name)) for name in ODD_KEYS[::2]])
    assert all(result.existed for result in deleted)
    assert sorted(await names(store)) == sorted(ODD_KEYS[1::2])


async def test_odd_names_of_uploads_and_appends(store: Store, multipart: Multipart, appender: Append) -> None:
    async def keep_up(name: str) -> None:
        key = Key(BUCKET, name)
        assert (await assembled(multipart, key, [name.encode()])).key == key
        assert (await appender.append(key, BytesBody(b"!"), Put())).key == key
        assert await read(store, key) == name.encode() + b"!"

    await asyncio.gather(*[keep_up(name) for name in ODD_KEYS])


async def test_odd_names_of_renames(store: Store, renamer: Rename) -> None:
    await put(store, KEY, OLD)
    previous = KEY
    for name in ODD_KEYS:
        assert (await renamer.rename(previous, Key(BUCKET, name))).key == Key(BUCKET, name)
        previous = Key(BUCKET, name)
    assert await names(store) == [ODD_KEYS[-1]]
    assert await read(store, previous) == OLD


async def test_bad_names_are_refused_by_every_method(store: Store) -> None:
    await put(store, KEY)
    for name in BAD_KEYS:
        key = Key(BUCKET, name)
        with pytest.raises(InvalidName):
            await store.stat(key)
        with pytest.raises(InvalidName):
            await read(store, key)
        with pytest.raises(InvalidName):
            await put(store, key)
        with pytest.raises(InvalidName):
            await store.update(key, PropsChange())
        with pytest.raises(InvalidName):
            await store.copy(KEY, key, Copy())
        with pytest.raises(InvalidName):
            await store.copy(key, KEY, Copy())
        with pytest.raises(InvalidName):
            await store.delete(key)
    assert await names(store) == [KEY.name]


async def test_bad_names_are_refused_before_the_body_is_read(store: Store) -> None:
    body = Scripted([OLD], failing_at(0))
    for name in BAD_KEYS:
        with pytest.raises(InvalidName):
            await store.put(Key(BUCKET, name), body, Put())
    with pytest.raises(Broken):
        await store.put(KEY, body, Put())


async def test_bad_names_of_uploads(store: Store, multipart: Multipart) -> None:
    await put(store, KEY)
    upload = (await multipart.create_upload(KEY, Put())).id
    for name in BAD_KEYS:
        key = Key(BUCKET, name)
        with pytest.raises(InvalidName):
            await multipart.create_upload(key, Put())
        with pytest.raises(InvalidName):
            await multipart.copy_part(KEY, upload, 1, key)
        with pytest.raises(StoreError):
            await multipart.stat_upload(key, upload)
        with pytest.raises(StoreError):
            await multipart.put_part(key, upload, 1, BytesBody(OLD))
        with pytest.raises(StoreError):
            await multipart.parts(key, upload)
        with pytest.raises(StoreError):
            await multipart.complete_upload(key, upload, [PartRef(1)])
        with pytest.raises(StoreError):
            await multipart.abort_upload(key, upload)
    assert [row.id for row in await open_uploads(multipart)] == [upload]


async def test_bad_names_of_appends(store: Store, appender: Append) -> None:
    for name in BAD_KEYS:
        with pytest.raises(InvalidName):
            await appender.append(Key(BUCKET, name), BytesBody(OLD), Put())
    assert await names(store) == []


async def test_bad_names_of_renames(store: Store, renamer: Rename) -> None:
    await put(store, KEY)
    for name in BAD_KEYS:
        with pytest.raises(InvalidName):
            await renamer.rename(KEY, Key(BUCKET, name))
        with pytest.raises(InvalidName):
            await renamer.rename(Key(BUCKET, name), KEY)
    assert await names(store) == [KEY.name]


async def test_bad_names_among_many(store: Store, batch: Batch) -> None:
    await put(store, KEY)
    results = await batch.delete_many(BUCKET, [*BAD_KEYS, KEY.name])
    assert [type(result) for result in results] == [InvalidName] * len(BAD_KEYS) + [Deleted]
    assert await names(store) == []


async def test_bad_names_of_buckets_are_refused_by_every_capability(
    store: Store, multipart: Multipart, renamer: Rename, batch: Batch, appender: Append
) -> None:
    await put(store, KEY)
    for name in BAD_BUCKETS:
        key = Key(name, "object")
        with pytest.raises(InvalidName):
            await multipart.create_upload(key, Put())
        with pytest.raises(InvalidName):
            await multipart.uploads(name, UploadQuery())
        with pytest.raises(InvalidName):
            await batch.delete_many(name, ["object"])
        with pytest.raises(InvalidName):
            await appender.append(key, BytesBody(OLD), Put())
        with pytest.raises(InvalidName):
            await renamer.rename(KEY, key)
        with pytest.raises(InvalidName):
            await renamer.rename_prefix(KEY, key)
        with pytest.raises(InvalidName):
            await renamer.rename_bucket(BUCKET, name)
        with pytest.raises(InvalidName):
            await renamer.rename_bucket(name, "other")
    assert [row.name for row in (await store.buckets(ListQuery())).items] == [BUCKET]
    assert await names(store) == [KEY.name]
