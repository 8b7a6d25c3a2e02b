"""The rules of a bucket's lifecycle: put, shown, refused, and told of with objects."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.frontends.s3.history import BUCKET, KEY, refusal, switch
from tests.frontends.s3.world import S3Client, World

MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)
DAYS = {"Days": 1}
TAG = {"Key": "a", "Value": "1"}


def rule(**members: Any) -> dict[str, Any]:
    return {"ID": "one", "Status": "Enabled", "Filter": {}, "Expiration": DAYS, **members}


def plain(**members: Any) -> dict[str, Any]:
    """A rule of the old form."""
    made = {**rule(Prefix="p/"), **members}
    del made["Filter"]
    return made


async def put(s3: S3Client, *rules: dict[str, Any]) -> None:
    await s3.put_bucket_lifecycle_configuration(**BUCKET, LifecycleConfiguration={"Rules": list(rules)})


GOOD = {
    "of all": [rule()],
    "of the old form": [plain()],
    "of the old form for all": [plain(Prefix="")],
    "switched off": [rule(Status="Disabled")],
    "an empty prefix": [rule(Filter={"Prefix": ""})],
    "a prefix": [rule(Filter={"Prefix": "logs/&é"})],
    "a tag": [rule(Filter={"Tag": TAG})],
    "a tag without a value": [rule(Filter={"Tag": {"Key": "a", "Value": ""}})],
    "a least size": [rule(Filter={"ObjectSizeGreaterThan": 0})],
    "a largest size": [rule(Filter={"ObjectSizeLessThan": 64000})],
    "all at once": [
        rule(
            Filter={
                "And": {
                    "Prefix": "p/",
                    "Tags": [TAG, {"Key": "b", "Value": ""}],
                    "ObjectSizeGreaterThan": 5,
                    "ObjectSizeLessThan": 64000,
                }
            }
        )
    ],
    "tags alone": [rule(Filter={"And": {"Tags": [TAG, {"Key": "b", "Value": "2"}]}})],
    "a date": [rule(Expiration={"Date": MIDNIGHT})],
    "a date in the past": [rule(Expiration={"Date": datetime(2017, 9, 27, tzinfo=UTC)})],
    "markers": [rule(Expiration={"ExpiredObjectDeleteMarker": True})],
    "uploads": [{**plain(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 3}), "Expiration": DAYS}],
    "past versions": [rule(NoncurrentVersionExpiration={"NoncurrentDays": 30})],
    "past versions but some": [rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 5})],
    "several": [rule(), rule(ID="two", Expiration={"Days": 365}), plain(ID="three", Status="Disabled")],
    "the longest id": [rule(ID="x" * 255)],
    "a thousand": [rule(ID=str(number)) for number in range(1000)],
}


async def test_rules_are_put_shown_and_deleted(s3: S3Client) -> None:
    for name, rules in GOOD.items():
        missing = await refusal(s3.get_bucket_lifecycle_configuration(**BUCKET))
        assert (missing["status"], missing["code"]) == (404, "NoSuchLifecycleConfiguration")
        await put(s3, *rules)
        assert (await s3.get_bucket_lifecycle_configuration(**BUCKET))["Rules"] == rules, name
        for _ in range(2):
            gone = await s3.delete_bucket_lifecycle(**BUCKET)
            assert gone["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize(
    ("stated", "meant"),
    (
        ({"Prefix": "p", "Tag": TAG}, {"Prefix": "p", "Tags": [TAG]}),
        ({"Prefix": "", "ObjectSizeGreaterThan": 5}, {"ObjectSizeGreaterThan": 5}),
        ({"Prefix": "p", "And": {"Tags": [TAG]}}, {"Prefix": "p", "Tags": [TAG]}),
        (
            {"Prefix": "p/", "Tag": {"Key": "b", "Value": ""}, "And": {"Prefix": "p", "Tags": [TAG]}},
            {"Prefix": "p/", "Tags": [{"Key": "b", "Value": ""}, TAG]},
        ),
        (
            {"ObjectSizeLessThan": 9, "And": {"ObjectSizeLessThan": 8, "ObjectSizeGreaterThan": 2}},
            {"ObjectSizeGreaterThan": 2, "ObjectSizeLessThan": 8},
        ),
    ),
)
async def test_conditions_side_by_side_are_joined(s3: S3Client, stated: dict[str, Any], meant: dict[str, Any]) -> None:
    """As Ceph does; its clients write so."""
    await put(s3, rule(Filter=stated))
    assert (await s3.get_bucket_lifecycle_configuration(**BUCKET))["Rules"] == [rule(Filter={"And": meant})]


async def test_a_rule_without_an_id_is_given_one(s3: S3Client) -> None:
    unnamed = [{**rule(), "ID": ""}, rule()]
    del unnamed[1]["ID"]
    await put(s3, *unnamed)
    found = (await s3.get_bucket_lifecycle_configuration(**BUCKET))["Rules"]
    ids = {row["ID"] for row in found}
    assert len(ids) == 2
    assert all(20 <= len(id_) <= 255 for id_ in ids)


NONCURRENT = {"NoncurrentDays": 1}
BAD = {
    "no rules": ([], "MalformedXML"),
    "too many": ([rule(ID=str(number)) for number in range(1001)], "MalformedXML"),
    "the same id": ([rule(), rule(Expiration={"Days": 2})], "InvalidArgument"),
    "a long id": ([rule(ID="x" * 256)], "InvalidArgument"),
    "a wrong status": ([rule(Status="enabled")], "MalformedXML"),
    "both forms": ([rule(Prefix="p")], "MalformedXML"),
    "no form": ([{"ID": "a", "Status": "Enabled", "Expiration": DAYS}], "MalformedXML"),
    "nothing to do": ([{"ID": "a", "Status": "Enabled", "Filter": {}}], "InvalidRequest"),
    "no days": ([rule(Expiration={"Days": 0})], "InvalidArgument"),
    "less than no days": ([rule(Expiration={"Days": -1})], "InvalidArgument"),
    "too many days": ([rule(Expiration={"Days": 2**31})], "InvalidArgument"),
    "days and a date": ([rule(Expiration={"Days": 1, "Date": MIDNIGHT})], "MalformedXML"),
    "days and markers": ([rule(Expiration={"Days": 1, "ExpiredObjectDeleteMarker": True})], "MalformedXML"),
    "neither": ([rule(Expiration={})], "MalformedXML"),
    "no midnight": ([rule(Expiration={"Date": MIDNIGHT + timedelta(seconds=1)})], "InvalidArgument"),
    "a tag of two values": (
        [rule(Filter={"Tag": {**TAG, "Value": "2"}, "And": {"Tags": [TAG]}})],
        "InvalidRequest",
    ),
    "no size at all": ([rule(Filter={"ObjectSizeLessThan": 5, "ObjectSizeGreaterThan": 5})], "InvalidRequest"),
    "two prefixes": ([rule(Filter={"Prefix": "p", "And": {"Prefix": "q", "Tags": [TAG]}})], "MalformedXML"),
    "a tag twice": ([rule(Filter={"And": {"Tags": [TAG, {**TAG, "Value": "2"}]}})], "InvalidRequest"),
    "a bad tag": ([rule(Filter={"Tag": {"Key": "<", "Value": ""}})], "InvalidTag"),
    "a long prefix": ([rule(Filter={"Prefix": "é" * 513})], "InvalidRequest"),
    "a long old prefix": ([plain(Prefix="x" * 1025)], "InvalidRequest"),
    "a negative size": ([rule(Filter={"ObjectSizeGreaterThan": -1})], "InvalidRequest"),
    "smaller than anything": ([rule(Filter={"ObjectSizeLessThan": 0})], "InvalidRequest"),
    "sizes that exclude each other": (
        [rule(Filter={"And": {"ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 5}})],
        "InvalidRequest",
    ),
    "markers of a tag": (
        [rule(Filter={"Tag": TAG}, Expiration={"ExpiredObjectDeleteMarker": True})],
        "InvalidRequest",
    ),
    "uploads of a tag": (
        [rule(Filter={"Tag": TAG}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})],
        "InvalidRequest",
    ),
    "uploads of a size": (
        [rule(Filter={"ObjectSizeLessThan": 9}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})],
        "InvalidRequest",
    ),
    "uploads at once": ([rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 0})], "InvalidArgument"),
    "uploads never": ([rule(AbortIncompleteMultipartUpload={})], "MalformedXML"),
    "past versions at once": ([rule(NoncurrentVersionExpiration={"NoncurrentDays": 0})], "InvalidArgument"),
    "past versions never": ([rule(NoncurrentVersionExpiration={"NewerNoncurrentVersions": 1})], "MalformedXML"),
    "past versions but none": (
        [rule(NoncurrentVersionExpiration={**NONCURRENT, "NewerNoncurrentVersions": 0})],
        "InvalidArgument",
    ),
    "past versions but many": (
        [rule(NoncurrentVersionExpiration={**NONCURRENT, "NewerNoncurrentVersions": 101})],
        "InvalidArgument",
    ),
    "past versions but some, in the old form": (
        [plain(NoncurrentVersionExpiration={**NONCURRENT, "NewerNoncurrentVersions": 1})],
        "InvalidRequest",
    ),
    "a transition": ([rule(Transitions=[{"Days": 1, "StorageClass": "GLACIER"}])], "InvalidStorageClass"),
    "a transition of past versions": (
        [rule(NoncurrentVersionTransitions=[{"NoncurrentDays": 1, "StorageClass": "GLACIER"}])],
        "InvalidStorageClass",
    ),
}


async def test_rules_that_are_refused_leave_those_that_stand(s3: S3Client) -> None:
    await put(s3, rule(ID="stands"))
    for name, (rules, code) in BAD.items():
        told = await refusal(put(s3, *rules))
        assert (told["status"], told["code"]) == (400, code), name
    assert (await s3.get_bucket_lifecycle_configuration(**BUCKET))["Rules"] == [rule(ID="stands")]


@pytest.mark.parametrize(
    ("body", "code"),
    (
        (b"<Other/>", "MalformedXML"),
        (b"<LifecycleConfiguration>", "MalformedXML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><LifecycleConfiguration/>", "MalformedXML"),
        (
            (
                b"<LifecycleConfiguration><Rule><Status>Enabled</Status><Prefix/><Expiration><Date>soon</Date>"
                b"</Expiration></Rule></LifecycleConfiguration>"
            ),
            "MalformedXML",
        ),
        (b"", "MissingRequestBodyError"),
    ),
)
async def test_documents_that_are_none(world: World, bucket: str, body: bytes, code: str) -> None:
    answer = await world.do("PUT", "/bucket?lifecycle", body)
    assert (answer.status, answer.code) == (400, code)


async def test_only_who_rules_the_bucket_may_rule_this(s3: S3Client, world: World) -> None:
    for user in ("walter", "rita", "nina", "olga", "anybody"):
        for method, body in (("GET", b""), ("PUT", b"<LifecycleConfiguration/>"), ("DELETE", b"")):
            assert (await world.ask(user, method, "/bucket?lifecycle", body)).code == "AccessDenied"


def told(answer: dict[str, Any]) -> tuple[datetime, str]:
    found = re.fullmatch(r'expiry-date="(.*)", rule-id="(.*)"', answer["Expiration"])
    assert found is not None
    return parsedate_to_datetime(found[1]), found[2]


async def test_answers_tell_when_an_object_expires(s3: S3Client) -> None:
    plain_answer = await s3.put_object(**KEY, Body=b"x")
    assert "Expiration" not in plain_answer
    await put(
        s3,
        rule(ID="by days/é", Filter={"Prefix": "k"}, Expiration={"Days": 3}),
        rule(ID="later", Expiration={"Days": 9}),
        rule(ID="tagged", Filter={"Tag": TAG}),
        rule(ID="elsewhere", Filter={"Prefix": "other"}),
        rule(ID="off", Status="Disabled"),
    )
    written = await s3.put_object(**KEY, Body=b"x")
    shown = [
        written,
        await s3.head_object(**KEY),
        await s3.get_object(**KEY),
        await s3.copy_object(**KEY, CopySource="bucket/k", MetadataDirective="REPLACE"),
    ]
    upload = (await s3.create_multipart_upload(**KEY))["UploadId"]
    part = await s3.upload_part(**KEY, UploadId=upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    shown.append(await s3.complete_multipart_upload(**KEY, UploadId=upload, MultipartUpload=parts))
    for answer in shown:
        at, id_ = told(answer)
        assert (at.hour, at.minute, at.second) == (0, 0, 0)
        assert timedelta(days=3) <= at - (await s3.head_object(**KEY))["LastModified"] <= timedelta(days=4)
        assert id_ == "by%20days%2F%C3%A9"
    tagged = await s3.put_object(**KEY, Body=b"x", Tagging="a=1")
    assert told(tagged)[1] == "tagged"
    assert told(await s3.put_object(Bucket="bucket", Key="n", Body=b"x"))[1] == "later"


async def test_nothing_is_told_of_versions(s3: S3Client) -> None:
    await switch(s3, "Enabled")
    await put(s3, rule())
    written = await s3.put_object(**KEY, Body=b"x")
    assert told(written)[1] == told(await s3.head_object(**KEY))[1] == "one"
    assert "Expiration" not in await s3.head_object(**KEY, VersionId=written["VersionId"])


async def test_answers_tell_when_an_upload_is_aborted(s3: S3Client) -> None:
    plain_answer = await s3.create_multipart_upload(**KEY)
    assert "AbortDate" not in plain_answer
    aborting = {"DaysAfterInitiation": 3}
    await put(s3, rule(Filter={"Prefix": "k"}, AbortIncompleteMultipartUpload=aborting), rule(ID="other"))
    begun = await s3.create_multipart_upload(**KEY)
    shown = await s3.list_parts(**KEY, UploadId=begun["UploadId"])
    for answer in (begun, shown):
        assert timedelta(days=3) <= answer["AbortDate"] - datetime.now(UTC) + timedelta(minutes=5)
        assert (answer["AbortDate"].hour, answer["AbortDate"].minute) == (0, 0)
        assert answer["AbortRuleId"] == "one"
    elsewhere = await s3.create_multipart_upload(Bucket="bucket", Key="other")
    assert "AbortRuleId" not in elsewhere
