"""Conditions of reads and writes; that they hold at the commit is the matter of `test_races.py`."""

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Rename
from gateway.core.conditions import ABSENT, ANYTHING, When
from gateway.core.errors import ConditionFailed, NotModified, StoreError
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Copy, Key, PropsChange, Put
from tests.conformance.tools import BUCKET, KEY, MISSING, NEW, OLD, begun, md5, names, open_uploads, put, read
from tests.support.bodies import Broken, Scripted, failing_at

STATED = 1_000_000_000
OLD_TAG, OTHER_TAG = md5(OLD), md5(NEW)
TARGET = Key(BUCKET, "target")

HOLDS = (
    When(if_match=(OLD_TAG,)),
    When(if_match=(OTHER_TAG, OLD_TAG)),
    When(if_match=(ANYTHING,)),
    When(if_none_match=(OTHER_TAG,)),
    When(if_unmodified_since=STATED),
    When(if_match=(OLD_TAG,), if_unmodified_since=STATED - 1),
)
FAILS = (
    When(if_match=(OTHER_TAG,)),
    When(if_match=(OLD_TAG.upper(),)),
    When(if_match=(OTHER_TAG,), if_unmodified_since=STATED),
    When(if_unmodified_since=STATED - 1),
)
HAD = (
    When(if_none_match=(OLD_TAG,)),
    When(if_none_match=(OTHER_TAG, OLD_TAG)),
    When(if_none_match=(ANYTHING,)),
    When(if_match=(OLD_TAG,), if_none_match=(OLD_TAG,)),
)
"""The client has the object already: a reader is told so, a writer is refused."""

HOLDS_TO_READ = (
    *HOLDS,
    When(if_modified_since=STATED - 1),
    When(if_none_match=(OTHER_TAG,), if_modified_since=STATED),
)
SAME = (
    When(size=len(OLD)),
    When(modified=STATED),
    When(size=len(OLD), modified=STATED, if_match=(OLD_TAG,)),
)
OTHERS = (
    When(size=len(OLD) + 1),
    When(size=0),
    When(modified=STATED + 1),
    When(size=len(OLD), modified=STATED - 1),
    When(size=len(OLD), if_match=(OTHER_TAG,)),
)
"""Only writers have conditions on size and time."""

HOLDS_TO_WRITE = (*HOLDS, *SAME)
FAILS_TO_WRITE = (*FAILS, *HAD, *OTHERS)
HAD_TO_READ = (*HAD, When(if_modified_since=STATED))


async def stand(store: Store) -> None:
    """Have the object stand, since `STATED` and a little."""
    await store.put(KEY, BytesBody(OLD), Put(modified=STATED * 1_000_000_000 + 999_999_999))


@pytest.fixture
async def standing(store: Store) -> Store:
    """A store whose object stands since `STATED`."""
    await stand(store)
    return store


async def unchanged(store: Store) -> bool:
    return (await names(store), await read(store, KEY)) == ([KEY.name], OLD)


async def refuse_to_read(store: Store, when: When, error: type[StoreError]) -> None:
    with pytest.raises(error):
        await store.stat(KEY, when=when)
    with pytest.raises(error):
        async with store.open(KEY, when=when):
            pytest.fail("a read was let through")
    with pytest.raises(error):
        await store.copy(KEY, TARGET, Copy(source_when=when))
    assert await unchanged(store)


async def test_a_read_whose_condition_holds(standing: Store) -> None:
    for when in HOLDS_TO_READ:
        assert (await standing.stat(KEY, when=when)).etag == OLD_TAG
        async with standing.open(KEY, when=when) as reader:
            assert reader.meta.etag == OLD_TAG
        assert (await standing.copy(KEY, TARGET, Copy(source_when=when))).etag == OLD_TAG


async def test_a_read_whose_condition_fails(standing: Store) -> None:
    for when in FAILS:
        await refuse_to_read(standing, when, ConditionFailed)


async def test_a_read_of_what_the_client_has(standing: Store) -> None:
    for when in HAD_TO_READ:
        await refuse_to_read(standing, when, NotModified)


async def test_a_condition_goes_before_a_range(standing: Store) -> None:
    with pytest.raises(NotModified):
        async with standing.open(KEY, span=Span(1000), when=When(if_none_match=(OLD_TAG,))):
            pytest.fail("a read was let through")


async def test_a_write_whose_condition_holds(standing: Store) -> None:
    for when in HOLDS:
        await stand(standing)
        assert (await put(standing, KEY, NEW, when=when)).etag == OTHER_TAG
        assert await read(standing, KEY) == NEW


async def test_a_write_whose_condition_fails(standing: Store) -> None:
    for when in FAILS_TO_WRITE:
        with pytest.raises(ConditionFailed):
            await put(standing, KEY, NEW, when=when)
        with pytest.raises(ConditionFailed):
            await standing.put(KEY, Scripted([b"piece", b"by piece"]), Put(when=when))
        assert await unchanged(standing)


async def test_a_date_of_reads_is_no_matter_of_writes(standing: Store) -> None:
    await put(standing, KEY, NEW, when=When(if_modified_since=STATED))
    assert await read(standing, KEY) == NEW


async def test_a_write_where_nothing_stands(store: Store) -> None:
    with pytest.raises(ConditionFailed) as refused:
        await put(store, KEY, when=When(if_match=(ANYTHING,)))
    assert refused.value.missing
    with pytest.raises(ConditionFailed):
        await put(store, KEY, when=When(if_match=(OLD_TAG,)))
    assert await names(store) == []
    await put(store, KEY, when=When(if_unmodified_since=STATED))
    await store.delete(KEY)
    await put(store, KEY, when=ABSENT)
    with pytest.raises(ConditionFailed) as refused:
        await put(store, KEY, when=ABSENT)
    assert not refused.value.missing


async def test_what_the_body_dies_of_comes_before_or_after_but_nothing_changes(standing: Store) -> None:
    with pytest.raises((Broken, ConditionFailed)):
        await standing.put(KEY, Scripted([b"piece"], failing_at(1)), Put(when=ABSENT))
    assert await unchanged(standing)


async def test_an_update_and_a_delete_whose_condition_fails(standing: Store) -> None:
    for when in FAILS_TO_WRITE:
        with pytest.raises(ConditionFailed):
            await standing.update(KEY, PropsChange(user={"a": "1"}, when=when))
        with pytest.raises(ConditionFailed):
            await standing.delete(KEY, when=when)
        assert (await standing.stat(KEY)).props.user == {}


async def test_an_update_and_a_delete_whose_condition_holds(standing: Store) -> None:
    for when in HOLDS_TO_WRITE:
        await stand(standing)
        assert (await standing.update(KEY, PropsChange(user={"a": "1"}, when=when))).props.user == {"a": "1"}
        assert (await standing.delete(KEY, when=when)).existed is True
        assert await names(standing) == []


async def test_a_delete_of_nothing_on_a_condition(store: Store) -> None:
    with pytest.raises(ConditionFailed):
        await store.delete(MISSING, when=When(if_match=(ANYTHING,)))
    with pytest.raises(ConditionFailed):
        await store.delete(MISSING, when=When(size=0))
    assert (await store.delete(MISSING, when=When(if_none_match=(OLD_TAG,)))).existed is False


async def test_a_copy_onto_what_must_stay(standing: Store) -> None:
    source = Key(BUCKET, "source")
    await put(standing, source, NEW)
    for when in FAILS_TO_WRITE:
        with pytest.raises(ConditionFailed):
            await standing.copy(source, KEY, Copy(when=when))
        assert await read(standing, KEY) == OLD


async def test_a_copy_onto_what_may_go(standing: Store) -> None:
    for when in HOLDS:
        await stand(standing)
        await put(standing, TARGET, NEW)
        await standing.copy(TARGET, KEY, Copy(when=when))
        assert await read(standing, KEY) == NEW


async def test_an_append_on_a_condition_that_fails(standing: Store, appender: Append) -> None:
    for when in FAILS_TO_WRITE:
        with pytest.raises(ConditionFailed):
            await appender.append(KEY, BytesBody(NEW), Put(when=when))
        assert await unchanged(standing)


async def test_an_append_on_a_condition_that_holds(standing: Store, appender: Append) -> None:
    for when in HOLDS:
        await stand(standing)
        await appender.append(KEY, BytesBody(NEW), Put(when=when))
        assert await read(standing, KEY) == OLD + NEW


async def test_a_completion_on_a_condition_that_fails_keeps_the_upload(standing: Store, multipart: Multipart) -> None:
    for when in FAILS_TO_WRITE:
        await stand(standing)
        upload, refs = await begun(multipart, KEY, [b"one", b"two"])
        with pytest.raises(ConditionFailed):
            await multipart.complete_upload(KEY, upload, refs, when=when)
        assert await unchanged(standing)
        assert [row.id for row in await open_uploads(multipart)] == [upload]
        await multipart.complete_upload(KEY, upload, refs)
        assert await read(standing, KEY) == b"onetwo"


async def test_a_completion_on_a_condition_that_holds(standing: Store, multipart: Multipart) -> None:
    for when in HOLDS:
        await stand(standing)
        upload, refs = await begun(multipart, KEY, [b"one", b"two"])
        await multipart.complete_upload(KEY, upload, refs, when=when)
        assert await read(standing, KEY) == b"onetwo"


async def test_a_part_copied_on_a_condition_that_fails(standing: Store, multipart: Multipart) -> None:
    for when in (*FAILS, *HAD_TO_READ):
        upload = await multipart.create_upload(TARGET, Put())
        with pytest.raises((ConditionFailed, NotModified)):
            await multipart.copy_part(TARGET, upload.id, 1, KEY, when=when)
        assert (await multipart.parts(TARGET, upload.id)).items == ()
        assert await unchanged(standing)


async def test_a_rename_onto_what_must_stay(standing: Store, renamer: Rename) -> None:
    await put(standing, TARGET, NEW)
    for when in FAILS_TO_WRITE:
        with pytest.raises(ConditionFailed):
            await renamer.rename(TARGET, KEY, when=when)
        assert (await read(standing, KEY), await read(standing, TARGET)) == (OLD, NEW)


async def test_a_rename_onto_what_may_go(standing: Store, renamer: Rename) -> None:
    for when in HOLDS:
        await stand(standing)
        await put(standing, TARGET, NEW)
        await renamer.rename(TARGET, KEY, when=when)
        assert (await names(standing), await read(standing, KEY)) == ([KEY.name], NEW)
