"""What of encrypted objects lies in the store inside, and what becomes of tampering there."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.encryption import MANAGED, SEAL, Encryption, Seal, seal_of
from gateway.core.errors import Corrupt, KeyRefused
from gateway.core.ranges import Span
from gateway.core.types import PropsChange
from gateway.layers.encrypted import Encrypted
from gateway.layers.encrypted.frames import FRAME, HEADER, TAG, frames_in, stored_size
from gateway.stores.catalog import Catalog, CatalogSettings
from tests.layers.encrypted.sealing import (
    KEY,
    LARGE,
    OLD,
    OTHER,
    SECRET,
    TEXT,
    assembled,
    files,
    layer,
    opened,
    put,
    read,
    segment,
)


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


async def test_the_etag_of_a_customers_object_tells_nothing_of_its_bytes(store: Encrypted) -> None:
    etags = {(await put(store, TEXT, how=SECRET)).etag for _ in range(2)}
    assert len(etags) == 2
    assert hashlib.md5(TEXT, usedforsecurity=False).hexdigest() not in etags
