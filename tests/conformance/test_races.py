"""Many writers at once: conditions hold at the commit, and what stands is always one writer's, whole."""

import asyncio
from collections.abc import Awaitable, Sequence

from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Rename
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import (
    AlreadyExists,
    ConditionFailed,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NotEmpty,
    StoreError,
)
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, Meta, PropsChange, Put
from tests.conformance.tools import BUCKET, KEY, OLD, OWNER, begun, count, names, open_uploads, put, read
from tests.support.bodies import Scripted

WRITERS = 32
CONTENTS = [f"writer {number}; ".encode() * 3 for number in range(WRITERS)]
PLACES = [Key(BUCKET, f"place-{number:02}") for number in range(WRITERS)]


async def race(runs: Sequence[Awaitable[Meta]]) -> int:
    """Run all at once; one must win, all others must be refused. Returns which one won."""
    results = await asyncio.gather(*runs, return_exceptions=True)
    won = [number for number, result in enumerate(results) if isinstance(result, Meta)]
    assert [type(result) for result in results if not isinstance(result, Meta)] == [ConditionFailed] * (WRITERS - 1)
    assert len(won) == 1
    return won[0]


def body(number: int) -> Scripted:
    """The content of one writer, in as many steps as it has pieces: all bodies are under way together."""
    return Scripted([CONTENTS[number][place : place + 10] for place in range(0, len(CONTENTS[number]), 10)])


async def test_of_writers_that_want_the_name_free_one_wins(store: Store) -> None:
    won = await race([store.put(KEY, body(number), Put(when=ABSENT)) for number in range(WRITERS)])
    assert await read(store, KEY) == CONTENTS[won]
    assert await count(store) == (1, len(CONTENTS[won]))


async def test_of_writers_that_replace_the_same_object_one_wins(store: Store) -> None:
    when = When(if_match=((await put(store, KEY)).etag,))
    won = await race([store.put(KEY, body(number), Put(when=when)) for number in range(WRITERS)])
    assert await read(store, KEY) == CONTENTS[won]
    assert await count(store) == (1, len(CONTENTS[won]))


async def test_of_unconditional_writers_each_wins_but_one_stays(store: Store) -> None:
    metas = await asyncio.gather(*[store.put(KEY, body(number), Put()) for number in range(WRITERS)])
    found = await store.stat(KEY)
    assert found in metas
    assert await read(store, KEY) == CONTENTS[metas.index(found)]
    assert await count(store) == (1, found.size)


async def test_writers_of_different_names_are_all_there(store: Store) -> None:
    await asyncio.gather(*[store.put(PLACES[number], body(number), Put()) for number in range(WRITERS)])
    assert await names(store) == [key.name for key in PLACES]
    assert await count(store) == (WRITERS, sum(map(len, CONTENTS)))


async def test_of_copies_that_want_the_name_free_one_wins(store: Store) -> None:
    for key, content in zip(PLACES, CONTENTS, strict=True):
        await put(store, key, content)
    won = await race([store.copy(key, KEY, Copy(when=ABSENT)) for key in PLACES])
    assert await read(store, KEY) == CONTENTS[won]
    assert await names(store) == [KEY.name, *[key.name for key in PLACES]]


async def test_of_deletes_of_the_same_object_one_finds_it(store: Store) -> None:
    etag = (await put(store, KEY)).etag
    results = await asyncio.gather(
        *[store.delete(KEY, when=When(if_match=(etag,))) for _ in range(WRITERS)], return_exceptions=True
    )
    assert sum(isinstance(result, Deleted) and result.existed for result in results) == 1
    assert sum(isinstance(result, ConditionFailed) for result in results) == WRITERS - 1
    await put(store, KEY)
    plain = await asyncio.gather(*[store.delete(KEY) for _ in range(WRITERS)])
    assert sum(result.existed for result in plain) == 1
    assert await count(store) == (0, 0)


async def test_a_delete_on_a_size_never_takes_another_object(store: Store) -> None:
    for content in CONTENTS[:4]:
        await put(store, KEY, OLD)
        when = When(size=len(OLD))
        deletes = [store.delete(KEY, when=when) for _ in range(4)]
        done, *results = await asyncio.gather(put(store, KEY, content), *deletes, return_exceptions=True)
        assert isinstance(done, Meta)
        assert all(isinstance(result, Deleted | ConditionFailed) for result in results)
        assert await read(store, KEY) == content


async def test_no_update_is_lost(store: Store) -> None:
    await put(store, KEY)
    changes = [PropsChange(user={f"n{number}": str(number)}) for number in range(WRITERS)]
    await asyncio.gather(*[store.update(KEY, change) for change in changes])
    assert (await store.stat(KEY)).props.user == {f"n{number}": str(number) for number in range(WRITERS)}
    await asyncio.gather(*[store.update_bucket(BUCKET, change) for change in changes])
    assert (await store.stat_bucket(BUCKET)).user == {f"n{number}": str(number) for number in range(WRITERS)}


async def test_puts_deletes_and_copies_at_once_leave_true_counters(store: Store) -> None:
    async def write(number: int) -> None:
        key, other = PLACES[number % 4], PLACES[number % 3]
        await store.put(key, body(number), Put())
        try:
            await store.copy(key, other, Copy())
        except NoSuchKey:
            await store.delete(other)
        await store.delete(key)

    await asyncio.gather(*[write(number) for number in range(WRITERS)])
    listed = await names(store)
    sizes = [(await store.stat(Key(BUCKET, name))).size for name in listed]
    assert await count(store) == (len(listed), sum(sizes))


async def test_of_completions_that_want_the_name_free_one_wins(store: Store, multipart: Multipart) -> None:
    uploads = [await begun(multipart, KEY, [content, b"end"]) for content in CONTENTS]
    won = await race([multipart.complete_upload(KEY, upload, refs, when=ABSENT) for upload, refs in uploads])
    assert await read(store, KEY) == CONTENTS[won] + b"end"
    left = {upload for upload, _ in uploads} - {uploads[won][0]}
    assert {row.id for row in await open_uploads(multipart)} == left
    assert await count(store) == (1, len(CONTENTS[won]) + 3)


async def test_of_completions_of_one_upload_one_counts(store: Store, multipart: Multipart) -> None:
    upload, refs = await begun(multipart, KEY, [b"one", b"two"])
    results = await asyncio.gather(
        *[multipart.complete_upload(KEY, upload, refs) for _ in range(WRITERS)], return_exceptions=True
    )
    made = [result for result in results if isinstance(result, Meta)]
    assert made == [await store.stat(KEY)] * len(made) != []
    assert sum(isinstance(result, NoSuchUpload) for result in results) == WRITERS - len(made)
    assert await count(store) == (1, 6)


async def test_a_completion_and_an_abort_at_once(store: Store, multipart: Multipart) -> None:
    for number in range(8):
        key = PLACES[number]
        upload, refs = await begun(multipart, key, [b"one", b"two"])
        runs: list[Awaitable[object]] = [
            multipart.complete_upload(key, upload, refs),
            multipart.abort_upload(key, upload),
        ]
        results = await asyncio.gather(*(reversed(runs) if number % 2 else runs), return_exceptions=True)
        assert sum(isinstance(result, NoSuchUpload) for result in results) == 1
        completed = any(isinstance(result, Meta) for result in results)
        assert await names(store, prefix=key.name) == ([key.name] if completed else [])
    assert await open_uploads(multipart) == []


async def test_parts_of_one_upload_come_in_together(store: Store, multipart: Multipart) -> None:
    upload, _ = await begun(multipart, KEY, [])
    await asyncio.gather(*[multipart.put_part(KEY, upload, number + 1, body(number)) for number in range(WRITERS)])
    page = await multipart.parts(KEY, upload)
    assert [(part.number, part.size) for part in page.items] == [
        (number + 1, len(CONTENTS[number])) for number in range(WRITERS)
    ]


async def test_every_append_lands_whole(store: Store, appender: Append) -> None:
    await put(store, KEY, b"")
    await asyncio.gather(*[appender.append(KEY, body(number), Put()) for number in range(WRITERS)])
    data = await read(store, KEY)
    assert len(data) == sum(map(len, CONTENTS))
    for content in CONTENTS:
        assert data.count(content) == 1
    assert await count(store) == (1, len(data))


async def test_appends_that_create_the_object_are_one_object(store: Store, appender: Append) -> None:
    await asyncio.gather(*[appender.append(KEY, body(number), Put()) for number in range(WRITERS)])
    data = await read(store, KEY)
    assert sorted(data) == sorted(b"".join(CONTENTS))
    assert await count(store) == (1, len(data))


async def test_of_appends_to_the_same_state_one_wins(store: Store, appender: Append) -> None:
    when = When(if_match=((await put(store, KEY)).etag,))
    won = await race([appender.append(KEY, body(number), Put(when=when)) for number in range(WRITERS)])
    assert await read(store, KEY) == OLD + CONTENTS[won]


async def test_of_renames_that_want_the_name_free_one_wins(store: Store, renamer: Rename) -> None:
    for key, content in zip(PLACES, CONTENTS, strict=True):
        await put(store, key, content)
    won = await race([renamer.rename(key, KEY, when=ABSENT) for key in PLACES])
    assert await read(store, KEY) == CONTENTS[won]
    assert await names(store) == [KEY.name, *[key.name for key in PLACES if key != PLACES[won]]]
    assert await count(store) == (WRITERS, sum(map(len, CONTENTS)))


async def test_of_renames_of_one_object_one_finds_it(store: Store, renamer: Rename) -> None:
    await put(store, KEY)
    results = await asyncio.gather(*[renamer.rename(KEY, target) for target in PLACES], return_exceptions=True)
    assert sum(isinstance(result, Meta) for result in results) == 1
    assert sum(isinstance(result, NoSuchKey) for result in results) == WRITERS - 1
    assert await count(store) == (1, len(OLD))


async def test_of_renames_of_a_prefix_onto_one_name_one_wins(store: Store, renamer: Rename) -> None:
    for number in range(8):
        await put(store, f"from{number}/a", CONTENTS[number])
        await put(store, f"from{number}/b", CONTENTS[number])
    results = await asyncio.gather(
        *[renamer.rename_prefix(Key(BUCKET, f"from{number}/"), Key(BUCKET, "to/")) for number in range(8)],
        return_exceptions=True,
    )
    assert sum(isinstance(result, AlreadyExists) for result in results) == 7
    won = next(number for number, result in enumerate(results) if isinstance(result, int))
    assert await read(store, "to/a") == await read(store, "to/b") == CONTENTS[won]
    assert (await count(store))[0] == 16


async def test_a_bucket_is_deleted_or_written_to_but_not_both(store: Store) -> None:
    for number in range(8):
        runs: list[Awaitable[object]] = [store.put(KEY, body(number), Put()), store.delete_bucket(BUCKET)]
        results = await asyncio.gather(*(reversed(runs) if number % 2 else runs), return_exceptions=True)
        refusals = [type(result) for result in results if isinstance(result, StoreError)]
        assert refusals in ([NotEmpty], [NoSuchBucket])
        if refusals == [NotEmpty]:
            assert await read(store, KEY) == CONTENTS[number]
            await store.delete(KEY)
        else:
            assert await store.create_bucket(BUCKET, BucketProps(owner=OWNER)) is True
            assert await names(store) == []
