"""Object locks as clients of S3 meet them: configuration, retention, legal holds, and what they keep."""

from datetime import timedelta
from typing import Any

import pytest

from tests.frontends.marks import in_memory
from tests.frontends.s3.history import refusal, switch
from tests.frontends.s3.locked import (
    BUCKET,
    COMPLIANCE,
    GOVERNANCE,
    KEY,
    after,
    configuration,
    denied,
    is_there,
    put,
    retention,
    stated,
    verified,
)
from tests.frontends.s3.world import S3Client, World
from tests.support.clock import DAY, Clock

PLAIN = {"Bucket": "bucket"}
UNLOCKED = {**PLAIN, "Key": "k"}


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With a bucket that has locks, beside one that has none."""
    await s3.create_bucket(**BUCKET, ObjectLockEnabledForBucket=True)
    return s3


async def test_a_bucket_is_created_with_locks(s3: S3Client) -> None:
    answer = await s3.get_object_lock_configuration(**BUCKET)
    assert answer["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    assert (await s3.get_bucket_versioning(**BUCKET))["Status"] == "Enabled"


async def test_a_bucket_that_stands_is_not_taken_for_one_with_locks(s3: S3Client, world: World) -> None:
    await s3.create_bucket(**BUCKET, ObjectLockEnabledForBucket=True)
    told = await refusal(s3.create_bucket(**PLAIN, ObjectLockEnabledForBucket=True))
    assert (told["status"], told["code"]) == (409, "BucketAlreadyOwnedByYou")
    header = {"x-amz-bucket-object-lock-enabled": "maybe", "Content-Length": "0"}
    answer = await world.do("PUT", "/another", headers=header)
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    header["x-amz-bucket-object-lock-enabled"] = "false"
    assert (await world.do("PUT", "/another", headers=header)).status == 200
    assert (await refusal(s3.get_object_lock_configuration(Bucket="another")))["status"] == 404


async def test_default_retention_is_set_replaced_and_taken_away(s3: S3Client) -> None:
    for wanted in (configuration(Days=1), configuration(COMPLIANCE, Years=1), configuration()):
        answer = await s3.put_object_lock_configuration(**BUCKET, ObjectLockConfiguration=wanted)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert (await s3.get_object_lock_configuration(**BUCKET))["ObjectLockConfiguration"] == wanted
    assert (await s3.get_bucket_versioning(**BUCKET))["Status"] == "Enabled"


async def test_locks_are_enabled_in_a_bucket_that_keeps_versions(s3: S3Client) -> None:
    enable = {**PLAIN, "ObjectLockConfiguration": configuration(Days=1)}
    told = await refusal(s3.put_object_lock_configuration(**enable))
    assert (told["status"], told["code"]) == (409, "InvalidBucketState")
    await switch(s3, "Suspended")
    assert (await refusal(s3.put_object_lock_configuration(**enable)))["code"] == "InvalidBucketState"
    await switch(s3, "Enabled")
    await s3.put_object_lock_configuration(**enable)
    assert (await s3.get_object_lock_configuration(**PLAIN))["ObjectLockConfiguration"] == configuration(Days=1)


async def test_a_bucket_without_locks(s3: S3Client) -> None:
    await s3.put_object(**UNLOCKED, Body=b"x")
    told = await refusal(s3.get_object_lock_configuration(**PLAIN))
    assert (told["status"], told["code"]) == (404, "ObjectLockConfigurationNotFoundError")
    for call in (
        s3.get_object_retention(**UNLOCKED),
        s3.put_object_retention(**UNLOCKED, Retention=retention()),
        s3.get_object_legal_hold(**UNLOCKED),
        s3.put_object_legal_hold(**UNLOCKED, LegalHold={"Status": "ON"}),
        s3.put_object(**UNLOCKED, Body=b"x", **stated()),
        s3.copy_object(**UNLOCKED, CopySource="bucket/k", MetadataDirective="REPLACE", **stated()),
        s3.create_multipart_upload(**UNLOCKED, **stated()),
    ):
        told = await refusal(call)
        assert (told["status"], told["code"]) == (400, "InvalidRequest")
    done = await s3.delete_object(**UNLOCKED, VersionId="null", BypassGovernanceRetention=True)
    assert done["ResponseMetadata"]["HTTPStatusCode"] == 204


@in_memory
@pytest.mark.parametrize(
    ("inner", "code"),
    (
        ("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>", "MalformedXML"),
        ("<Mode>GOVERNANCE</Mode>", "MalformedXML"),
        ("<Days>1</Days>", "MalformedXML"),
        ("", "MalformedXML"),
        ("<Mode>abc</Mode><Years>1</Years>", "MalformedXML"),
        ("<Mode>governance</Mode><Years>1</Years>", "MalformedXML"),
        ("<Mode>GOVERNANCE</Mode><Days>x</Days>", "MalformedXML"),
        ("<Mode>GOVERNANCE</Mode><Days>0</Days>", "InvalidRetentionPeriod"),
        ("<Mode>GOVERNANCE</Mode><Days>-1</Days>", "InvalidRetentionPeriod"),
        ("<Mode>GOVERNANCE</Mode><Days>36501</Days>", "InvalidRetentionPeriod"),
        ("<Mode>GOVERNANCE</Mode><Years>-1</Years>", "InvalidRetentionPeriod"),
        ("<Mode>COMPLIANCE</Mode><Years>101</Years>", "InvalidRetentionPeriod"),
    ),
)
async def test_default_retentions_that_can_not_be(s3: S3Client, world: World, inner: str, code: str) -> None:
    rule = f"<Rule><DefaultRetention>{inner}</DefaultRetention></Rule>"
    answer = await configure(world, f"<ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}")
    assert (answer.status, answer.code) == (400, code)
    assert (await s3.get_object_lock_configuration(**BUCKET))["ObjectLockConfiguration"] == configuration()


@pytest.mark.parametrize(
    "inner",
    (
        "<ObjectLockEnabled>Disabled</ObjectLockEnabled>",
        "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>",
        "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule></Rule>",
        "<ObjectLockEnabled>Enabled</ObjectLockEnabled>" * 2,
    ),
)
async def test_configurations_that_can_not_be(s3: S3Client, world: World, inner: str) -> None:
    answer = await configure(world, inner)
    assert (answer.status, answer.code) == (400, "MalformedXML")


async def configure(world: World, inner: str) -> Any:
    body = f"<ObjectLockConfiguration>{inner}</ObjectLockConfiguration>".encode()
    return await verified(world, "/locked?object-lock", body)


async def test_versioning_can_not_be_suspended(s3: S3Client) -> None:
    suspend = s3.put_bucket_versioning(**BUCKET, VersioningConfiguration={"Status": "Suspended"})
    told = await refusal(suspend)
    assert (told["status"], told["code"]) == (409, "InvalidBucketState")
    assert (await s3.get_bucket_versioning(**BUCKET))["Status"] == "Enabled"


async def test_retention_is_put_and_told(s3: S3Client) -> None:
    version = await put(s3)
    told = await refusal(s3.get_object_retention(**KEY))
    assert (told["status"], told["code"]) == (404, "NoSuchObjectLockConfiguration")
    assert "ObjectLockMode" not in await s3.head_object(**KEY)
    answer = await s3.put_object_retention(**KEY, Retention=retention())
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (await s3.get_object_retention(**KEY))["Retention"] == retention()
    assert (await s3.get_object_retention(**KEY, VersionId=version))["Retention"] == retention()
    for found in (await s3.head_object(**KEY), await s3.get_object(**KEY, VersionId=version)):
        assert (found["ObjectLockMode"], found["ObjectLockRetainUntilDate"]) == (GOVERNANCE, after(30))
        assert "ObjectLockLegalHoldStatus" not in found
    header = (await s3.head_object(**KEY))["ResponseMetadata"]["HTTPHeaders"]["x-amz-object-lock-retain-until-date"]
    assert header == after(30).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def test_retention_of_a_former_version(s3: S3Client) -> None:
    first, second = await put(s3), await put(s3)
    await s3.put_object_retention(**KEY, VersionId=first, Retention=retention())
    assert (await s3.get_object_retention(**KEY, VersionId=first))["Retention"] == retention()
    assert (await refusal(s3.get_object_retention(**KEY)))["code"] == "NoSuchObjectLockConfiguration"
    await denied(s3.delete_object(**KEY, VersionId=first))
    await s3.delete_object(**KEY, VersionId=second)


@in_memory
@pytest.mark.parametrize(
    ("inner", "code"),
    (
        ("<Mode>governance</Mode><RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate>", "MalformedXML"),
        ("<Mode>abc</Mode><RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate>", "MalformedXML"),
        ("<Mode>GOVERNANCE</Mode><RetainUntilDate>soon</RetainUntilDate>", "MalformedXML"),
        ("<Mode>GOVERNANCE</Mode>", "MalformedXML"),
        ("<RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate>", "MalformedXML"),
        ("<Mode>GOVERNANCE</Mode><RetainUntilDate>2020-01-01T00:00:00Z</RetainUntilDate>", "InvalidArgument"),
    ),
)
async def test_retentions_that_can_not_be(s3: S3Client, world: World, inner: str, code: str) -> None:
    await put(s3)
    answer = await verified(world, "/locked/k?retention", f"<Retention>{inner}</Retention>".encode())
    assert (answer.status, answer.code) == (400, code)
    assert (await refusal(s3.get_object_retention(**KEY)))["code"] == "NoSuchObjectLockConfiguration"


@pytest.mark.parametrize("target", ("/locked/k?retention", "/locked/k?legal-hold", "/locked?object-lock"))
async def test_documents_come_with_a_digest(s3: S3Client, world: World, target: str) -> None:
    await put(s3)
    body = {
        "/locked/k?retention": b"<Retention/>",
        "/locked/k?legal-hold": b"<LegalHold><Status>ON</Status></LegalHold>",
        "/locked?object-lock": b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
        b"</ObjectLockConfiguration>",
    }[target]
    answer = await world.do("PUT", target, body)
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert (await verified(world, target, body)).status == 200


async def test_what_is_not_there_can_not_be_locked(s3: S3Client) -> None:
    for call in (
        s3.get_object_retention(**KEY),
        s3.put_object_retention(**KEY, Retention=retention()),
        s3.get_object_legal_hold(**KEY),
        s3.put_object_legal_hold(**KEY, LegalHold={"Status": "ON"}),
    ):
        assert (await refusal(call))["code"] == "NoSuchKey"
    await put(s3)
    marker = (await s3.delete_object(**KEY))["VersionId"]
    told = await refusal(s3.put_object_retention(**KEY, VersionId=marker, Retention=retention()))
    assert (told["status"], told["code"]) == (405, "MethodNotAllowed")


async def test_a_retention_is_extended_and_shortened_by_bypass_alone(s3: S3Client) -> None:
    version = await put(s3)
    for days in (1, 3):
        await s3.put_object_retention(**KEY, Retention=retention(days=days))
    await denied(s3.put_object_retention(**KEY, Retention=retention(days=2)))
    assert (await s3.get_object_retention(**KEY))["Retention"] == retention(days=3)
    await s3.put_object_retention(**KEY, Retention=retention(days=2), BypassGovernanceRetention=True)
    assert (await s3.get_object_retention(**KEY))["Retention"] == retention(days=2)
    await denied(s3.put_object_retention(**KEY, Retention={}))
    await s3.put_object_retention(**KEY, Retention={}, BypassGovernanceRetention=True)
    assert (await refusal(s3.get_object_retention(**KEY)))["code"] == "NoSuchObjectLockConfiguration"
    await s3.delete_object(**KEY, VersionId=version)


async def test_what_was_told_can_be_put_again(s3: S3Client) -> None:
    """Clients are told times by the millisecond, and may state finer ones."""
    precise = {**retention(), "RetainUntilDate": after(30) + timedelta(microseconds=1234)}
    await put(s3)
    await s3.put_object_retention(**KEY, Retention=precise)
    told = (await s3.get_object_retention(**KEY))["Retention"]
    assert told["RetainUntilDate"] == after(30) + timedelta(milliseconds=2)
    await s3.put_object_retention(**KEY, Retention=told)
    await s3.put_object_lock_configuration(**BUCKET, ObjectLockConfiguration=configuration(Days=1))
    await put(s3)
    told = (await s3.get_object_retention(**KEY))["Retention"]
    assert told["RetainUntilDate"].microsecond == 0
    await s3.put_object_retention(**KEY, Retention=told)


async def test_governance_becomes_compliance_by_bypass_alone(s3: S3Client) -> None:
    await put(s3, **stated())
    await denied(s3.put_object_retention(**KEY, Retention=retention(COMPLIANCE)))
    await s3.put_object_retention(**KEY, Retention=retention(COMPLIANCE), BypassGovernanceRetention=True)
    assert (await s3.get_object_retention(**KEY))["Retention"] == retention(COMPLIANCE)


async def test_compliance_is_extended_and_nothing_else(s3: S3Client, clock: Clock) -> None:
    version = await put(s3, **stated(COMPLIANCE))
    for worse in (retention(GOVERNANCE), retention(GOVERNANCE, 60), retention(COMPLIANCE, 29), {}):
        await denied(s3.put_object_retention(**KEY, Retention=worse, BypassGovernanceRetention=True))
    await denied(s3.delete_object(**KEY, VersionId=version, BypassGovernanceRetention=True))
    await s3.put_object_retention(**KEY, Retention=retention(COMPLIANCE, 31))
    clock.let_pass(30 * DAY)
    await denied(s3.delete_object(**KEY, VersionId=version))
    clock.let_pass(2 * DAY)
    assert (await s3.head_object(**KEY))["ObjectLockMode"] == COMPLIANCE
    await s3.delete_object(**KEY, VersionId=version)


async def test_a_retained_version_is_deleted_by_bypass_alone(s3: S3Client) -> None:
    version = await put(s3)
    await s3.put_object_retention(**KEY, Retention=retention())
    await denied(s3.delete_object(**KEY, VersionId=version))
    told = await refusal(s3.delete_object(**KEY, VersionId=version))
    assert "object protected by object lock" in told["message"]
    marker = await s3.delete_object(**KEY)
    assert marker["DeleteMarker"] is True
    await denied(s3.delete_object(**KEY, VersionId=version))
    assert await is_there(s3, version)
    done = await s3.delete_object(**KEY, VersionId=version, BypassGovernanceRetention=True)
    assert (done["ResponseMetadata"]["HTTPStatusCode"], done["VersionId"]) == (204, version)
    assert not await is_there(s3, version)


async def test_a_bypass_minds_conditions(s3: S3Client) -> None:
    version = await put(s3, **stated())
    bypass = {**KEY, "VersionId": version, "BypassGovernanceRetention": True}
    assert (await refusal(s3.delete_object(**bypass, IfMatch='"other"')))["code"] == "PreconditionFailed"
    assert await is_there(s3, version)
    etag = (await s3.head_object(**KEY))["ETag"]
    await s3.delete_object(**bypass, IfMatch=etag)
    assert not await is_there(s3, version)


async def test_many_deletes_pass_over_what_is_locked(s3: S3Client) -> None:
    first, second = await put(s3), await put(s3, Key="other")
    await s3.put_object_retention(**KEY, Retention=retention())
    rows = [{"Key": "k", "VersionId": first}, {"Key": "other", "VersionId": second}]
    done = await s3.delete_objects(**BUCKET, Delete={"Objects": rows})
    assert [(row["Key"], row["VersionId"]) for row in done["Deleted"]] == [("other", second)]
    assert [(row["Code"], row["Key"], row["VersionId"]) for row in done["Errors"]] == [("AccessDenied", "k", first)]
    held = await put(s3, Key="held", ObjectLockLegalHoldStatus="ON")
    rows = [{"Key": "k", "VersionId": first}, {"Key": "held", "VersionId": held}, {"Key": "k"}]
    done = await s3.delete_objects(**BUCKET, Delete={"Objects": rows}, BypassGovernanceRetention=True)
    assert [(row["Key"], row.get("DeleteMarker")) for row in done["Deleted"]] == [("k", None), ("k", True)]
    assert [(row["Code"], row["VersionId"]) for row in done["Errors"]] == [("AccessDenied", held)]
    assert (await is_there(s3, first), await is_there(s3, held, Key="held")) == (False, True)


async def test_a_legal_hold_is_put_told_and_lifted(s3: S3Client) -> None:
    version = await put(s3)
    told = await refusal(s3.get_object_legal_hold(**KEY))
    assert (told["status"], told["code"]) == (404, "NoSuchObjectLockConfiguration")
    for status in ("ON", "OFF"):
        answer = await s3.put_object_legal_hold(**KEY, LegalHold={"Status": status})
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert (await s3.get_object_legal_hold(**KEY))["LegalHold"] == {"Status": status}
        assert (await s3.head_object(**KEY, VersionId=version))["ObjectLockLegalHoldStatus"] == status
    done = await s3.delete_object(**KEY, VersionId=version)
    assert done["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize("inner", ("<Status>abc</Status>", "<Status>on</Status>", "<Status></Status>", ""))
async def test_legal_holds_that_can_not_be(s3: S3Client, world: World, inner: str) -> None:
    await put(s3)
    answer = await verified(world, "/locked/k?legal-hold", f"<LegalHold>{inner}</LegalHold>".encode())
    assert (answer.status, answer.code) == (400, "MalformedXML")


async def test_what_is_held_stays_whatever_its_retention(s3: S3Client, clock: Clock) -> None:
    version = await put(s3, **stated(hold="ON"))
    found = await s3.head_object(**KEY)
    assert found["ObjectLockMode"] == GOVERNANCE
    assert found["ObjectLockRetainUntilDate"] == after(30)
    assert found["ObjectLockLegalHoldStatus"] == "ON"
    await denied(s3.delete_object(**KEY, VersionId=version, BypassGovernanceRetention=True))
    clock.let_pass(60 * DAY)
    await denied(s3.delete_object(**KEY, VersionId=version))
    await s3.put_object_legal_hold(**KEY, LegalHold={"Status": "OFF"})
    await s3.delete_object(**KEY, VersionId=version)


async def test_a_bucket_with_a_locked_version_stays(s3: S3Client, clock: Clock) -> None:
    version = await put(s3, **stated(COMPLIANCE, 1))
    marker = (await s3.delete_object(**KEY))["VersionId"]
    await s3.delete_object(**KEY, VersionId=marker)
    await denied(s3.delete_object(**KEY, VersionId=version))
    assert (await refusal(s3.delete_bucket(**BUCKET)))["code"] == "BucketNotEmpty"
    clock.let_pass(2 * DAY)
    await s3.delete_object(**KEY, VersionId=version)
    await s3.delete_bucket(**BUCKET)
