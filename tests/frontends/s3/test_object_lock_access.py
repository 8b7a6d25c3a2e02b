"""Who may lock versions, see their locks, and get past them; and stores that can't lock."""

import pytest

from gateway.stores.memory import Memory
from tests.frontends.s3.locked import (
    BUCKET,
    COMPLIANCE,
    GOVERNANCE,
    KEY,
    after,
    denied,
    is_there,
    put,
    retention,
    stated,
    verified,
)
from tests.frontends.s3.test_policies import policy
from tests.frontends.s3.world import S3Client, World, serving
from tests.support.stores import Plain

UNTIL = "<RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate>"
ENABLED = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
RETENTION = f"<Retention><Mode>GOVERNANCE</Mode>{UNTIL}</Retention>".encode()
HOLD = b"<LegalHold><Status>OFF</Status></LegalHold>"

DOES = {
    "see the configuration": ("GET", "/locked?object-lock", b""),
    "configure": ("PUT", "/locked?object-lock", ENABLED),
    "see the retention": ("GET", "/locked/k?retention", b""),
    "retain": ("PUT", "/locked/k?retention", RETENTION),
    "see the hold": ("GET", "/locked/k?legal-hold", b""),
    "hold": ("PUT", "/locked/k?legal-hold", HOLD),
}
SEES = {name for name in DOES if name.startswith("see")}


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With a bucket that has locks."""
    await s3.create_bucket(**BUCKET, ObjectLockEnabledForBucket=True)
    return s3


def rule(effect: str, *actions: str, who: object = "*", **more: object) -> dict[str, object]:
    """A statement on the bucket with locks. `who`: an account."""
    principal = who if who == "*" else {"AWS": who}
    arns = ["arn:aws:s3:::locked", "arn:aws:s3:::locked/*"]
    return {"Effect": effect, "Principal": principal, "Action": list(actions), "Resource": arns, **more}


async def put_policy(s3: S3Client, *rules: dict[str, object]) -> None:
    await s3.put_bucket_policy(**BUCKET, Policy=policy(*rules))


@pytest.mark.parametrize(
    ("user", "allowed"),
    (
        ("opal", set(DOES)),
        ("alice", set(DOES)),
        ("walter", SEES | {"retain"}),
        ("rita", SEES),
        ("nina", set[str]()),
        ("olga", set[str]()),
    ),
)
async def test_what_each_role_may(s3: S3Client, world: World, user: str, allowed: set[str]) -> None:
    await put(s3, **stated(days=1, hold="OFF"))
    may = set()
    for name, (method, target, body) in DOES.items():
        answer = await (verified(world, target, body, user) if body else world.do(method, target, user=user))
        if answer.status < 300:
            may.add(name)
        else:
            assert (answer.status, answer.code) == (403, "AccessDenied")
    assert may == allowed


@pytest.mark.parametrize(
    ("actions", "told"),
    (
        (("s3:GetObject",), set[str]()),
        (("s3:GetObject", "s3:GetObjectRetention"), {"ObjectLockMode", "ObjectLockRetainUntilDate"}),
        (("s3:GetObject", "s3:GetObjectLegalHold"), {"ObjectLockLegalHoldStatus"}),
    ),
)
async def test_readers_are_told_what_they_may_see(
    s3: S3Client, world: World, actions: tuple[str, ...], told: set[str]
) -> None:
    await put(s3, **stated(hold="ON"))
    await put_policy(s3, rule("Allow", *actions, who="acc-other"))
    async with world.client("olga") as olga:
        for found in (await olga.head_object(**KEY), await olga.get_object(**KEY)):
            assert {name for name in found if name.startswith("ObjectLock")} == told


async def test_writers_need_a_right_for_each_lock(s3: S3Client, world: World) -> None:
    retained, held = stated(), {"ObjectLockLegalHoldStatus": "ON"}
    async with world.client("olga") as olga:
        for actions, may_retain, may_hold in (
            (("s3:PutObject",), False, False),
            (("s3:PutObject", "s3:PutObjectRetention"), True, False),
            (("s3:PutObject", "s3:PutObjectLegalHold"), False, True),
        ):
            await put_policy(s3, rule("Allow", *actions, who="acc-other"))
            await olga.put_object(**KEY, Body=b"x")
            for lock, may in ((retained, may_retain), (held, may_hold)):
                for call in (olga.put_object(**KEY, Body=b"x", **lock), olga.create_multipart_upload(**KEY, **lock)):
                    if may:
                        await call
                    else:
                        await denied(call)


async def test_only_who_may_gets_past_a_retention(s3: S3Client, world: World) -> None:
    """A writer may delete versions, retain them, and extend that: no more, unless a policy allows it."""
    first, second = await put(s3, **stated()), await put(s3, Key="other", **stated())
    row = {"Key": "other", "VersionId": second}
    many = {**BUCKET, "Delete": {"Objects": [row]}, "BypassGovernanceRetention": True}
    async with world.client("walter") as walter:
        delete = {**KEY, "VersionId": first, "BypassGovernanceRetention": True}
        await denied(walter.delete_object(**delete))
        await denied(walter.put_object_retention(**KEY, Retention=retention(days=1), BypassGovernanceRetention=True))
        await walter.put_object_retention(**KEY, Retention=retention(days=60))
        (error,) = (await walter.delete_objects(**many))["Errors"]
        assert (error["Code"], error["Key"], error["VersionId"]) == ("AccessDenied", "other", second)
        assert await is_there(s3, first)
        assert await is_there(s3, second, Key="other")
        await put_policy(s3, rule("Allow", "s3:BypassGovernanceRetention", who="acc-test"))
        await walter.put_object_retention(**KEY, Retention=retention(days=1), BypassGovernanceRetention=True)
        await walter.delete_object(**delete)
        assert [done["VersionId"] for done in (await walter.delete_objects(**many))["Deleted"]] == [second]


async def test_a_policy_keeps_everybody_from_a_bypass(s3: S3Client) -> None:
    version = await put(s3, **stated())
    await put_policy(s3, rule("Deny", "s3:BypassGovernanceRetention"))
    await denied(s3.delete_object(**KEY, VersionId=version, BypassGovernanceRetention=True))
    await s3.delete_bucket_policy(**BUCKET)
    await s3.delete_object(**KEY, VersionId=version, BypassGovernanceRetention=True)


async def test_policies_ask_what_a_lock_is_to_be(s3: S3Client) -> None:
    """Whether a header states it, or the document of an operation of its own."""
    await put_policy(
        s3,
        rule("Deny", "s3:PutObjectRetention", Condition={"StringEquals": {"s3:object-lock-mode": COMPLIANCE}}),
        rule("Deny", "s3:PutObjectLegalHold", Condition={"StringEquals": {"s3:object-lock-legal-hold": "ON"}}),
    )
    await put(s3, **stated(GOVERNANCE, hold="OFF"))
    await denied(s3.put_object(**KEY, Body=b"x", **stated(COMPLIANCE)))
    await denied(s3.put_object(**KEY, Body=b"x", **stated(GOVERNANCE, hold="ON")))
    await denied(s3.put_object_retention(**KEY, Retention=retention(COMPLIANCE), BypassGovernanceRetention=True))
    await denied(s3.put_object_legal_hold(**KEY, LegalHold={"Status": "ON"}))
    await s3.put_object_retention(**KEY, Retention=retention(days=60))
    await s3.put_object_legal_hold(**KEY, LegalHold={"Status": "OFF"})


@pytest.mark.parametrize(
    "condition",
    (
        {"DateGreaterThan": {"s3:object-lock-retain-until-date": after(40).isoformat()}},
        {"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "40"}},
    ),
)
async def test_a_policy_sets_how_long_at_most(s3: S3Client, condition: dict[str, object]) -> None:
    await put_policy(s3, rule("Deny", "s3:PutObjectRetention", Condition=condition))
    await put(s3, **stated(days=39))
    await denied(s3.put_object(**KEY, Body=b"x", **stated(days=41)))
    await denied(s3.put_object_retention(**KEY, Retention=retention(days=41)))
    await s3.put_object_retention(**KEY, Retention=retention(days=40))


async def test_a_store_that_can_not_lock_says_so() -> None:
    async with serving(Plain(Memory())) as world, world.client() as s3:
        answer = await world.do(
            "PUT", "/locked", headers={"x-amz-bucket-object-lock-enabled": "true", "Content-Length": "0"}
        )
        assert (answer.status, answer.code) == (501, "NotImplemented")
        assert "can't lock" in answer.element("Message")
        assert await world.contents() == set()
        await s3.create_bucket(**BUCKET)
        answer = await verified(world, "/locked?object-lock", ENABLED)
        assert (answer.status, answer.code) == (501, "NotImplemented")
        assert (await world.do("GET", "/locked?object-lock")).code == "ObjectLockConfigurationNotFoundError"
        answer = await world.do("PUT", "/locked/k", b"x", {"x-amz-object-lock-legal-hold": "ON"})
        assert (answer.status, answer.code) == (400, "InvalidRequest")
        assert await world.contents() == {"locked"}
