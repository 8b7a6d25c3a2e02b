"""Which key opens what, and by which one what is written is encrypted."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import When
from gateway.core.encryption import BY_DEFAULT, MANAGED, SEAL, Encryption, Managed, Seal, seal_of
from gateway.core.errors import BadRequest, Corrupt, KeyRefused, KeyRequired, NoSuchKey, Unavailable
from gateway.core.types import Copy, Key, Meta, Props, PropsChange, Put
from gateway.layers.encrypted import Encrypted
from gateway.stores.memory import Memory
from tests.layers.encrypted.sealing import (
    KEY,
    LARGE,
    NEW,
    OLD,
    OTHER,
    SECRET,
    TEXT,
    WRONG,
    files,
    layer,
    opened,
    put,
    read,
)

NAMED = Managed("old", service=True)
BOTH = {**OLD, **NEW}
"""The current one is the new one."""


async def test_a_customers_key_is_asked_for(store: Encrypted) -> None:
    await put(store, TEXT, how=SECRET)
    assert await read(store, secret=SECRET) == TEXT
    with pytest.raises(KeyRequired):
        await read(store)
    with pytest.raises(KeyRefused):
        await read(store, secret=WRONG)
    for how in (None, MANAGED):
        await put(store, TEXT, OTHER, how)
        with pytest.raises(BadRequest):
            await read(store, OTHER, secret=SECRET)


async def test_old_keys_open_what_they_have_locked_and_new_ones_lock(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, TEXT)
    async with opened(tmp_path, {**OLD, **NEW}) as store:
        assert await read(store) == TEXT
        await put(store, LARGE, OTHER)
        seals = [seal_of((await store.stat(key)).props.system) for key in (KEY, OTHER)]
        assert [seal.key for seal in seals if seal] == ["old", "new"]
    async with opened(tmp_path, NEW) as store:
        assert await read(store, OTHER) == LARGE
        with pytest.raises(Unavailable) as caught:
            await read(store)
        assert not caught.value.retryable
    async with opened(tmp_path, {"old": bytes(32)}) as store:
        with pytest.raises(Corrupt):
            await read(store)


async def test_a_copy_onto_itself_that_asks_for_encryption_replaces_an_old_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, LARGE)
    async with opened(tmp_path, {**OLD, **NEW}) as store:
        assert (await store.copy(KEY, OTHER, Copy())).props.system == (await store.stat(KEY)).props.system
        seal = seal_of((await store.copy(KEY, KEY, Copy(encryption=MANAGED))).props.system)
        assert seal is not None
        assert seal.key == "new"
    async with opened(tmp_path, NEW) as store:
        assert await read(store) == LARGE


async def test_a_lost_key_is_named_in_the_log(store: Encrypted, caplog: pytest.LogCaptureFixture) -> None:
    await put(store, TEXT, how=MANAGED)
    with pytest.raises(Unavailable):
        await read(layer(store.inner, NEW))
    assert "'old'" in caplog.text


async def test_copies_by_the_same_key_move_no_bytes(tmp_path: Path) -> None:
    async with opened(tmp_path, default=False) as store:
        kinds: tuple[Encryption, ...] = (MANAGED, SECRET)
        for number, how in enumerate(kinds):
            secret = SECRET if how is SECRET else None
            source, target = Key("bucket", f"from {number}"), Key("bucket", f"to {number}")
            await put(store, LARGE, source, how)
            before = set(files(tmp_path / "volumes"))
            await store.copy(source, target, Copy(encryption=how, source_when=When(secret=secret), props=Props()))
            assert set(files(tmp_path / "volumes")) == before
            assert await read(store, target, secret=secret) == LARGE


async def test_copies_to_another_key_are_encrypted_anew(store: Encrypted) -> None:
    meta = await put(store, LARGE, how=SECRET)
    opening = When(secret=SECRET)
    copy = await store.copy(KEY, OTHER, Copy(encryption=WRONG, source_when=opening))
    assert copy.props.system[SEAL] != meta.props.system[SEAL]
    assert await read(store, OTHER, secret=WRONG) == LARGE
    plain = await store.copy(KEY, OTHER, Copy(source_when=opening))
    assert (SEAL in plain.props.system, await read(store, OTHER)) == (False, LARGE)
    with pytest.raises(KeyRequired):
        await store.copy(KEY, OTHER, Copy(encryption=MANAGED))


async def test_a_seal_does_not_come_along_with_properties(store: Encrypted) -> None:
    """As when a writer states all that another object has."""
    sealed = await put(store, TEXT, how=MANAGED)
    for how in (None, MANAGED):
        meta = await store.put(OTHER, BytesBody(LARGE), Put(props=sealed.props, encryption=how))
        assert meta.props.system.get(SEAL) != sealed.props.system[SEAL]
        assert await read(store, OTHER) == LARGE


async def test_the_bucket_or_the_store_decides_where_nobody_else_does(store: Encrypted) -> None:
    assert SEAL not in (await put(store, TEXT)).props.system
    await store.update_bucket("bucket", PropsChange(system={BY_DEFAULT: "AES256"}))
    assert SEAL in (await put(store, TEXT)).props.system
    assert SEAL in (await ops.append(store, OTHER, BytesBody(TEXT), Put())).props.system
    assert SEAL in (await store.create_upload(KEY, Put())).props.system
    assert SEAL in (await put(layer(store.inner), TEXT)).props.system


async def test_parts_need_the_key_of_their_upload(store: Encrypted) -> None:
    upload = await store.create_upload(KEY, Put(encryption=SECRET))
    with pytest.raises(KeyRequired):
        await store.put_part(KEY, upload.id, 1, BytesBody(TEXT))
    with pytest.raises(KeyRefused):
        await store.put_part(KEY, upload.id, 1, BytesBody(TEXT), secret=WRONG)
    plain = await store.create_upload(KEY, Put())
    with pytest.raises(BadRequest):
        await store.put_part(KEY, plain.id, 1, BytesBody(TEXT), secret=SECRET)


async def both() -> Encrypted:
    store = layer(Memory(), BOTH)
    await store.create_bucket("bucket", BucketProps(owner="owner"))
    return store


def seal(meta: Meta) -> Seal:
    found = seal_of(meta.props.system)
    assert found is not None
    return found


async def test_a_key_that_is_named_stays_with_what_is_made_of_the_object() -> None:
    store = await both()
    made = [
        await put(store, TEXT, how=NAMED),
        await store.copy(KEY, OTHER, Copy()),
        await ops.append(store, KEY, BytesBody(LARGE), Put()),
        await ops.rename(store, KEY, Key("bucket", "renamed")),
    ]
    assert [seal(meta).how for meta in made] == [NAMED] * 4
    assert await read(store, Key("bucket", "renamed")) == TEXT + LARGE
    asked = await store.copy(OTHER, OTHER, Copy(encryption=Managed(service=True)))
    assert seal(asked).how == Managed("new", service=True)


async def test_a_buckets_key_goes_before_that_of_the_store() -> None:
    store = await both()
    assert seal(await put(store, TEXT)).how == MANAGED
    await store.update_bucket("bucket", PropsChange(system={BY_DEFAULT: NAMED.pack()}))
    assert seal(await put(store, TEXT)).how == NAMED
    assert seal(await put(store, TEXT, how=MANAGED)).how == MANAGED


async def test_a_key_that_there_is_not_is_refused(store: Encrypted) -> None:
    unknown = Managed("new", service=True)
    for attempt in (
        put(store, TEXT, how=unknown),
        store.create_upload(KEY, Put(encryption=unknown)),
        store.update_bucket("bucket", PropsChange(system={BY_DEFAULT: unknown.pack()})),
    ):
        with pytest.raises(BadRequest):
            await attempt
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert BY_DEFAULT not in (await store.stat_bucket("bucket")).system


async def test_how_a_key_was_asked_for_can_not_be_changed_in_the_seal(store: Encrypted) -> None:
    for how in (MANAGED, NAMED):
        found = seal(await put(store, TEXT, how=how))
        changed = replace(found, service=not found.service)
        await store.update(KEY, PropsChange(system={SEAL: str(changed)}))
        with pytest.raises(Corrupt):
            await read(store)


@pytest.mark.parametrize("how", (MANAGED, Managed(service=True), NAMED))
def test_a_buckets_default_is_kept_as_it_was_stated(how: Managed) -> None:
    assert Managed.unpack(how.pack()) == how
