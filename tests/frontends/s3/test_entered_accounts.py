"""Accounts beside those of the configuration, as S3 knows them: owners by their ids, and grantees."""

import pytest
from botocore.exceptions import ClientError

from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Roster
from gateway.core.types import PropsChange
from tests.frontends.s3.test_acls import FULL, document, grant, rows
from tests.frontends.s3.world import S3Client, World

NEW = "entered"


@pytest.fixture
async def roster(world: World) -> Roster:
    found = find(world.store, Roster)
    assert found is not None
    return found


async def test_o01_an_account_without_users_is_granted_something(s3: S3Client, world: World, roster: Roster) -> None:
    with pytest.raises(ClientError, match="Invalid id"):
        await s3.put_bucket_acl(Bucket="bucket", GrantRead=f"id={NEW}")
    await roster.create_account(NEW, PropsChange())
    await s3.put_bucket_acl(Bucket="bucket", GrantRead=f"id={NEW}")
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {(NEW, "READ")}
    body = document("acc-test", grant("CanonicalUser", "ID", NEW), grant("CanonicalUser", "ID", *FULL))
    answer = await world.do("PUT", "/bucket?acl", body, {"Content-Length": str(len(body))})
    assert answer.status == 200
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {(NEW, "READ"), FULL}
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", GrantFullControl=f"id={NEW}")
    assert rows(await s3.get_object_acl(Bucket="bucket", Key="k")) == {(NEW, "FULL_CONTROL")}
    await roster.delete_account(NEW)
    with pytest.raises(ClientError, match="Invalid id"):
        await s3.put_bucket_acl(Bucket="bucket", GrantRead=f"id={NEW}")


async def test_o01_it_owns_its_buckets(world: World, roster: Roster) -> None:
    await roster.create_account(NEW, PropsChange())
    await world.store.create_bucket("its-own", BucketProps(owner=NEW))
    async with world.client("opal") as operator:
        await operator.put_object(Bucket="its-own", Key="k", Body=b"x")
        assert (await operator.get_bucket_acl(Bucket="its-own"))["Owner"]["ID"] == NEW
        page = await operator.list_objects_v2(Bucket="its-own", FetchOwner=True)
        assert [row["Owner"]["ID"] for row in page["Contents"]] == [NEW]
    async with world.client() as stranger:
        with pytest.raises(ClientError, match="AccessDenied"):
            await stranger.list_objects_v2(Bucket="its-own")
