import pytest

from gateway.core.body import BytesBody
from gateway.core.errors import InvalidName, StoreError
from gateway.core.store import Append, Batch, Multipart, Rename, Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, PartRef, PropsChange, Put, UploadQuery
from tests.conformance.tools import BUCKET, KEY, OLD, assembled, names, open_uploads, put, read
from tests.support.bodies import Broken, Scripted, failing_at
from tests.support.names import BAD_BUCKETS, BAD_KEYS, ODD_KEYS

TARGET = Key(BUCKET, "target")

odd = pytest.mark.parametrize("name", ODD_KEYS, ids=lambda name: ascii(name[:30]))
bad = pytest.mark.parametrize("name", BAD_KEYS, ids=lambda name: ascii(name[:30]))


@odd
async def test_an_odd_name_is_kept_to_the_byte(store: Store, name: str) -> None:
    key = Key(BUCKET, name)
    data = name.encode()
    assert (await put(store, key, data)).key == key
    assert (await store.stat(key)).key == key
    assert await read(store, key) == data
    assert await names(store) == [name]
    assert (await store.update(key, PropsChange(user={"a": "1"}))).key == key
    assert (await store.copy(key, TARGET, Copy())).key == TARGET
    assert await read(store, TARGET) == data
    assert (await store.delete(key)).existed
    assert (await store.copy(TARGET, key, Copy())).key == key
    assert await read(store, key) == data


async def test_odd_names_are_all_different(store: Store) -> None:
    for name in ODD_KEYS:
        await put(store, name, name.encode())
    for name in ODD_KEYS:
        assert await read(store, name) == name.encode()
    assert len(await names(store)) == len(ODD_KEYS)
    for name in ODD_KEYS[::2]:
        assert (await store.delete(Key(BUCKET, name))).existed
    assert sorted(await names(store)) == sorted(ODD_KEYS[1::2])


async def test_odd_names_of_uploads_and_appends(store: Store, multipart: Multipart, appender: Append) -> None:
    for name in ODD_KEYS:
        key = Key(BUCKET, name)
        assert (await assembled(multipart, key, [name.encode()])).key == key
        assert (await appender.append(key, BytesBody(b"!"), Put())).key == key
        assert await read(store, key) == name.encode() + b"!"


async def test_odd_names_of_renames(store: Store, renamer: Rename) -> None:
    await put(store, KEY, OLD)
    previous = KEY
    for name in ODD_KEYS:
        assert (await renamer.rename(previous, Key(BUCKET, name))).key == Key(BUCKET, name)
        previous = Key(BUCKET, name)
    assert await names(store) == [ODD_KEYS[-1]]
    assert await read(store, previous) == OLD


@bad
async def test_a_bad_name_is_refused_by_every_method(store: Store, name: str) -> None:
    await put(store, KEY)
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


@bad
async def test_a_bad_name_is_refused_before_the_body_is_read(store: Store, name: str) -> None:
    body = Scripted([OLD], failing_at(0))
    with pytest.raises(InvalidName):
        await store.put(Key(BUCKET, name), body, Put())
    with pytest.raises(Broken):
        await store.put(KEY, body, Put())


@bad
async def test_a_bad_name_of_an_upload(store: Store, multipart: Multipart, name: str) -> None:
    await put(store, KEY)
    key = Key(BUCKET, name)
    upload = await multipart.create_upload(KEY, Put())
    with pytest.raises(InvalidName):
        await multipart.create_upload(key, Put())
    with pytest.raises(InvalidName):
        await multipart.copy_part(KEY, upload.id, 1, key)
    for call in (
        lambda: multipart.stat_upload(key, upload.id),
        lambda: multipart.put_part(key, upload.id, 1, BytesBody(OLD)),
        lambda: multipart.parts(key, upload.id),
        lambda: multipart.complete_upload(key, upload.id, [PartRef(1)]),
        lambda: multipart.abort_upload(key, upload.id),
    ):
        with pytest.raises(StoreError):
            await call()
    assert [row.id for row in await open_uploads(multipart)] == [upload.id]


@bad
async def test_a_bad_name_of_an_append(store: Store, appender: Append, name: str) -> None:
    with pytest.raises(InvalidName):
        await appender.append(Key(BUCKET, name), BytesBody(OLD), Put())
    assert await names(store) == []


@bad
async def test_a_bad_name_of_a_rename(store: Store, renamer: Rename, name: str) -> None:
    await put(store, KEY)
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


@pytest.mark.parametrize("name", BAD_BUCKETS, ids=ascii)
async def test_a_bad_name_of_a_bucket_is_refused_by_every_capability(
    store: Store, multipart: Multipart, renamer: Rename, batch: Batch, appender: Append, name: str
) -> None:
    await put(store, KEY)
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
