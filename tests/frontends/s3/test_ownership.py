"""Ownership controls and the public access block."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import S3Client, World

ENFORCED, PREFERRED, WRITER = "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"

OPEN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": "arn:aws:s3:::bucket/*",
            }
        ],
    }
)


async def own(s3: S3Client, ownership: str) -> None:
    controls = {"Rules": [{"ObjectOwnership": ownership}]}
    await s3.put_bucket_ownership_controls(Bucket="bucket", OwnershipControls=controls)


async def block(s3: S3Client, **flags: bool) -> None:
    await s3.put_public_access_block(Bucket="bucket", PublicAccessBlockConfiguration=flags)


@pytest.mark.parametrize("ownership", (ENFORCED, PREFERRED, WRITER))
async def test_controls_are_put_shown_and_deleted(s3: S3Client, ownership: str) -> None:
    with pytest.raises(ClientError, match="OwnershipControlsNotFoundError"):
        await s3.get_bucket_ownership_controls(Bucket="bucket")
    await own(s3, ownership)
    await s3.create_bucket(Bucket="made-with", ObjectOwnership=ownership)
    for name in ("bucket", "made-with"):
        found = await s3.get_bucket_ownership_controls(Bucket=name)
        assert found["OwnershipControls"]["Rules"] == [{"ObjectOwnership": ownership}]
    for _ in range(2):
        await s3.delete_bucket_ownership_controls(Bucket="bucket")
    with pytest.raises(ClientError, match="OwnershipControlsNotFoundError"):
        await s3.get_bucket_ownership_controls(Bucket="bucket")


async def test_bad_controls(s3: S3Client, world: World) -> None:
    rule = "<Rule><ObjectOwnership>{}</ObjectOwnership></Rule>"
    for rules in ("", rule.format("Mine"), rule.format(WRITER) + rule.format(ENFORCED)):
        body = f"<OwnershipControls>{rules}</OwnershipControls>".encode()
        assert (await world.do("PUT", "/bucket?ownershipControls", body)).code == "MalformedXML"
    answer = await world.do("PUT", "/new-bucket", headers={"x-amz-object-ownership": "Mine", "Content-Length": "0"})
    assert (answer.status, answer.code) == (400, "InvalidArgument")


async def test_without_lists(s3: S3Client, world: World) -> None:
    await s3.put_bucket_policy(Bucket="bucket", Policy=OPEN)
    await s3.put_object(Bucket="bucket", Key="open", Body=b"x", ACL="public-read")
    assert (await world.ask("olga", "PUT", "/bucket/theirs", b"x")).status == 200
    await s3.delete_bucket_policy(Bucket="bucket")
    assert (await world.ask("anybody", "GET", "/bucket/open")).status == 200
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.get_object(Bucket="bucket", Key="theirs")
    await own(s3, ENFORCED)
    assert (await world.ask("anybody", "GET", "/bucket/open")).status == 403
    assert (await world.ask("olga", "GET", "/bucket/theirs")).status == 403
    assert (await world.ask("alice", "GET", "/bucket/theirs")).body == b"x"
    for key in ("open", "theirs"):
        found = await s3.get_object_acl(Bucket="bucket", Key=key)
        assert found["Owner"]["ID"] == "acc-test"
        assert [(row["Grantee"]["ID"], row["Permission"]) for row in found["Grants"]] == [("acc-test", "FULL_CONTROL")]
    await own(s3, WRITER)
    assert (await world.ask("anybody", "GET", "/bucket/open")).status == 200


async def test_lists_are_refused_where_there_are_none(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    await own(s3, ENFORCED)
    for target in ("/bucket?acl", "/bucket/k?acl"):
        answer = await world.ask("alice", "PUT", target, x_amz_acl="public-read", Content_Length="0")
        assert (answer.status, answer.code) == (400, "AccessControlListNotSupported")
    for acl in ("public-read", "authenticated-read"):
        answer = await world.ask("alice", "PUT", "/bucket/new", b"x", x_amz_acl=acl)
        assert answer.code == "AccessControlListNotSupported"
    answer = await world.ask("alice", "POST", "/bucket/new?uploads", x_amz_grant_read="id=acc-other")
    assert answer.code == "AccessControlListNotSupported"
    answer = await world.ask("alice", "PUT", "/bucket/new", x_amz_copy_source="bucket/k", x_amz_acl="public-read")
    assert answer.code == "AccessControlListNotSupported"
    assert await world.contents() == {"bucket", "bucket/k"}
    await s3.put_object(Bucket="bucket", Key="new", Body=b"x", ACL="bucket-owner-full-control")


async def test_lists_that_grant_something_stand_in_the_way(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read")
    with pytest.raises(ClientError, match="InvalidBucketAclWithObjectOwnership"):
        await own(s3, ENFORCED)
    with pytest.raises(ClientError, match="InvalidBucketAclWithObjectOwnership"):
        await s3.create_bucket(Bucket="made-with", ACL="public-read", ObjectOwnership=ENFORCED)
    assert await world.contents() == {"bucket"}
    await s3.put_bucket_acl(Bucket="bucket", ACL="private")
    await own(s3, ENFORCED)


async def test_the_owner_is_preferred(s3: S3Client, world: World) -> None:
    await own(s3, PREFERRED)
    await s3.put_bucket_policy(Bucket="bucket", Policy=OPEN)
    await world.ask("olga", "PUT", "/bucket/given", b"x", x_amz_acl="bucket-owner-full-control")
    await world.ask("olga", "PUT", "/bucket/kept", b"x")
    await s3.delete_bucket_policy(Bucket="bucket")
    assert (await s3.get_object_acl(Bucket="bucket", Key="given"))["Owner"]["ID"] == "acc-test"
    assert (await world.ask("olga", "GET", "/bucket/given")).status == 403
    assert (await world.ask("olga", "GET", "/bucket/kept")).status == 200
    assert (await world.ask("alice", "GET", "/bucket/kept")).status == 403


async def test_the_block_is_put_shown_and_deleted(s3: S3Client) -> None:
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        await s3.get_public_access_block(Bucket="bucket")
    await block(s3, BlockPublicAcls=True, IgnorePublicAcls=False, RestrictPublicBuckets=True)
    assert (await s3.get_public_access_block(Bucket="bucket"))["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": True,
    }
    for _ in range(2):
        await s3.delete_public_access_block(Bucket="bucket")
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        await s3.get_public_access_block(Bucket="bucket")


async def test_public_lists_are_blocked(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    await block(s3, BlockPublicAcls=True)
    for acl in ("public-read", "public-read-write", "authenticated-read"):
        with pytest.raises(ClientError, match="AccessDenied"):
            await s3.put_bucket_acl(Bucket="bucket", ACL=acl)
        with pytest.raises(ClientError, match="AccessDenied"):
            await s3.put_object_acl(Bucket="bucket", Key="k", ACL=acl)
        with pytest.raises(ClientError, match="AccessDenied"):
            await s3.put_object(Bucket="bucket", Key="new", Body=b"x", ACL=acl)
    await s3.put_object_acl(Bucket="bucket", Key="k", GrantRead="id=acc-other")
    assert (await world.ask("norma", "GET", "/bucket/k")).status == 200
    assert await world.contents() == {"bucket", "bucket/k"}


async def test_public_lists_are_ignored(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read")
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", ACL="public-read")
    assert (await world.ask("anybody", "GET", "/bucket/k")).status == 200
    await block(s3, IgnorePublicAcls=True)
    for user in ("anybody", "olga"):
        for target in ("/bucket", "/bucket/k"):
            assert (await world.ask(user, "GET", target)).status == 403
    assert len((await s3.get_bucket_acl(Bucket="bucket"))["Grants"]) == 2
    assert not (await s3.get_bucket_policy_status(Bucket="bucket"))["PolicyStatus"]["IsPublic"]


async def test_public_policies_are_blocked(s3: S3Client) -> None:
    await block(s3, BlockPublicPolicy=True)
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.put_bucket_policy(Bucket="bucket", Policy=OPEN)
    await s3.put_bucket_policy(Bucket="bucket", Policy=OPEN.replace('"*"', '{"AWS": "acc-other"}'))


async def test_public_buckets_are_for_the_owners_account_only(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    await s3.put_bucket_policy(Bucket="bucket", Policy=OPEN)
    assert (await world.ask("anybody", "GET", "/bucket/k")).status == 200
    await block(s3, RestrictPublicBuckets=True)
    for user, status in (("anybody", 403), ("olga", 403), ("nina", 200), ("alice", 200)):
        assert (await world.ask(user, "GET", "/bucket/k")).status == status


SUB_RESOURCES = (
    ("acl", ("GET", "PUT")),
    ("policy", ("GET", "PUT", "DELETE")),
    ("policyStatus", ("GET",)),
    ("ownershipControls", ("GET", "PUT", "DELETE")),
    ("publicAccessBlock", ("GET", "PUT", "DELETE")),
)


@pytest.mark.parametrize(("name", "methods"), SUB_RESOURCES)
async def test_expected_owners_of_rules(bucket: str, world: World, name: str, methods: tuple[str, ...]) -> None:
    for method in methods:
        headers = {"x-amz-expected-bucket-owner": "acc-other"}
        answer = await world.do(method, f"/bucket?{name}", b"<x/>" * (method == "PUT"), headers)
        assert (answer.status, answer.code) == (403, "AccessDenied")
        headers["x-amz-expected-bucket-owner"] = "acc-test"
        answer = await world.do(method, f"/bucket?{name}", b"<x/>" * (method == "PUT"), headers)
        assert answer.status != 403
