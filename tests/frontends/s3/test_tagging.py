"""Tags of objects and buckets: what sets them, what keeps them, who may, and what policies make of them."""

from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError

from tests.frontends.marks import in_memory
from tests.frontends.s3.history import refusal, switch
from tests.frontends.s3.test_policies import policy, statement
from tests.frontends.s3.test_post import USUAL, USUAL_FIELDS, V4, form, post, sign_v4
from tests.frontends.s3.test_post import policy as form_policy
from tests.frontends.s3.world import S3Client, World

KEY = {"Bucket": "bucket", "Key": "k"}
Tags = dict[str, str]


def rows(tags: Mapping[str, str]) -> dict[str, object]:
    return {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}


def document(tags: Mapping[str, str]) -> bytes:
    inner = "".join(f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" for name, value in tags.items())
    return f"<Tagging><TagSet>{inner}</TagSet></Tagging>".encode()


async def tags_of(s3: S3Client, key: str = "k", **version: str) -> Tags:
    answer = await s3.get_object_tagging(Bucket="bucket", Key=key, **version)
    return {row["Key"]: row["Value"] for row in answer["TagSet"]}


async def test_tags_are_put_replaced_and_deleted(s3: S3Client, world: World) -> None:
    etag = (await s3.put_object(**KEY, Body=b"x", Metadata={"m": "1"}))["ETag"]
    assert await tags_of(s3) == {}
    assert "TagCount" not in await s3.head_object(**KEY)
    await s3.put_object_tagging(**KEY, Tagging=rows({"a": "1", "b": ""}))
    assert await tags_of(s3) == {"a": "1", "b": ""}
    await s3.put_object_tagging(**KEY, Tagging=rows({"ä/λ": "x = y"}))
    assert await tags_of(s3) == {"ä/λ": "x = y"}
    for found in (await s3.head_object(**KEY), await s3.get_object(**KEY)):
        assert (found["TagCount"], found["ETag"], found["Metadata"]) == (1, etag, {"m": "1"})
    gone = await s3.delete_object_tagging(**KEY)
    assert gone["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert await tags_of(s3) == {}
    await s3.put_object_tagging(**KEY, Tagging=rows({"a": "1"}))
    await s3.put_object_tagging(**KEY, Tagging={"TagSet": []})
    assert (await world.do("GET", "/bucket/k?tagging")).body.count(b"<TagSet></TagSet>") == 1


async def test_objects_that_are_not_there(s3: S3Client) -> None:
    for call in (
        s3.get_object_tagging(**KEY),
        s3.put_object_tagging(**KEY, Tagging=rows({"a": "1"})),
        s3.delete_object_tagging(**KEY),
    ):
        assert (await refusal(call))["code"] == "NoSuchKey"


@in_memory
@pytest.mark.parametrize(
    ("body", "code"),
    (
        (document({"a": "v" * 257}), "InvalidTag"),
        (document({"k" * 129: ""}), "InvalidTag"),
        (document({"a&amp;b": ""}), "InvalidTag"),
        (document({"aws:a": "1"}), "InvalidTag"),
        (document({str(n): "" for n in range(11)}), "InvalidTag"),
        (document({"a": "1"}).replace(b"</Tag>", b"</Tag><Tag><Key>a</Key><Value>2</Value></Tag>"), "InvalidTag"),
        (b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML"),
        (b"<Tagging/>", "MalformedXML"),
        (b"no xml", "MalformedXML"),
        (b"", "MissingRequestBodyError"),
    ),
)
async def test_tags_that_are_refused(s3: S3Client, world: World, body: bytes, code: str) -> None:
    await s3.put_object(**KEY, Body=b"x", Tagging="kept=1")
    answer = await world.do("PUT", "/bucket/k?tagging", body, {"Content-Length": str(len(body))})
    assert (answer.status, answer.code) == (400, code)
    assert await tags_of(s3) == {"kept": "1"}


async def test_tags_of_versions(s3: S3Client) -> None:
    await switch(s3, "Enabled")
    first = (await s3.put_object(**KEY, Body=b"1", Tagging="v=1"))["VersionId"]
    second = (await s3.put_object(**KEY, Body=b"2", Tagging="v=2"))["VersionId"]
    put = await s3.put_object_tagging(**KEY, VersionId=first, Tagging=rows({"v": "one"}))
    assert put["VersionId"] == first
    assert await tags_of(s3, VersionId=first) == {"v": "one"}
    assert await tags_of(s3, VersionId=second) == await tags_of(s3) == {"v": "2"}
    assert (await s3.get_object_tagging(**KEY))["VersionId"] == second
    assert (await s3.delete_object_tagging(**KEY, VersionId=first))["VersionId"] == first
    assert await tags_of(s3, VersionId=first) == {}
    assert (await s3.head_object(**KEY, VersionId=second))["TagCount"] == 1
    assert len((await s3.list_object_versions(Bucket="bucket"))["Versions"]) == 2
    marker = (await s3.delete_object(**KEY))["VersionId"]
    assert (await refusal(s3.get_object_tagging(**KEY)))["code"] == "NoSuchKey"
    assert (await refusal(s3.get_object_tagging(**KEY, VersionId=marker)))["code"] == "MethodNotAllowed"


async def test_tags_of_what_is_put(s3: S3Client, world: World) -> None:
    await s3.put_object(**KEY, Body=b"x", Tagging="foo=bar&bar")
    assert await tags_of(s3) == {"bar": "", "foo": "bar"}
    for header, code in (("a=1&a=2", "InvalidArgument"), ("a=<", "InvalidTag"), ("aws:a=1", "InvalidTag")):
        answer = await world.do("PUT", "/bucket/k", b"y", {"x-amz-tagging": header})
        assert (answer.status, answer.code) == (400, code)
    assert (await world.do("GET", "/bucket/k")).body == b"x"
    await s3.put_object(**KEY, Body=b"y")
    assert await tags_of(s3) == {}


async def test_tags_of_a_multipart_upload(s3: S3Client) -> None:
    upload = (await s3.create_multipart_upload(**KEY, Tagging="a=1&b=2"))["UploadId"]
    etag = (await s3.upload_part(**KEY, UploadId=upload, PartNumber=1, Body=b"x"))["ETag"]
    await s3.complete_multipart_upload(
        **KEY, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert await tags_of(s3) == {"a": "1", "b": "2"}
    with pytest.raises(ClientError, match="InvalidTag"):
        await s3.create_multipart_upload(**KEY, Tagging="aws:a=1")


async def test_tags_of_a_form(s3: S3Client, world: World) -> None:
    conditions = (*USUAL, *V4, ["starts-with", "$tagging", ""])
    signed = sign_v4(form_policy(*conditions))
    text = document({"a": "1", "b": "ä"}).decode().replace("<TagSet>", "\n<TagSet>")
    assert (await post(world, form({**USUAL_FIELDS, **signed, "tagging": text}))).status == 204
    assert await tags_of(s3, "foo.txt") == {"a": "1", "b": "ä"}
    for text, code in (("no xml", "MalformedXML"), (document({"aws:a": ""}).decode(), "InvalidTag")):
        assert (await post(world, form({**USUAL_FIELDS, **signed, "tagging": text}))).code == code


@pytest.mark.parametrize(
    ("options", "expected"),
    (
        ({}, {"a": "1"}),
        ({"Tagging": "b=2"}, {"a": "1"}),
        ({"TaggingDirective": "REPLACE", "Tagging": "b=2"}, {"b": "2"}),
        ({"TaggingDirective": "REPLACE"}, {}),
        ({"MetadataDirective": "REPLACE", "Metadata": {"n": "2"}}, {"a": "1"}),
        (
            {"MetadataDirective": "REPLACE", "Metadata": {}, "TaggingDirective": "REPLACE", "Tagging": "b=2"},
            {"b": "2"},
        ),
    ),
)
async def test_tags_of_copies(s3: S3Client, options: dict[str, object], expected: Tags) -> None:
    await s3.put_object(**KEY, Body=b"x", Tagging="a=1", Metadata={"m": "1"}, ContentType="text/x")
    await s3.copy_object(Bucket="bucket", Key="to", CopySource=KEY, **options)
    assert await tags_of(s3, "to") == expected
    head = await s3.head_object(Bucket="bucket", Key="to")
    assert head["Metadata"] == options.get("Metadata", {"m": "1"})
    assert await tags_of(s3) == {"a": "1"}


async def test_directives_that_are_none(s3: S3Client, world: World) -> None:
    await s3.put_object(**KEY, Body=b"x")
    headers = {"x-amz-copy-source": "bucket/k", "x-amz-tagging-directive": "MERGE"}
    answer = await world.do("PUT", "/bucket/to", b"", headers)
    assert (answer.status, answer.code, answer.element("ArgumentValue")) == (400, "InvalidArgument", "MERGE")


async def test_tags_of_a_bucket(s3: S3Client, world: World) -> None:
    for _ in range(2):
        answer = await world.do("GET", "/bucket?tagging")
        assert (answer.status, answer.code) == (404, "NoSuchTagSet")
        put = await s3.put_bucket_tagging(Bucket="bucket", Tagging=rows({"b": "2", "a": "1"}))
        assert put["ResponseMetadata"]["HTTPStatusCode"] == 204
        found = await s3.get_bucket_tagging(Bucket="bucket")
        assert found["TagSet"] == rows({"a": "1", "b": "2"})["TagSet"]
        await s3.delete_bucket_tagging(Bucket="bucket")
        await s3.delete_bucket_tagging(Bucket="bucket")
    await s3.put_bucket_tagging(Bucket="bucket", Tagging=rows({str(n): "" for n in range(50)}))
    with pytest.raises(ClientError, match="InvalidTag"):
        await s3.put_bucket_tagging(Bucket="bucket", Tagging=rows({str(n): "" for n in range(51)}))
    assert len((await s3.get_bucket_tagging(Bucket="bucket"))["TagSet"]) == 50


DOES = {
    "see": ("GET", "/bucket/k?tagging"),
    "tag": ("PUT", "/bucket/k?tagging"),
    "untag": ("DELETE", "/bucket/k?tagging"),
    "see bucket": ("GET", "/bucket?tagging"),
    "tag bucket": ("PUT", "/bucket?tagging"),
    "untag bucket": ("DELETE", "/bucket?tagging"),
}


@pytest.mark.parametrize(
    ("user", "allowed"),
    (
        ("opal", set(DOES)),
        ("alice", set(DOES)),
        ("walter", {"see", "tag", "untag"}),
        ("rita", {"see"}),
        ("nina", set[str]()),
        ("olga", set[str]()),
        ("anybody", set[str]()),
    ),
)
async def test_what_each_role_may(s3: S3Client, world: World, user: str, allowed: set[str]) -> None:
    await s3.put_bucket_tagging(Bucket="bucket", Tagging=rows({"a": "1"}))
    await s3.put_object(**KEY, Body=b"x")
    may = set()
    for name, (method, target) in DOES.items():
        answer = await world.ask(user, method, target, document({"a": "1"}) if method == "PUT" else b"")
        if answer.status < 300:
            may.add(name)
        else:
            assert (answer.status, answer.code) == (403, "AccessDenied")
    assert may == allowed


async def test_a_put_with_tags_needs_both_rights(s3: S3Client, world: World) -> None:
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy(statement(["s3:PutObject", "s3:ListBucket"])))
    assert (await world.ask("olga", "PUT", "/bucket/k", b"x")).status == 200
    for target in ("/bucket/k", "/bucket/new"):
        answer = await world.ask("olga", "PUT", target, b"x", x_amz_tagging="a=1")
        assert (answer.status, answer.code) == (403, "AccessDenied")
    await s3.put_bucket_policy(
        Bucket="bucket", Policy=policy(statement(["s3:PutObject", "s3:PutObjectTagging", "s3:ListBucket"]))
    )
    assert (await world.ask("olga", "PUT", "/bucket/new", b"x", x_amz_tagging="a=1")).status == 200


async def test_the_count_is_for_who_may_see_the_tags(s3: S3Client, world: World) -> None:
    await s3.put_object(**KEY, Body=b"x", Tagging="a=1&b=2")
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy(statement("s3:GetObject")))
    assert "x-amz-tagging-count" not in (await world.ask("anybody", "GET", "/bucket/k")).headers
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy(statement(["s3:GetObject", "s3:GetObjectTagging"])))
    assert (await world.ask("anybody", "GET", "/bucket/k")).headers["x-amz-tagging-count"] == "2"


async def test_a_copy_of_tags_needs_the_right_to_see_them(s3: S3Client, world: World) -> None:
    await s3.put_object(**KEY, Body=b"x", Tagging="a=1")
    source = "bucket/k"
    for actions, status in (
        (["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"], 403),
        (["s3:GetObject", "s3:PutObject", "s3:GetObjectTagging"], 403),
        (["s3:GetObject", "s3:PutObject", "s3:GetObjectTagging", "s3:PutObjectTagging"], 200),
    ):
        await s3.put_bucket_policy(Bucket="bucket", Policy=policy(statement(actions)))
        assert (await world.ask("olga", "PUT", "/bucket/to", x_amz_copy_source=source)).status == status
    replaced = await world.ask(
        "olga", "PUT", "/bucket/to2", x_amz_copy_source=source, x_amz_tagging_directive="REPLACE"
    )
    assert replaced.status == 200


async def test_policies_ask_for_tags_that_stand(s3: S3Client, world: World) -> None:
    condition = {"StringEquals": {"s3:ExistingObjectTag/security": "public"}}
    actions = ["s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging"]
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy(statement(actions, Condition=condition)))
    for key, tagging in (("k", "security=public&a=b"), ("l", "security=private"), ("m", "")):
        await s3.put_object(Bucket="bucket", Key=key, Body=b"x", Tagging=tagging)
    for target in ("/bucket/%s", "/bucket/%s?tagging"):
        assert [(await world.ask("olga", "GET", target % key)).status for key in "klm"] == [200, 403, 403]
    asked = [await world.ask("olga", "PUT", f"/bucket/{key}?tagging", document({"security": "x"})) for key in "klm"]
    assert [answer.status for answer in asked] == [200, 403, 403]
    assert (await world.ask("olga", "GET", "/bucket/k")).status == 403


async def test_policies_ask_for_tags_that_are_given(s3: S3Client, world: World) -> None:
    condition = {"StringEquals": {"s3:RequestObjectTag/security": "public"}}
    actions = ["s3:PutObject", "s3:PutObjectTagging"]
    await s3.put_bucket_policy(
        Bucket="bucket", Policy=policy(statement(actions, Condition=condition), statement("s3:GetObject"))
    )
    assert (await world.ask("olga", "PUT", "/bucket/k", b"x")).status == 403
    assert (await world.ask("olga", "PUT", "/bucket/k", b"x", x_amz_tagging="security=secret")).status == 403
    assert (await world.ask("olga", "PUT", "/bucket/k", b"x", x_amz_tagging="security=public")).status == 200
    for tags, status in (({"security": "public"}, 200), ({"security": "secret"}, 403), ({}, 403)):
        answer = await world.ask("olga", "PUT", "/bucket/k?tagging", document(tags))
        assert answer.status == status
    assert await tags_of(s3) == {"security": "public"}
    pretended = await world.ask(
        "olga", "PUT", "/bucket/l", x_amz_copy_source="bucket/k", x_amz_tagging="security=public"
    )
    assert pretended.status == 403


async def test_a_version_needs_a_right_of_its_own(s3: S3Client, world: World) -> None:
    await switch(s3, "Enabled")
    version = (await s3.put_object(**KEY, Body=b"x", Tagging="a=1"))["VersionId"]
    actions = ["s3:GetObjectTagging", "s3:PutObjectTagging", "s3:DeleteObjectTagging"]
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy(statement(actions)))
    body = {"GET": b"", "PUT": document({"a": "2"}), "DELETE": b""}
    for method, sent in body.items():
        asked = await world.ask("olga", method, f"/bucket/k?tagging&versionId={version}", sent)
        assert (asked.status, asked.code) == (403, "AccessDenied")
        assert (await world.ask("olga", method, "/bucket/k?tagging", sent)).status < 300
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy(statement("s3:*ObjectVersionTagging")))
    for method, sent in body.items():
        asked = await world.ask("olga", method, f"/bucket/k?tagging&versionId={version}", sent)
        assert asked.status < 300
        assert (await world.ask("olga", method, "/bucket/k?tagging", sent)).status == 403


async def test_who_may_write_by_the_access_list_may_tag(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    assert (await world.ask("anybody", "PUT", "/bucket/k", b"x", x_amz_tagging="a=1")).status == 200
    assert await tags_of(s3) == {"a": "1"}
