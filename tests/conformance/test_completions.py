"""Completions of uploads that are asked for again, since their answers were lost."""

import asyncio
import time

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.versions import Versions
from gateway.core.conditions import ABSENT
from gateway.core.digest import Algorithm
from gateway.core.errors import ConditionFailed, NoSuchUpload
from gateway.core.parts import REMEMBERED
from gateway.core.store import Store
from gateway.core.types import Key, Meta, Props, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import Version, VersionQuery
from tests.conformance.tools import BUCKET, KEY, MISSING, NEW, OWNER, begun, names, open_uploads, put, read
from tests.support.bodies import Scripted

PARTS = [b"part one", b"part two"]
WHOLE = b"".join(PARTS)


async def test_a_completion_that_is_repeated_answers_the_same(store: Store, multipart: Multipart) -> None:
    props = Props(content_type="text/plain", user={"a": "b"}, system={"http:cache-control": "no-store"})
    upload = await multipart.create_upload(KEY, Put(props=props), checksum=Algorithm.CRC32C)
    refs = []
    for number, data in enumerate(PARTS, 1):
        part = await multipart.put_part(KEY, upload.id, number, Scripted([data]))
        refs.append(PartRef(number, part.etag, part.checksums))
    made = await multipart.complete_upload(KEY, upload.id, refs)
    for _ in range(2):
        assert await multipart.complete_upload(KEY, upload.id, refs) == made
    without_etags = [PartRef(ref.number) for ref in refs]
    assert await multipart.complete_upload(KEY, upload.id, without_etags) == made
    assert await store.stat(KEY) == made
    assert await read(store, KEY) == WHOLE


async def test_the_conditions_of_the_first_time_held(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    made = await multipart.complete_upload(KEY, upload, refs, when=ABSENT)
    assert await multipart.complete_upload(KEY, upload, refs, when=ABSENT) == made


async def test_a_completion_that_failed_is_none(store: Store, multipart: Multipart) -> None:
    await put(store, KEY)
    upload, refs = await begun(multipart, KEY, PARTS)
    for _ in range(2):
        with pytest.raises(ConditionFailed):
            await multipart.complete_upload(KEY, upload, refs, when=ABSENT)
    await multipart.complete_upload(KEY, upload, refs)


async def test_a_repeated_completion_changes_nothing(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    made = await multipart.complete_upload(KEY, upload, refs)
    await put(store, KEY, NEW)
    assert await multipart.complete_upload(KEY, upload, refs) == made
    assert await read(store, KEY) == NEW
    await store.delete(KEY)
    assert await multipart.complete_upload(KEY, upload, refs) == made
    assert await names(store) == []


async def test_other_parts_or_names_are_another_matter(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    await multipart.complete_upload(KEY, upload, refs)
    for others in (refs[:1], refs[::-1], [refs[0], PartRef(2, "0" * 32)], [refs[0], PartRef(2, "no hex")], []):
        with pytest.raises(NoSuchUpload):
            await multipart.complete_upload(KEY, upload, others)
    with pytest.raises(NoSuchUpload):
        await multipart.complete_upload(MISSING, upload, refs)
    with pytest.raises(NoSuchUpload):
        await multipart.abort_upload(KEY, upload)
    with pytest.raises(NoSuchUpload):
        await multipart.stat_upload(KEY, upload)


async def test_an_abort_is_not_undone(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    await multipart.abort_upload(KEY, upload)
    with pytest.raises(NoSuchUpload):
        await multipart.complete_upload(KEY, upload, refs)


async def test_a_completion_is_remembered_for_a_day(
    store: Store, multipart: Multipart, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, refs = await begun(multipart, KEY, PARTS)
    made = await multipart.complete_upload(KEY, upload, refs)
    now = time.time()
    for age, remembered in ((REMEMBERED - 60, True), (REMEMBERED + 60, False)):
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda age=age: now + age)
            patch.setattr(time, "time_ns", lambda age=age: int((now + age) * 1_000_000_000))
            later, later_refs = await begun(multipart, MISSING, PARTS)
            await multipart.complete_upload(MISSING, later, later_refs)  # has what is old forgotten
            if remembered:
                assert await multipart.complete_upload(KEY, upload, refs) == made
            else:
                with pytest.raises(NoSuchUpload):
                    await multipart.complete_upload(KEY, upload, refs)


async def test_it_goes_with_the_bucket(store: Store, multipart: Multipart) -> None:
    key = Key("doomed", "object")
    await store.create_bucket("doomed", BucketProps(owner=OWNER))
    upload, refs = await begun(multipart, key, PARTS)
    await multipart.complete_upload(key, upload, refs)
    await store.delete(key)
    await store.delete_bucket("doomed")
    await store.create_bucket("doomed", BucketProps(owner=OWNER))
    with pytest.raises(NoSuchUpload):
        await multipart.complete_upload(key, upload, refs)


async def test_one_version_comes_of_many_completions(store: Store, multipart: Multipart, versions: Versions) -> None:
    await versions.set_versioning(BUCKET, enabled=True)
    upload, refs = await begun(multipart, KEY, PARTS)
    metas = await asyncio.gather(*[multipart.complete_upload(KEY, upload, refs) for _ in range(8)])
    page = await versions.versions(BUCKET, VersionQuery())
    assert [row.meta for row in page.items if isinstance(row, Version)] == [metas[0]]
    assert metas == [metas[0]] * 8


async def test_completions_race_with_aborts(store: Store, multipart: Multipart) -> None:
    """Either the abort came first, and nobody completes, or it came too late, and all do."""
    for number in range(8):
        key = Key(BUCKET, f"place-{number}")
        upload, refs = await begun(multipart, key, PARTS)
        results = await asyncio.gather(
            *[multipart.complete_upload(key, upload, refs) for _ in range(number)],
            multipart.abort_upload(key, upload),
            *[multipart.complete_upload(key, upload, refs) for _ in range(8 - number)],
            return_exceptions=True,
        )
        made = [result for result in results if isinstance(result, Meta)]
        refused = [result for result in results if isinstance(result, NoSuchUpload)]
        assert (len(made), len(refused)) in {(8, 1), (0, 8)}
        assert made == made[:1] * len(made)
        assert await names(store, prefix=key.name) == ([key.name] if made else [])
    assert await open_uploads(multipart) == []
