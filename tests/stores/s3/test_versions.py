"""Versions of a remote: what is asked of it, what it is believed, and what is refused where it has none."""

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.versions import Versions
from gateway.core.conditions import ABSENT, ANY, When
from gateway.core.errors import DeleteMarker, NoSuchBucket, NoSuchVersion, Unavailable, Unsupported
from gateway.core.types import Copy, Deleted, Key, Meta, Page, Prefix, Props, PropsChange, Put
from gateway.core.versions import NULL, Version, Versioning, VersionQuery, VersionRef
from gateway.layers.segmented import Segmented
from gateway.stores.memory import Memory
from gateway.stores.s3 import objects
from tests.conformance.tools import NEW, OLD, put, read
from tests.stores.s3.conftest import BUCKET, KEY, Open
from tests.stores.s3.test_refusals import opened
from tests.support.faultproxy import Fault, FaultProxy, refusal

LISTING = r"^GET \S+[?&]versions"
UNKNOWN = "0" * 32


async def metas(store: Versions) -> list[Meta]:
    return [row.meta for row in (await store.versions(BUCKET, VersionQuery())).items if isinstance(row, Version)]


async def ids(memory: Memory, bucket: str = BUCKET) -> list[str]:
    """What the remote really keeps."""
    page: Page[Version | Prefix] = await memory.versions(bucket, VersionQuery())
    return [row.meta.version or NULL for row in page.items if isinstance(row, Version)]


async def test_ids_are_the_remotes_own(store: Segmented, memory: Memory) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    assert (await memory.stat_bucket(BUCKET)).versioning is Versioning.ENABLED
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    assert [meta.version for meta in await metas(store)] == [second.version, first.version] == await ids(memory)
    async with store.open(KEY, version=first.version) as reader:
        assert reader.meta == first
        assert b"".join([chunk async for chunk in reader.chunks()]) == OLD


async def test_where_no_versions_are_kept_nothing_more_is_asked(store: Segmented, proxy: FaultProxy) -> None:
    await store.stat_bucket(BUCKET)
    proxy.heads.clear()
    await put(store, KEY, OLD)
    await store.stat(KEY)
    await read(store, KEY)
    assert [line.partition(" ")[0] for line in proxy.lines] == ["PUT", "HEAD", "HEAD", "GET"]
    assert not [line for line in proxy.lines if "version" in line]


async def test_looking_at_a_bucket_takes_no_further_request(store: Segmented, proxy: FaultProxy) -> None:
    await store.stat_bucket(BUCKET)
    assert [line for line in proxy.lines if "?" not in line and line.startswith("HEAD")] == []
    assert len([line for line in proxy.lines if "?versioning" in line]) == 1


async def test_a_read_by_id_costs_what_a_read_on_a_condition_does(store: Segmented, proxy: FaultProxy) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    meta = await put(store, KEY, OLD)
    proxy.heads.clear()
    async with store.open(KEY, version=meta.version):
        pass
    assert [line.partition(" ")[0] for line in proxy.lines] == ["HEAD", "GET"]


async def test_what_others_enable_is_found_at_once_by_id(store: Segmented, memory: Memory) -> None:
    await store.stat_bucket(BUCKET)
    await memory.set_versioning(BUCKET, enabled=True)
    meta = await memory.put(KEY, BytesBody(OLD), Put())
    assert (await store.stat(KEY, meta.version)).version == meta.version
    assert (await store.stat_bucket(BUCKET)).versioning is Versioning.ENABLED


async def test_a_marker_is_told_as_one(store: Segmented, memory: Memory) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    first = await put(store, KEY, OLD)
    deleted = await store.delete(KEY)
    assert (deleted.existed, deleted.marker, [deleted.version, first.version]) == (True, True, await ids(memory))
    for attempt in (store.stat(KEY), read(store, KEY), store.update(KEY, PropsChange()), store.copy(KEY, KEY, Copy())):
        with pytest.raises(DeleteMarker) as told:
            await attempt
        assert (told.value.version, told.value.named) == (deleted.version, False)
    with pytest.raises(DeleteMarker) as told:
        await store.stat(KEY, deleted.version)
    assert (told.value.version, told.value.named) == (deleted.version, True)
    assert told.value.modified >= first.modified


async def test_a_change_that_would_make_a_version_is_refused(store: Segmented, memory: Memory) -> None:
    before = await put(store, KEY, OLD)
    await store.set_versioning(BUCKET, enabled=True)
    change = PropsChange(user={"a": "b"})
    for version in (None, NULL):
        with pytest.raises(Unsupported, match="copy the object onto itself"):
            await store.update(KEY, change, version)
    second = await put(store, KEY, NEW)
    await store.set_versioning(BUCKET, enabled=False)
    for version in (None, NULL, second.version):
        with pytest.raises(Unsupported):
            await store.update(KEY, change, version)
    assert await ids(memory) == [second.version, NULL]
    assert await store.stat(KEY, NULL) == before
    assert (await memory.stat(KEY, NULL)).props.user == {}
    await put(store, KEY, b"without an id")
    assert (await store.update(KEY, change, NULL)).props.user == {"a": "b"}
    assert await ids(memory) == [NULL, second.version]


async def test_a_copy_onto_itself_makes_a_version(store: Segmented, memory: Memory) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    first = await put(store, KEY, OLD)
    second = await store.copy(KEY, KEY, Copy(props=Props(user={"a": "b"})))
    assert await ids(memory) == [second.version, first.version]
    assert (await store.stat(KEY, second.version)).props.user == {"a": "b"}


@pytest.mark.parametrize("in_parts", (False, True))
@pytest.mark.parametrize("when", (ANY, ABSENT), ids=("plain", "on a condition"))
async def test_any_version_is_copied(
    store: Segmented, memory: Memory, monkeypatch: pytest.MonkeyPatch, in_parts: bool, when: When
) -> None:
    """The one without an id too, while another stands; and by parts what is too large for one request."""
    if in_parts:
        monkeypatch.setattr(objects, "MAX_COPY", len(OLD) - 1)
        monkeypatch.setattr(objects, "MIN_PART", 1)
    await put(store, KEY, OLD)
    await store.set_versioning(BUCKET, enabled=True)
    second = await put(store, KEY, NEW)
    await put(store, KEY, b"what stands")
    for version, data in ((NULL, OLD), (second.version, NEW)):
        target = Key(BUCKET, f"copy of {version}")
        made = await store.copy(KEY, target, Copy(source_version=version, when=when))
        assert (await memory.stat(target)).version == made.version
        assert await read(store, target) == data


async def test_many_are_deleted_with_their_markers_told(store: Segmented, memory: Memory) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    first = await put(store, KEY, OLD)
    (deleted,) = await store.delete_many(BUCKET, [KEY.name])
    assert isinstance(deleted, Deleted)
    assert deleted.marker
    assert await ids(memory) == [deleted.version, first.version]
    refs = [VersionRef(KEY.name, first.version), VersionRef(KEY.name, deleted.version)]
    assert await store.delete_versions(BUCKET, refs) == [
        Deleted(True, first.version),
        Deleted(True, deleted.version, marker=True),
    ]
    assert await ids(memory) == []


async def test_trying_conditions_leaves_no_versions_behind(store: Segmented, memory: Memory) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    first = await put(store, KEY, OLD, when=ABSENT)
    second = await put(store, KEY, NEW, when=When(if_match=(first.etag,)))
    assert await ids(memory) == [second.version, first.version]


@pytest.mark.parametrize("when", (ABSENT, When()), ids=("on a condition", "plain"))
async def test_what_was_written_is_told_by_its_id(opening: Open, memory: Memory, proxy: FaultProxy, when: When) -> None:
    """Even where its answer got lost, if there was a condition by which it is found again."""
    await memory.set_versioning(BUCKET, enabled=True)
    async with opening(retries=3, conditional_writes=True) as store:
        proxy.faults = [Fault(when=r"^PUT \S+/object ", times=1, lose_answer=True)] if when == ABSENT else []
        meta = await store.put(KEY, BytesBody(OLD), Put(when=when))
        assert [meta.version] == await ids(memory)


def answered(rows: str, name: str, version: str) -> bytes:
    """A page of a listing that says that more follows behind `name` and `version`."""
    body = (
        f"<ListVersionsResult><IsTruncated>true</IsTruncated>{rows}<NextKeyMarker>{name}</NextKeyMarker>"
        f"<NextVersionIdMarker>{version}</NextVersionIdMarker></ListVersionsResult>"
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


ROW = (
    f"<Version><Key>a</Key><VersionId>{UNKNOWN}</VersionId><IsLatest>true</IsLatest>"
    "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;0&quot;</ETag><Size>1</Size></Version>"
)


@pytest.mark.parametrize(
    "answer",
    (answered(ROW, "a", UNKNOWN), answered("", "b", UNKNOWN), answered("", "", ""), answered(ROW, "", "")),
    ids=("repeated", "empty", "without a marker", "back to the beginning"),
)
async def test_a_listing_that_does_not_go_on_is_an_error(store: Segmented, proxy: FaultProxy, answer: bytes) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    proxy.faults = [Fault(when=LISTING, answer=answer)]
    with pytest.raises(Unavailable):
        await store.versions(BUCKET, VersionQuery(key_marker="a", version_marker=UNKNOWN))


async def test_a_truncated_listing_is_read_on(store: Segmented, proxy: FaultProxy) -> None:
    """A page may be shorter than was asked for."""
    await store.set_versioning(BUCKET, enabled=True)
    await put(store, Key(BUCKET, "b"))
    proxy.faults = [Fault(when=LISTING, times=1, answer=answered(ROW, "a", UNKNOWN))]
    page = await store.versions(BUCKET, VersionQuery())
    assert ([row.name for row in page.items], page.next) == (["a", "b"], None)


async def test_a_listing_that_is_cut_is_an_error(store: Segmented, proxy: FaultProxy) -> None:
    await store.set_versioning(BUCKET, enabled=True)
    await put(store, KEY)
    proxy.faults = [Fault(when=LISTING, cut_answer=100)]
    with pytest.raises(Unavailable):
        await store.versions(BUCKET, VersionQuery())


async def test_versioning_that_the_remote_only_seems_to_take_is_refused(store: Segmented, proxy: FaultProxy) -> None:
    proxy.faults = [Fault(when=r"^PUT \S+\?versioning", answer=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    with pytest.raises(Unsupported, match="keeps no versions"):
        await store.set_versioning(BUCKET, enabled=True)
    assert (await store.stat_bucket(BUCKET)).versioning is Versioning.OFF


async def test_where_nobody_may_ask_no_versions_are_told(store: Segmented, memory: Memory, proxy: FaultProxy) -> None:
    await memory.set_versioning(BUCKET, enabled=True)
    proxy.faults = [Fault(when=r"^GET \S+\?versioning", answer=refusal(403, "Forbidden", "AccessDenied"))]
    assert (await store.stat_bucket(BUCKET)).versioning is Versioning.OFF
    await put(store, KEY, OLD)
    assert await read(store, KEY) == OLD
    with pytest.raises(NoSuchBucket):
        await store.stat_bucket("missing")


@pytest.mark.parametrize("server", ("rclone", "s3api"))
async def test_a_remote_without_versions_is_found_out(server: str, request: pytest.FixtureRequest) -> None:
    """Some of them would take an id for the object that stands."""
    async with opened(request.getfixturevalue(server)) as store:
        assert find(store, Versions)
        meta = await put(store, KEY, OLD)
        for enabled in (True, False):
            with pytest.raises(Unsupported, match="keeps no versions"):
                await store.set_versioning(BUCKET, enabled=enabled)
        assert (await store.stat_bucket(BUCKET)).versioning is Versioning.OFF
        assert meta.version is None
        for attempt in (store.stat(KEY, UNKNOWN), store.copy(KEY, KEY, Copy(source_version=UNKNOWN))):
            with pytest.raises(NoSuchVersion):
                await attempt
        assert await store.delete(KEY, UNKNOWN) == Deleted(False, UNKNOWN)
        assert await store.delete_versions(BUCKET, [VersionRef(KEY.name, UNKNOWN)]) == [Deleted(False, UNKNOWN)]
        page = await ops.versions(store, BUCKET, VersionQuery())
        assert [(row.name, row.latest) for row in page.items if isinstance(row, Version)] == [(KEY.name, True)]
        assert (await store.stat(KEY, NULL)).etag == meta.etag
        assert await store.delete(KEY, NULL) == Deleted(True)
        await store.create_bucket("other", BucketProps(owner="owner"))
        assert (await store.versions("other", VersionQuery())).items == ()
