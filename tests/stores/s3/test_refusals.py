"""What S3s of other makers lack is refused, in so many words, and nothing is left behind by the attempt."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import ConditionFailed, NoSuchBucket, Unsupported
from gateway.core.types import ListQuery, PropsChange, Put
from gateway.core.uploads import UploadQuery
from gateway.stores.s3 import S3Store
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, assembled, begun, md5, names, put, read
from tests.support.remotes import pointing_at
from tests.support.servers import Remote

MATCH = When(if_match=(md5(OLD),))
OTHER = When(if_match=(md5(NEW),))


@asynccontextmanager
async def opened(remote: Remote) -> AsyncIterator[S3Store]:
    """A store with a bucket."""
    keys = {"access_key": remote.access_key, "secret_key": remote.secret_key}
    store = S3Store(pointing_at(remote.endpoint, **keys), OWNER)
    await store.start()
    try:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        yield store
    finally:
        await store.aclose()


MINDED: Mapping[str, tuple[bool, bool]] = {"moto": (True, True), "rclone": (False, False), "s3api": (True, False)}
"""Whether each minds If-None-Match: *, and If-Match. Of completions none of them minds If-Match."""


@pytest.mark.parametrize("server", MINDED)
async def test_conditions_are_passed_on_where_they_are_minded(server: str, request: pytest.FixtureRequest) -> None:
    absent, match = MINDED[server]
    async with opened(request.getfixturevalue(server)) as store:
        await put(store, KEY, OLD)
        if absent:
            with pytest.raises(ConditionFailed):
                await put(store, KEY, NEW, when=ABSENT)
            await put(store, "new", NEW, when=ABSENT)
        else:
            with pytest.raises(Unsupported, match="can't write on that condition"):
                await put(store, "new", NEW, when=ABSENT)
        if match:
            with pytest.raises(ConditionFailed):
                await put(store, KEY, NEW, when=OTHER)
            await put(store, KEY, OLD, when=MATCH)
        else:
            with pytest.raises(Unsupported, match="can't write on that condition"):
                await put(store, KEY, NEW, when=MATCH)
        upload, refs = await begun(store, KEY, [NEW])
        with pytest.raises(Unsupported, match="in parts on that condition"):
            await store.complete_upload(KEY, upload, refs, when=MATCH)
        with pytest.raises(ConditionFailed if absent else Unsupported):
            await store.complete_upload(KEY, upload, refs, when=ABSENT)
        await store.abort_upload(KEY, upload)
        assert await read(store, KEY) == OLD
        assert await names(store) == (["new", KEY.name] if absent else [KEY.name])


@pytest.mark.parametrize("server", ("rclone", "s3api"))
async def test_properties_of_buckets_are_refused_where_there_are_no_tags(
    server: str, request: pytest.FixtureRequest
) -> None:
    async with opened(request.getfixturevalue(server)) as store:
        with pytest.raises(Unsupported):
            await store.create_bucket("with-metadata", BucketProps(owner=OWNER, user={"a": "1"}))
        with pytest.raises(NoSuchBucket):
            await store.stat_bucket("with-metadata")
        with pytest.raises(Unsupported):
            await store.update_bucket(BUCKET, PropsChange(user={"a": "1"}))
        assert [row.name for row in (await store.buckets(ListQuery())).items] == [BUCKET]


async def test_uploads_that_can_not_be_told_still_go_on(rclone: Remote) -> None:
    async with opened(rclone) as store:
        with pytest.raises(Unsupported, match="uploads"):
            await store.uploads(BUCKET, UploadQuery())
        upload = await store.create_upload(KEY, Put())
        async with opened(rclone) as another:  # which knows nothing of it but the id
            await another.put_part(KEY, upload.id, 1, BytesBody(OLD))
            await another.abort_upload(KEY, upload.id)
        await assembled(store, KEY, [OLD, NEW])
        assert await read(store, KEY) == OLD + NEW
        assert await names(store) == [KEY.name]
