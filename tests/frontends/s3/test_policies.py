"""Bucket policies: how they are kept, and what they let others do or keep everybody from."""

import json
from collections.abc import Mapping
from typing import TypeAlias

import pytest
from botocore.exceptions import ClientError

from tests.frontends.marks import in_memory
from tests.frontends.s3.world import S3Client, World

Json: TypeAlias = "str | list[str] | Mapping[str, Json] | Mapping[str, bool]"

WHOLE = ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]


def statement(action: Json, effect: str = "Allow", principal: Json = "*", **more: object) -> dict[str, object]:
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": WHOLE, **more}


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


async def put(s3: S3Client, *statements: Mapping[str, object]) -> None:
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy(*statements))


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    return s3


async def test_a_policy_is_kept_as_it_was_put(s3: S3Client, world: World) -> None:
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        await s3.get_bucket_policy(Bucket="bucket")
    text = policy(statement("s3:GetObject")).replace(": ", " :  ")
    put = await s3.put_bucket_policy(Bucket="bucket", Policy=text)
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 204
    answer = await world.do("GET", "/bucket?policy")
    assert (answer.body.decode(), answer.headers["Content-Type"]) == (text, "application/json")
    for _ in range(2):
        await s3.delete_bucket_policy(Bucket="bucket")
    assert (await world.do("GET", "/bucket?policy")).code == "NoSuchBucketPolicy"
    assert (await world.ask("anybody", "GET", "/bucket/k")).status == 403


@in_memory
@pytest.mark.parametrize(
    "text",
    (
        "no json",
        "[]",
        '{"Version": "2012-10-17"}',
        policy(statement("s3:GetObject", effect="Maybe")),
        policy(statement("s3:Everything")),
        policy(statement("s3:GetObject", Resource="arn:aws:s3:::another-bucket/*")),
        policy(statement("s3:GetObject", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})),
        policy(statement("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/99"}})),
        policy({"Effect": "Allow", "NotPrincipal": "*", "Action": "s3:GetObject", "Resource": WHOLE}),
        policy(statement("s3:GetObject", Sid="x" * 21_000)),
    ),
)
async def test_what_is_no_policy_is_refused(s3: S3Client, world: World, text: str) -> None:
    answer = await world.do("PUT", "/bucket?policy", text.encode(), {"Content-Length": str(len(text))})
    assert (answer.status, answer.code) == (400, "MalformedPolicy")
    assert (await world.do("GET", "/bucket?policy")).code == "NoSuchBucketPolicy"


async def test_reading_by_everybody(s3: S3Client, world: World) -> None:
    await put(s3, statement("s3:GetObject"))
    for user in ("anybody", "nina", "olga", "norma"):
        assert (await world.ask(user, "GET", "/bucket/k")).body == b"x"
        assert (await world.ask(user, "HEAD", "/bucket/k")).status == 200
        assert (await world.ask(user, "GET", "/bucket")).code == "AccessDenied"
        assert (await world.ask(user, "GET", "/bucket/missing")).code == "AccessDenied"
        assert (await world.ask(user, "DELETE", "/bucket/k")).code == "AccessDenied"
        assert (await world.ask(user, "PUT", "/bucket/k", b"y")).code == "AccessDenied"


@in_memory
@pytest.mark.parametrize(
    ("principal", "users"),
    (
        ({"AWS": "acc-other"}, {"olga", "norma"}),
        ({"AWS": "arn:aws:iam::acc-other:root"}, {"olga", "norma"}),
        ({"AWS": ["arn:aws:iam::acc-other:user/norma"]}, {"norma"}),
        ({"AWS": "arn:aws:iam:::user/acc-other"}, {"olga", "norma"}),
        ({"CanonicalUser": "acc-other"}, {"olga", "norma"}),
        ({"AWS": "arn:aws:iam::acc-test:user/nina"}, {"nina"}),
        ({"Service": "logging.s3.amazonaws.com"}, set[str]()),
        ({"AWS": "*"}, {"anybody", "nina", "olga", "norma"}),
    ),
)
async def test_principals(s3: S3Client, world: World, principal: Json, users: set[str]) -> None:
    await put(s3, statement("s3:GetObject", principal=principal))
    asking = ("anybody", "nina", "olga", "norma")
    assert {user for user in asking if (await world.ask(user, "GET", "/bucket/k")).status == 200} == users


async def test_a_denial_wins_whoever_asks(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="secret/k", Body=b"x", ACL="public-read")
    deny = statement("s3:GetObject", "Deny", Resource="arn:aws:s3:::bucket/secret/*")
    await put(s3, statement("s3:*"), deny)
    for user in ("anybody", "nina", "walter", "alice", "olga", "opal"):
        assert (await world.ask(user, "GET", "/bucket/secret/k")).code == "AccessDenied"
        assert (await world.ask(user, "GET", "/bucket/k")).status == 200


async def test_the_owner_can_always_change_the_policy(s3: S3Client, world: World) -> None:
    await put(s3, statement("*", "Deny"))
    assert (await world.ask("alice", "GET", "/bucket")).status == 403
    assert (await world.ask("walter", "DELETE", "/bucket?policy")).status == 403
    assert (await s3.get_bucket_policy(Bucket="bucket"))["Policy"]
    await s3.delete_bucket_policy(Bucket="bucket")
    assert (await world.ask("alice", "GET", "/bucket")).status == 200


async def test_the_owner_can_give_up_the_right_to_change_the_policy(s3: S3Client, world: World) -> None:
    text = policy(statement(["s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:GetBucketPolicy"], "Deny"))
    await s3.put_bucket_policy(Bucket="bucket", Policy=text, ConfirmRemoveSelfBucketAccess=True)
    for method in ("GET", "PUT", "DELETE"):
        assert (await world.ask("alice", method, "/bucket?policy", b"{}" * (method == "PUT"))).status == 403
    assert (await world.ask("opal", "DELETE", "/bucket?policy")).status == 204
    assert (await world.do("GET", "/bucket?policy")).code == "NoSuchBucketPolicy"


async def test_not_action_and_not_resource(s3: S3Client, world: World) -> None:
    await put(
        s3,
        {"Effect": "Allow", "Principal": "*", "NotAction": "s3:Delete*", "Resource": WHOLE},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::bucket/k?"},
    )
    await s3.put_object(Bucket="bucket", Key="k1", Body=b"x")
    assert (await world.ask("norma", "PUT", "/bucket/new", b"x")).status == 200
    assert (await world.ask("norma", "DELETE", "/bucket/new")).status == 403
    assert (await world.ask("norma", "GET", "/bucket/k1")).status == 200
    assert (await world.ask("norma", "GET", "/bucket/k")).status == 403


async def test_not_principal(s3: S3Client, world: World) -> None:
    spared = {"AWS": "arn:aws:iam::acc-test:user/alice"}
    await put(s3, {"Effect": "Deny", "NotPrincipal": spared, "Action": "s3:GetObject", "Resource": WHOLE})
    assert (await world.ask("alice", "GET", "/bucket/k")).status == 200
    for user in ("walter", "rita", "opal", "anybody"):
        assert (await world.ask(user, "GET", "/bucket/k")).status == 403


async def test_listing_under_a_prefix(s3: S3Client, world: World) -> None:
    await put(
        s3,
        statement(
            "s3:ListBucket",
            principal={"AWS": "arn:aws:iam::acc-test:user/nina"},
            Condition={
                "StringLike": {"s3:prefix": "home/${aws:username}/*"},
                "StringEquals": {"s3:delimiter": "/"},
                "NumericLessThanEquals": {"s3:max-keys": "10"},
            },
        ),
    )
    allowed = "/bucket?delimiter=%2F&max-keys=10&prefix=home%2Fnina%2Fx"
    assert (await world.ask("nina", "GET", allowed)).status == 200
    for change in (("nina", "rita"), ("=10", "=11"), ("delimiter=%2F", "delimiter=-"), ("&max-keys=10", "")):
        assert (await world.ask("nina", "GET", allowed.replace(*change))).code == "AccessDenied"
    assert (await world.ask("norma", "GET", allowed)).status == 403


CONDITIONS = (
    ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}, True),
    ({"NotIpAddress": {"aws:SourceIp": "127.0.0.1/32"}}, False),
    ({"Bool": {"aws:SecureTransport": "true"}}, False),
    ({"Bool": {"aws:SecureTransport": False}}, True),
    ({"StringLike": {"aws:Referer": "http://good.example/*"}}, True),
    ({"StringNotLike": {"aws:Referer": "http://good.example/*"}}, False),
    ({"StringEquals": {"aws:UserAgent": "tester/1"}}, True),
    ({"StringEqualsIgnoreCase": {"aws:useragent": "TESTER/1"}}, True),
    ({"Null": {"s3:prefix": "true"}}, True),
    ({"Null": {"aws:Referer": "true"}}, False),
    ({"StringEqualsIfExists": {"s3:prefix": "a"}}, True),
    ({"StringEquals": {"s3:prefix": "a"}}, False),
    ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
    ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
    ({"NumericGreaterThan": {"aws:EpochTime": "1500000000"}}, True),
    ({"StringEquals": {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}}, True),
    ({"NumericLessThan": {"s3:signatureAge": "600000"}}, True),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::acc-other:user/*"}}, True),
    ({"StringEquals": {"aws:userid": "acc-other:norma", "aws:PrincipalAccount": "acc-other"}}, True),
    ({"StringEquals": {"s3:x-amz-expected-bucket-owner": "acc-test"}}, True),
    ({"StringEquals": {"s3:ResourceAccount": "acc-test"}}, True),
)


@in_memory
@pytest.mark.parametrize(("condition", "allowed"), CONDITIONS)
async def test_conditions(s3: S3Client, world: World, condition: Json, allowed: bool) -> None:
    await put(s3, statement("s3:GetObject", Condition=condition))
    answer = await world.ask(
        "norma",
        "GET",
        "/bucket/k",
        Referer="http://good.example/page",
        User_Agent="tester/1",
        x_amz_expected_bucket_owner="acc-test",
    )
    assert (answer.status == 200) is allowed


async def test_lists_that_writers_state_may_be_demanded(s3: S3Client, world: World) -> None:
    full = {"StringEquals": {"s3:x-amz-grant-full-control": "id=acc-test"}}
    await put(s3, statement("s3:PutObject", Condition=full))
    assert (await world.ask("olga", "PUT", "/bucket/a", b"x")).status == 403
    assert (await world.ask("olga", "PUT", "/bucket/a", b"x", x_amz_grant_full_control="id=acc-test")).status == 200
    found = await s3.get_object_acl(Bucket="bucket", Key="a")
    assert [(row["Grantee"]["ID"], row["Permission"]) for row in found["Grants"]] == [("acc-test", "FULL_CONTROL")]


async def test_public_lists_may_be_forbidden(s3: S3Client, world: World) -> None:
    public = {"StringLike": {"s3:x-amz-acl": "public*"}}
    await put(s3, statement("s3:PutObject"), statement("s3:PutObject", "Deny", Condition=public))
    for user in ("olga", "alice"):
        assert (await world.ask(user, "PUT", "/bucket/a", b"x")).status == 200
        assert (await world.ask(user, "PUT", "/bucket/a", b"x", x_amz_acl="public-read")).status == 403


async def test_sources_of_copies(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="public/a", Body=b"x")
    await s3.put_object(Bucket="bucket", Key="private/a", Body=b"x")
    source = {"StringLike": {"s3:x-amz-copy-source": "bucket/public/*"}}
    await put(s3, statement("s3:GetObject"), statement("s3:PutObject", Condition=source))
    for key, status in (("bucket/public/a", 200), ("/bucket/public%2Fa", 200), ("bucket/private/a", 403)):
        assert (await world.ask("olga", "PUT", "/bucket/copy", x_amz_copy_source=key)).status == status
    assert (await world.ask("olga", "PUT", "/bucket/copy", b"x")).status == 403


async def test_copies_need_the_right_to_read_their_source(s3: S3Client, world: World) -> None:
    await put(s3, statement("s3:PutObject"))
    assert (await world.ask("olga", "PUT", "/bucket/copy", x_amz_copy_source="bucket/k")).status == 403
    await put(s3, statement(["s3:PutObject", "s3:GetObject"]))
    assert (await world.ask("olga", "PUT", "/bucket/copy", x_amz_copy_source="bucket/k")).status == 200


async def test_multipart_uploads(s3: S3Client, world: World) -> None:
    await put(s3, statement(["s3:PutObject"]))
    async with world.client("olga") as other:
        upload = (await other.create_multipart_upload(Bucket="bucket", Key="big"))["UploadId"]
        part = await other.upload_part(Bucket="bucket", Key="big", UploadId=upload, PartNumber=1, Body=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            await other.list_parts(Bucket="bucket", Key="big", UploadId=upload)
        await put(s3, statement(["s3:PutObject"]), statement("s3:PutObject", "Deny", Resource=WHOLE[1] + "/sub"))
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        await other.complete_multipart_upload(
            Bucket="bucket", Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        assert (await world.ask("olga", "GET", "/bucket/big")).body == b"x"


async def test_deleting_many_heeds_each_objects_statement(s3: S3Client, world: World) -> None:
    for key in ("keep/a", "drop/a"):
        await s3.put_object(Bucket="bucket", Key=key, Body=b"x")
    await put(s3, statement("s3:DeleteObject", "Deny", Resource="arn:aws:s3:::bucket/keep/*"))
    answer = await s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "keep/a"}, {"Key": "drop/a"}]})
    assert [row["Key"] for row in answer["Deleted"]] == ["drop/a"]
    assert [(row["Key"], row["Code"]) for row in answer["Errors"]] == [("keep/a", "AccessDenied")]
    assert await world.contents() == {"bucket", "bucket/k", "bucket/keep/a"}


@pytest.mark.parametrize(
    ("statements", "acl", "public"),
    (
        ((), "private", False),
        ((), "public-read", True),
        ((), "authenticated-read", True),
        ((statement("s3:ListBucket"),), "private", True),
        ((statement("s3:ListBucket", principal={"AWS": "acc-other"}),), "private", False),
        ((statement("s3:ListBucket", "Deny"),), "private", False),
        ((statement("s3:ListBucket", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/32"}}),), "private", False),
        ((statement("s3:ListBucket", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),), "private", True),
        ((statement("s3:ListBucket", Condition={"StringLike": {"aws:Referer": "http://x/"}}),), "private", True),
    ),
)
async def test_policy_status(s3: S3Client, statements: tuple[dict[str, object], ...], acl: str, public: bool) -> None:
    if statements:
        await put(s3, *statements)
    await s3.put_bucket_acl(Bucket="bucket", ACL=acl)
    status = await s3.get_bucket_policy_status(Bucket="bucket")
    assert status["PolicyStatus"]["IsPublic"] is public


@pytest.mark.parametrize("user", ("walter", "rita", "nina", "olga", "anybody"))
async def test_rules_of_a_bucket_are_for_its_owner(s3: S3Client, world: World, user: str) -> None:
    for target in ("policy", "policyStatus", "ownershipControls", "publicAccessBlock", "acl"):
        for method in ("GET", "PUT", "DELETE"):
            if (method, target) not in {("PUT", "policyStatus"), ("DELETE", "policyStatus"), ("DELETE", "acl")}:
                answer = await world.ask(user, method, f"/bucket?{target}", b"<x/>" * (method == "PUT"))
                assert (answer.status, answer.code) == (403, "AccessDenied"), target
