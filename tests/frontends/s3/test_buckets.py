import pytest
from botocore.exceptions import ClientError

from gateway.core.store import Store
from tests.frontends.marks import in_memory
from tests.frontends.s3.world import S3Client, World, serving

BAD_NAMES = (
    "label-.end",
    "label.-start",
    "ab",
    "a" * 64,
    "Upper",
    "under_score",
    "-dash",
    "dash-",
    ".dot",
    "dot.",
    "two..dots",
    "192.168.5.4",
    "xn--name",
    "sthree-name",
    "amzn-s3-demo-name",
    "name-s3alias",
    "name--ol-s3",
    "name.mrap",
    "name--x-s3",
    "name--table-s3",
    "ümlaut",
)


async def test_n01_life_of_a_bucket(world: World, s3: S3Client) -> None:
    created = await s3.create_bucket(Bucket="new.bucket-1")
    assert created["Location"] == "/new.bucket-1"
    head = await s3.head_bucket(Bucket="new.bucket-1")
    assert head["BucketRegion"] == "us-east-1"
    assert head["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/xml"
    assert [row["Name"] for row in (await s3.list_buckets())["Buckets"]] == ["bucket", "new.bucket-1"]
    assert "LocationConstraint" in await s3.get_bucket_location(Bucket="new.bucket-1")
    assert "Status" not in await s3.get_bucket_versioning(Bucket="new.bucket-1")
    await s3.put_object(Bucket="new.bucket-1", Key="k", Body=b"")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        await s3.delete_bucket(Bucket="new.bucket-1")
    await s3.delete_object(Bucket="new.bucket-1", Key="k")
    await s3.delete_bucket(Bucket="new.bucket-1")
    with pytest.raises(ClientError, match="404"):
        await s3.head_bucket(Bucket="new.bucket-1")
    for call in (s3.delete_bucket, s3.list_objects, s3.list_objects_v2, s3.get_bucket_location):
        with pytest.raises(s3.exceptions.NoSuchBucket) as error:
            await call(Bucket="new.bucket-1")
        assert error.value.response["Error"]["BucketName"] == "new.bucket-1"


async def test_n01_a_bucket_that_is_not_empty_is_forbidden_for_old_clients(store: Store) -> None:
    async with serving(store, compat=True) as world:
        assert (await world.do("PUT", "/bucket")).status == 200
        assert (await world.do("PUT", "/bucket/k", b"x")).status == 200
        answer = await world.do("DELETE", "/bucket")
        assert (answer.status, answer.code, answer.element("BucketName")) == (403, "BucketNotEmpty", "bucket")
        assert (await world.do("DELETE", "/bucket/k")).status == 204
        assert (await world.do("DELETE", "/bucket")).status == 204


@pytest.mark.parametrize("target", ("/new-bucket", "/new-bucket/"))
async def test_n01_slash_behind_a_bucket(world: World, target: str) -> None:
    statuses = [(await world.do(method, target)).status for method in ("PUT", "HEAD", "GET", "DELETE")]
    assert statuses == [200, 200, 200, 204]


@in_memory
@pytest.mark.parametrize("name", BAD_NAMES)
async def test_names_that_s3_refuses(world: World, name: str) -> None:
    answer = await world.do("PUT", "/" + name.replace("ü", "%C3%BC"))
    assert (answer.status, answer.code) == (400, "InvalidBucketName")
    assert answer.element("BucketName") == name
    assert await world.contents() == set()


async def test_create_again(world: World, s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"")
    await s3.create_bucket(Bucket="bucket")
    assert await world.contents() == {"bucket", "bucket/k"}
    async with world.client("olga") as other:
        with pytest.raises(other.exceptions.BucketAlreadyExists):
            await other.create_bucket(Bucket="bucket")


async def test_create_again_in_another_region(store: Store) -> None:
    async with serving(store, region="eu-west-1") as world, world.client() as s3:
        await s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        assert (await s3.get_bucket_location(Bucket="bucket"))["LocationConstraint"] == "eu-west-1"
        with pytest.raises(s3.exceptions.BucketAlreadyOwnedByYou):
            await s3.create_bucket(Bucket="bucket")


async def test_create_elsewhere(world: World, s3: S3Client) -> None:
    with pytest.raises(ClientError, match="IllegalLocationConstraintException"):
        await s3.create_bucket(Bucket="other", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.raises(ClientError, match="NotImplemented"):
        await s3.create_bucket(
            Bucket="other",
            CreateBucketConfiguration={
                "Location": {"Type": "AvailabilityZone", "Name": "x"},
                "Bucket": {"Type": "Directory", "DataRedundancy": "SingleAvailabilityZone"},
            },
        )
    assert await world.contents() == {"bucket"}


async def test_a_bucket_is_created_with_tags(s3: S3Client, world: World) -> None:
    tags = [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}]
    await s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={"Tags": tags})
    assert (await s3.get_bucket_tagging(Bucket="tagged"))["TagSet"] == tags
    for wrong in ([{"Key": "a", "Value": "b"}] * 2, [{"Key": "aws:a", "Value": "b"}]):
        with pytest.raises(ClientError, match="InvalidTag"):
            await s3.create_bucket(Bucket="other", CreateBucketConfiguration={"Tags": wrong})
    assert await world.contents() == {"bucket", "tagged"}


async def test_a_location_may_be_stated_beside_tags(store: Store) -> None:
    async with serving(store, region="eu-west-1") as world, world.client() as s3:
        configuration = {"LocationConstraint": "EU", "Tags": [{"Key": "a", "Value": "b"}]}
        await s3.create_bucket(Bucket="bucket", CreateBucketConfiguration=configuration)
        assert (await s3.get_bucket_tagging(Bucket="bucket"))["TagSet"] == configuration["Tags"]
        with pytest.raises(ClientError, match="IllegalLocationConstraintException"):
            await s3.create_bucket(Bucket="other", CreateBucketConfiguration={"LocationConstraint": "us-east-1"})


async def test_only_own_buckets_are_listed(world: World, s3: S3Client) -> None:
    async with world.client("olga") as other:
        await other.create_bucket(Bucket="others-bucket")
        listed = await other.list_buckets()
        assert [row["Name"] for row in listed["Buckets"]] == ["others-bucket"]
        assert listed["Owner"] == {"ID": "acc-other", "DisplayName": "other"}
    assert [row["Name"] for row in (await s3.list_buckets())["Buckets"]] == ["bucket"]


async def test_buckets_in_pages(s3: S3Client) -> None:
    for name in ("pre-a", "pre-b", "pre-c", "zzz"):
        await s3.create_bucket(Bucket=name)
    first = await s3.list_buckets(Prefix="pre-", MaxBuckets=2)
    assert [row["Name"] for row in first["Buckets"]] == ["pre-a", "pre-b"]
    assert first["Prefix"] == "pre-"
    second = await s3.list_buckets(Prefix="pre-", MaxBuckets=2, ContinuationToken=first["ContinuationToken"])
    assert [row["Name"] for row in second["Buckets"]] == ["pre-c"]
    assert "ContinuationToken" not in second
    assert {row["BucketRegion"] for row in second["Buckets"]} == {"us-east-1"}
    assert (await s3.list_buckets(BucketRegion="eu-west-1"))["Buckets"] == []
    with pytest.raises(ClientError, match="InvalidArgument"):
        await s3.list_buckets(ContinuationToken="%%%")
