"""What may be done to versions, and by whom."""

from collections.abc import AsyncIterator

import pytest

from tests.frontends.s3.history import BUCKET, KEY, ids, put, read, refusal, switch
from tests.frontends.s3.world import S3Client, World


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With versioning enabled in the bucket."""
    await switch(s3, "Enabled")
    return s3


DOES = {
    "state": ("GET", "/bucket?versioning", b""),
    "list": ("GET", "/bucket?versions", b""),
    "read": ("GET", "/bucket/k?versionId=", b""),
    "head": ("HEAD", "/bucket/k?versionId=", b""),
    "remove": ("DELETE", "/bucket/k?versionId=", b""),
    "suspend": (
        "PUT",
        "/bucket?versioning",
        b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
    ),
}
READS = {"state", "list", "read", "head"}


@pytest.mark.parametrize(
    ("user", "allowed"),
    (
        ("opal", set(DOES)),
        ("alice", set(DOES)),
        ("walter", READS | {"remove"}),
        ("rita", READS),
        ("nina", set[str]()),
        ("olga", set[str]()),
    ),
)
async def test_what_each_role_may(s3: S3Client, world: World, user: str, allowed: set[str]) -> None:
    version = await put(s3, "x")
    may = set()
    for name, (method, target, body) in DOES.items():
        answer = await world.do(method, target + version if target.endswith("=") else target, body, user=user)
        if answer.status < 300:
            may.add(name)
        else:
            assert answer.status == 403
    assert may == allowed


@pytest.fixture
async def denying(world: World, s3: S3Client) -> AsyncIterator[S3Client]:
    """A policy that lets olga read and delete what stands, and no version by its id."""
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "acc-other"}, '
        '"Action": ["s3:GetObject", "s3:DeleteObject", "s3:ListBucket"], '
        '"Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]}]}'
    )
    await s3.put_bucket_policy(**BUCKET, Policy=policy)
    async with world.client("olga") as olga:
        yield olga


async def test_a_version_needs_a_right_of_its_own(s3: S3Client, denying: S3Client) -> None:
    version = await put(s3, "x")
    assert await read(denying) == "x"
    for call in (
        denying.get_object(**KEY, VersionId=version),
        denying.delete_object(**KEY, VersionId=version),
        denying.list_object_versions(**BUCKET),
        denying.copy_object(**KEY, CopySource={**KEY, "VersionId": version}),
    ):
        assert (await refusal(call))["code"] == "AccessDenied"
    rows = [{"Key": "k", "VersionId": version}, {"Key": "k"}]
    answer = await denying.delete_objects(**BUCKET, Delete={"Objects": rows})
    assert [row["Code"] for row in answer["Errors"]] == ["AccessDenied"]
    assert [row["DeleteMarker"] for row in answer["Deleted"]] == [True]
    assert await ids(s3) == [("k", version, False)]
