"""Encryption at rest: what lies in the store inside, what becomes of tampering, and which key opens what."""

import asyncio
import hashlib
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody, StreamBody
from gateway.core.capabilities import Multipart, find
from gateway.core.conditions import When
from gateway.core.encryption import BY_DEFAULT, MANAGED, SEAL, CustomerKey, Encryption, Seal, seal_of
from gateway.core.errors import BadRequest, ConditionFailed, Corrupt, KeyRefused, KeyRequired, Unavailable
from gateway.core.ranges import Extent, Span
from gateway.core.store import Reader, Store
from gateway.core.types import BucketProps, Copy, Key, ListQuery, Meta, PartRef, Props, PropsChange, Put
from gateway.layers.encrypted import Encrypted, MasterKeys, frames
from gateway.layers.encrypted.frames import FRAME, HEADER, TAG, frames_in, stored_size
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory

KEY, OTHER = Key("bucket", "object"), Key("bucket", "other")
SECRET, WRONG = CustomerKey(bytes(range(32))), CustomerKey(bytes(32))
TEXT = b"these words are for nobody else. "
LARGE = TEXT * (3 * FRAME // len(TEXT))
OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


def layer(inner: Store, keys: dict[str, bytes] = OLD, *, default: bool = True) -> Encrypted:
    return Encrypted(inner, MasterKeys(keys, next(reversed(keys))), default=default)


@asynccontextmanager
async def opened(path: Path, keys: dict[str, bytes] = OLD, *, default: bool = True) -> AsyncIterator[Encrypted]:
    """Over a catalog whose bytes all lie in files."""
    store = layer(Catalog(CatalogSettings(path=path, inline_max=0)), keys, default=default)
    await store.start()
    try:
        await store.create_bucket("bucket", BucketProps(owner="owner"))
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def store() -> Encrypted:
    """Encrypts what asks for it."""
    store = layer(Memory(), default=False)
    await store.create_bucket("bucket", BucketProps(owner="owner"))
    return store


async def put(store: Store, data: bytes, key: Key = KEY, how: Encryption | None = None) -> Meta:
    return await store.put(key, BytesBody(data), Put(encryption=how))


async def read(store: Store, key: Key = KEY, span: Span | None = None, secret: CustomerKey | None = None) -> bytes:
    async with store.open(key, span=span, when=When(secret=secret)) as reader:
        assert reader.regions() is None or SEAL not in reader.meta.props.system
        return b"".join([chunk async for chunk in reader.chunks()])


async def assembled(store: Encrypted, parts: dict[int, bytes], how: Encryption = MANAGED) -> Meta:
    secret = how if isinstance(how, CustomerKey) else None
    upload = await store.create_upload(KEY, Put(encryption=how))
    made = [
        await store.put_part(KEY, upload.id, number, BytesBody(data), secret=secret) for number, data in parts.items()
    ]
    return await store.complete_upload(KEY, upload.id, [PartRef(part.number, part.etag) for part in made])


def files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file())


def segment(path: Path) -> Path:
    """The one file that holds bytes."""
    (found,) = (file for file in (path / "volumes").rglob("*") if file.is_file())
    return found


@pytest.mark.parametrize("how", (MANAGED, SECRET))
async def test_nothing_of_what_was_written_lies_on_the_disk(tmp_path: Path, how: Encryption) -> None:
    async with opened(tmp_path, default=False) as store:
        await put(store, TEXT, how=how)
        await put(store, LARGE, OTHER, how)
        await assembled(store, {1: LARGE, 2: TEXT}, how)
        inline = layer(Catalog(CatalogSettings(path=tmp_path / "inline")))
        await inline.start()
        await inline.create_bucket("bucket", BucketProps(owner="owner"))
        await put(inline, TEXT)
        await inline.aclose()
        for file in files(tmp_path):
            held = file.read_bytes()
            assert TEXT[:16] not in held, file
            assert SECRET.secret not in held, file
            assert OLD["old"] not in held, file


async def test_without_encryption_the_same_words_lie_there(tmp_path: Path) -> None:
    async with opened(tmp_path, default=False) as store:
        await put(store, LARGE)
        assert LARGE in segment(tmp_path).read_bytes()


@pytest.mark.parametrize("size", (0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 9 * FRAME + 5))
async def test_sizes_digests_and_counters_are_of_the_plain_bytes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    async with opened(tmp_path) as store:
        meta = await put(store, data)
        assert segment(tmp_path).stat().st_size == stored_size(size)
        assert (meta.size, meta.etag) == (size, hashlib.md5(data, usedforsecurity=False).hexdigest())
        assert (await store.list("bucket", ListQuery())).items == (await store.stat(KEY),)
        bucket = await store.stat_bucket("bucket")
        assert (bucket.objects, bucket.bytes) == (1, size)
        assert await read(store) == data


async def test_two_objects_of_the_same_bytes_look_different(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, LARGE)
        await put(store, LARGE, OTHER)
        first, second = (file.read_bytes() for file in (tmp_path / "volumes").rglob("*") if file.is_file())
        assert not {first[at : at + 16] for at in range(0, len(first), 16)} & {
            second[at : at + 16] for at in range(0, len(second), 16)
        }


def places(size: int) -> dict[str, int]:
    """A byte of each region of a run of `size` bytes."""
    sealed = FRAME + TAG
    return {
        "number": 0,
        "number's end": 1,
        "salt": 2,
        "salt's end": HEADER - 1,
        "first frame": HEADER,
        "first tag": HEADER + FRAME,
        "second frame": HEADER + sealed + 100,
        "second tag": HEADER + 2 * sealed - 1,
        "last frame": HEADER + (frames_in(size) - 1) * sealed,
        "last tag": stored_size(size) - 1,
    }


@pytest.mark.parametrize("place", places(len(LARGE)))
async def test_a_changed_byte_is_found_wherever_it_lies(tmp_path: Path, place: str) -> None:
    async with opened(tmp_path) as store:
        await put(store, LARGE)
        file, at = segment(tmp_path), places(len(LARGE))[place]
        data = bytearray(file.read_bytes())
        data[at] ^= 1
        file.write_bytes(data)
        with pytest.raises(Corrupt):
            await read(store)
        for start in range(0, len(LARGE), FRAME // 2):
            try:
                assert await read(store, span=Span(start, start + 99)) == LARGE[start : start + 100]
            except Corrupt:
                touched = at < HEADER or (at - HEADER) // (FRAME + TAG) in {
                    start // FRAME,
                    min(start + 99, len(LARGE) - 1) // FRAME,
                }
                assert touched


async def test_frames_are_held_to_their_places(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, LARGE)
        file, sealed = segment(tmp_path), FRAME + TAG
        whole = file.read_bytes()
        head, first, second = whole[:HEADER], whole[HEADER:][:sealed], whole[HEADER + sealed :][:sealed]
        rest = whole[HEADER + 2 * sealed :]
        for changed in (second + first, first + first, second + second):
            file.write_bytes(head + changed + rest)
            with pytest.raises(Corrupt):
                await read(store)


async def test_bytes_and_seals_of_two_objects_cannot_be_swapped(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, LARGE)
        await put(store, LARGE[::-1], OTHER)
    with sqlite3.connect(tmp_path / "catalog.sqlite") as db:
        contents = dict(db.execute("SELECT name, content FROM objects"))
        for name, other in ((KEY.name, OTHER.name), (OTHER.name, KEY.name)):
            db.execute("UPDATE objects SET content = ? WHERE name = ?", (contents[other], name))
    async with opened(tmp_path) as store:
        for key in (KEY, OTHER):
            with pytest.raises(Corrupt):
                await read(store, key)


async def test_a_seal_that_was_changed_opens_nothing(store: Encrypted) -> None:
    for how in (MANAGED, SECRET):
        meta = await put(store, TEXT, how=how)
        seal = seal_of(meta.props.system)
        assert seal is not None
        flipped = bytes((seal.wrapped[0] ^ 1, *seal.wrapped[1:]))
        changed = (
            str(Seal(seal.content, flipped, seal.key, seal.proof)),
            str(Seal(seal.content[::-1], seal.wrapped, seal.key, seal.proof)),
            "nonsense",
            "2:" + str(seal).partition(":")[2],
            "1:::" + str(seal).rpartition(":")[2],
        )
        for text in changed:
            await store.update(KEY, PropsChange(system={SEAL: text}))
            with pytest.raises((Corrupt, KeyRefused)):
                await read(store, secret=SECRET if how is SECRET else None)


async def test_parts_of_an_upload_stay_in_their_order(tmp_path: Path) -> None:
    parts = {1: LARGE, 4: LARGE[::-1], 9: bytes(len(LARGE))}
    async with opened(tmp_path) as store:
        await assembled(store, parts)
        assert await read(store) == b"".join(parts.values())
    with sqlite3.connect(tmp_path / "catalog.sqlite") as db:
        (first, one), (second, two), _ = db.execute("SELECT offset, segment FROM extents ORDER BY offset").fetchall()
        db.execute("UPDATE extents SET segment = ? WHERE offset = ?", (two, first))
        db.execute("UPDATE extents SET segment = ? WHERE offset = ?", (one, second))
    async with opened(tmp_path) as store:
        with pytest.raises(Corrupt):
            await read(store)


async def test_ranges_across_parts_of_all_sizes(store: Encrypted) -> None:
    sizes = (0, 1, FRAME, FRAME + 1, 2 * FRAME - 1, 0, 7)
    parts = {number: os.urandom(size) for number, size in enumerate(sizes, 1)}
    whole = b"".join(parts.values())
    for how in (MANAGED, SECRET):
        secret = SECRET if how is SECRET else None
        meta = await assembled(store, parts, how)
        assert (meta.size, meta.etag.partition("-")[2]) == (len(whole), str(len(sizes)))
        assert await read(store, secret=secret) == whole
        borders = [sum(sizes[:number]) for number in range(len(sizes))] + [FRAME, 2 * FRAME, len(whole) - 1]
        for start in borders:
            for first in (max(0, start - 1), start):
                for length in (1, 2, FRAME + 2):
                    wanted = whole[first : first + length]
                    if wanted:
                        assert await read(store, span=Span(first, first + length - 1), secret=secret) == wanted


async def test_a_range_reads_no_more_than_its_frames() -> None:
    inner = Memory()
    store = layer(inner)
    await store.create_bucket("bucket", BucketProps(owner="owner"))
    await put(store, LARGE * 10)
    async with inner.open(KEY) as reader:
        seen: list[int] = []
        plain = type(reader).stored

        def counted(self: Reader, extent: Extent) -> AsyncIterator[bytes]:
            seen.append(len(extent))
            return plain(self, extent)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(reader), "stored", counted)
            await read(store, span=Span(5 * FRAME + 10, 5 * FRAME + 20))
    assert sum(seen) == HEADER + FRAME + TAG


async def test_large_bodies_are_sealed_and_opened_in_threads(store: Encrypted, monkeypatch: pytest.MonkeyPatch) -> None:
    where: set[tuple[str, bool]] = set()

    def watched(name: str) -> object:
        original = getattr(frames.Frames, name)

        def call(self: frames.Frames, data: memoryview, number: int, *, last: bool) -> bytes:
            where.add((name, threading.current_thread() is threading.main_thread()))
            return bytes(original(self, data, number, last=last))

        return call

    for name in ("seal", "open"):
        monkeypatch.setattr(frames.Frames, name, watched(name))
    data = os.urandom(64 * FRAME)
    await put(store, data, how=MANAGED)
    assert await read(store) == data
    assert {("seal", False), ("open", False)} <= where


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


async def test_the_etag_of_a_customers_object_tells_nothing_of_its_bytes(store: Encrypted) -> None:
    etags = {(await put(store, TEXT, how=SECRET)).etag for _ in range(2)}
    assert len(etags) == 2
    assert hashlib.md5(TEXT, usedforsecurity=False).hexdigest() not in etags


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


async def test_renames_keep_what_they_move_readable(store: Encrypted) -> None:
    await put(store, LARGE, Key("bucket", "dir/a"), MANAGED)
    await ops.rename(store, Key("bucket", "dir/a"), Key("bucket", "dir/b"))
    await ops.rename_prefix(store, Key("bucket", "dir/"), Key("bucket", "new/"))
    assert await read(store, Key("bucket", "new/b")) == LARGE


async def test_appends_keep_an_object_encrypted(store: Encrypted) -> None:
    await put(store, TEXT, how=MANAGED)
    meta = await ops.append(store, KEY, BytesBody(LARGE), Put())
    assert (meta.size, SEAL in meta.props.system) == (len(TEXT + LARGE), True)
    assert await read(store) == TEXT + LARGE
    await put(store, TEXT, how=SECRET)
    with pytest.raises(KeyRequired):
        await ops.append(store, KEY, BytesBody(LARGE), Put())
    assert await read(store, secret=SECRET) == TEXT


async def test_plain_bytes_never_come_to_lie_behind_encrypted_ones(store: Encrypted) -> None:
    """The object is encrypted by another writer while more of the plain one comes in, and has the same ETag."""
    await put(store, TEXT)

    async def slow() -> AsyncIterator[bytes]:
        await put(store, TEXT, how=MANAGED)
        yield TEXT

    with pytest.raises(ConditionFailed):
        await ops.append(store, KEY, StreamBody(slow()), Put())
    assert await read(store) == TEXT


async def test_the_bucket_or_the_store_decides_where_nobody_else_does(store: Encrypted) -> None:
    assert SEAL not in (await put(store, TEXT)).props.system
    await store.update_bucket("bucket", PropsChange(system={BY_DEFAULT: "AES256"}))
    assert SEAL in (await put(store, TEXT)).props.system
    assert SEAL in (await ops.append(store, OTHER, BytesBody(TEXT), Put())).props.system
    assert SEAL in (await store.create_upload(KEY, Put())).props.system
    assert SEAL in (await put(layer(store.inner), TEXT)).props.system


async def test_objects_from_before_stay_readable_with_everything_that_readers_have(tmp_path: Path) -> None:
    async with opened(tmp_path, default=False) as store:
        await put(store, LARGE)
    async with opened(tmp_path) as store:
        async with store.open(KEY) as reader:
            assert reader.regions() is not None
        assert await read(store) == LARGE


async def test_a_reader_keeps_its_object_while_that_is_replaced(store: Encrypted) -> None:
    parts = {1: LARGE, 2: TEXT}
    await assembled(store, parts)
    async with store.open(KEY) as reader:
        await put(store, TEXT, how=MANAGED)
        assert b"".join([chunk async for chunk in reader.chunks()]) == LARGE + TEXT


async def test_an_object_that_is_replaced_while_it_is_opened_is_one_or_the_other(store: Encrypted) -> None:
    async def replaced() -> None:
        for number in range(30):
            await asyncio.sleep(0)
            if number % 2:
                await put(store, TEXT, how=MANAGED)
            else:
                await assembled(store, {1: LARGE, 2: TEXT})

    await put(store, TEXT, how=MANAGED)
    writing = asyncio.create_task(replaced())
    while not writing.done():
        assert await read(store) in {TEXT, LARGE + TEXT}
        await asyncio.sleep(0)
    await writing


async def test_parts_need_the_key_of_their_upload(store: Encrypted) -> None:
    upload = await store.create_upload(KEY, Put(encryption=SECRET))
    with pytest.raises(KeyRequired):
        await store.put_part(KEY, upload.id, 1, BytesBody(TEXT))
    with pytest.raises(KeyRefused):
        await store.put_part(KEY, upload.id, 1, BytesBody(TEXT), secret=WRONG)
    plain = await store.create_upload(KEY, Put())
    with pytest.raises(BadRequest):
        await store.put_part(KEY, plain.id, 1, BytesBody(TEXT), secret=SECRET)


async def test_a_part_is_copied_from_an_encrypted_object(store: Encrypted) -> None:
    await put(store, LARGE, OTHER, SECRET)
    upload = await store.create_upload(KEY, Put())
    opening = When(secret=SECRET)
    part = await store.copy_part(KEY, upload.id, 1, OTHER, span=Span(10, FRAME + 10), when=opening)
    await store.complete_upload(KEY, upload.id, [PartRef(1, part.etag)])
    assert await read(store) == LARGE[10 : FRAME + 11]


async def test_the_layer_says_what_it_can(store: Encrypted) -> None:
    assert store.caps.encryption
    assert find(store, Multipart) is store
