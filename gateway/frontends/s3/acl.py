"""Operations on access lists. Source: GetBucketAcl, PutBucketAcl, GetObjectAcl, PutObjectAcl in the API Reference."""

from collections.abc import Mapping

from gateway.auth import acl, rules
from gateway.auth.acl import Acl, Grant, Group
from gateway.auth.rules import ACL, BucketRules
from gateway.core.types import PropsChange
from gateway.frontends.s3.aclin import of_request
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.owners import owner
from gateway.frontends.s3.parameters import version_of
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Members, Output


async def get_bucket_acl(call: Call) -> Output:
    """GetBucketAcl."""
    found = rules.of_bucket(bucket_of(call))
    return _shown(call, found.owner, found.acl if found.has_acls else acl.private(found.owner))


async def put_bucket_acl(call: Call) -> Output:
    """PutBucketAcl."""
    found = rules.of_bucket(bucket_of(call))
    wanted = await of_request(call, found.owner, found.owner)
    check_settable(found, wanted)
    change = PropsChange(system=packed(wanted, found.owner))
    await call.store.update_bucket(call.key.bucket, change)
    return Output({})


async def get_object_acl(call: Call) -> Output:
    """GetObjectAcl."""
    bucket = bucket_of(call)
    found = rules.of_object(await call.store.stat(call.key, version_of(call.query)), bucket)
    if rules.of_bucket(bucket).has_acls:
        return _shown(call, found.owner, found.acl)
    return _shown(call, bucket.owner, acl.private(bucket.owner))


async def put_object_acl(call: Call) -> Output:
    """PutObjectAcl."""
    bucket, version = bucket_of(call), version_of(call.query)
    found = rules.of_object(await call.store.stat(call.key, version), bucket)
    wanted = await of_request(call, found.owner, bucket.owner)
    check_settable(rules.of_bucket(bucket), wanted)
    await call.store.update(call.key, PropsChange(system=packed(wanted, found.owner)), version)
    return Output({})


def check_settable(found: BucketRules, wanted: Acl) -> None:
    """Raise `S3Error` where a bucket has no access lists, or takes no public ones."""
    if not found.has_acls:
        raise S3Error(Code.ACCESS_CONTROL_LIST_NOT_SUPPORTED)
    if found.block.block_acls and wanted.is_public:
        raise S3Error(Code.ACCESS_DENIED)


def packed(wanted: Acl, account: str) -> Mapping[str, str | None]:
    """The property that a list of something of `account` is kept in; the private one needs none."""
    return {ACL: None if wanted == acl.private(account) else wanted.pack()}


def _shown(call: Call, account: str, found: Acl) -> Output:
    """A list as a document: groups stand first, as Ceph has them, whose clients look for the owner behind them."""
    ordered = sorted(found.grants, key=lambda grant: not isinstance(grant.grantee, Group))
    return Output(
        {
            "Owner": owner(account, call.principal),
            "Grants": [{"Grantee": _grantee(call, grant), "Permission": grant.permission.value} for grant in ordered],
        }
    )


def _grantee(call: Call, grant: Grant) -> Members:
    if isinstance(grant.grantee, Group):
        return {"Type": "Group", "URI": grant.grantee.value}
    return {"Type": "CanonicalUser", **owner(grant.grantee, call.principal)}
