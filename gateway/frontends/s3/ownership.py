"""Operations on ownership controls and on the public access block of a bucket.

Source: the Get-, Put- and Delete- calls of BucketOwnershipControls and PublicAccessBlock in the API Reference.
"""

from gateway.auth import acl, rules
from gateway.auth.rules import OWNERSHIP, PUBLIC_ACCESS_BLOCK, Ownership, PublicAccessBlock
from gateway.core.types import PropsChange
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Output


async def get_bucket_ownership_controls(call: Call) -> Output:
    """GetBucketOwnershipControls."""
    ownership = rules.of_bucket(bucket_of(call)).ownership
    if ownership is None:
        raise S3Error(Code.OWNERSHIP_CONTROLS_NOT_FOUND, BucketName=call.key.bucket)
    return Output({"OwnershipControls": {"Rules": [{"ObjectOwnership": ownership.value}]}})


async def put_bucket_ownership_controls(call: Call) -> Output:
    """PutBucketOwnershipControls. Access lists can't be switched off while the bucket's own grants something."""
    stated = (await required_document(call)).records("Rules")
    if len(stated) != 1:
        raise S3Error(Code.MALFORMED_XML)
    ownership = Ownership(stated[0].text("ObjectOwnership") or "")
    found = rules.of_bucket(bucket_of(call))
    if ownership is Ownership.BUCKET_OWNER_ENFORCED and found.acl != acl.private(found.owner):
        raise S3Error(Code.INVALID_BUCKET_OWNER_ACL)
    await _set(call, OWNERSHIP, ownership.value)
    return Output({})


async def delete_bucket_ownership_controls(call: Call) -> Output:
    """DeleteBucketOwnershipControls: that there were none is no error."""
    await _set(call, OWNERSHIP, None)
    return Output({})


async def get_public_access_block(call: Call) -> Output:
    """GetPublicAccessBlock."""
    packed = bucket_of(call).system.get(PUBLIC_ACCESS_BLOCK)
    if packed is None:
        raise S3Error(Code.NO_SUCH_PUBLIC_ACCESS_BLOCK, BucketName=call.key.bucket)
    block = PublicAccessBlock.unpack(packed)
    return Output(
        {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": block.block_acls,
                "IgnorePublicAcls": block.ignore_acls,
                "BlockPublicPolicy": block.block_policy,
                "RestrictPublicBuckets": block.restrict_buckets,
            }
        }
    )


async def put_public_access_block(call: Call) -> Output:
    """PutPublicAccessBlock: what is not stated is off."""
    stated = await required_document(call)
    block = PublicAccessBlock(
        block_acls=stated.flag("BlockPublicAcls") or False,
        ignore_acls=stated.flag("IgnorePublicAcls") or False,
        block_policy=stated.flag("BlockPublicPolicy") or False,
        restrict_buckets=stated.flag("RestrictPublicBuckets") or False,
    )
    await _set(call, PUBLIC_ACCESS_BLOCK, block.pack())
    return Output({})


async def delete_public_access_block(call: Call) -> Output:
    """DeletePublicAccessBlock: that there was none is no error."""
    await _set(call, PUBLIC_ACCESS_BLOCK, None)
    return Output({})


async def _set(call: Call, name: str, value: str | None) -> None:
    if bucket_of(call).system.get(name) != value:
        await call.store.update_bucket(call.key.bucket, PropsChange(system={name: value}))
