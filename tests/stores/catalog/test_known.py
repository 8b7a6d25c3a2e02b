"""Buckets that are remembered between commits."""

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.errors import InvalidName, NoSuchBucket
from gateway.core.types import PropsChange
from gateway.stores.catalog import Catalog
from tests.stores.catalog.tools import KEY, put


async def test_a_bucket_is_remembered_until_the_next_commit(catalog: Catalog) -> None:
    known = await catalog.stat_bucket(KEY.bucket)
    assert await catalog.stat_bucket(KEY.bucket) is known
    await put(catalog, KEY, b"twelve bytes")
    assert (await catalog.stat_bucket(KEY.bucket)).bytes == 12
    await catalog.update_bucket(KEY.bucket, PropsChange(user={"color": "red"}))
    assert (await catalog.stat_bucket(KEY.bucket)).user == {"color": "red"}


async def test_a_bucket_that_is_gone_is_forgotten_and_one_that_is_missing_is_not_remembered(catalog: Catalog) -> None:
    with pytest.raises(NoSuchBucket):
        await catalog.stat_bucket("other")
    await catalog.create_bucket("other", BucketProps(owner="me"))
    assert (await catalog.stat_bucket("other")).owner == "me"
    await catalog.delete_bucket("other")
    with pytest.raises(NoSuchBucket):
        await catalog.stat_bucket("other")
    with pytest.raises(InvalidName):
        await catalog.stat_bucket("a/b")
