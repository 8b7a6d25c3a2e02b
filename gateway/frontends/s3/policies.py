"""Operations on bucket policies. Source: "Bucket policies for Amazon S3" in the Amazon S3 User Guide."""

from contextlib import aclosing

from gateway.auth import rules
from gateway.auth.policy.document import MAX_POLICY, MalformedPolicy, parse
from gateway.auth.policy.status import is_public
from gateway.auth.rules import POLICY, POLICY_BINDS_OWNER
from gateway.core.errors import TooLarge
from gateway.core.types import PropsChange
from gateway.frontends.s3.bodies import incoming
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import stated
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Output

_CONFIRMED = "x-amz-confirm-remove-self-bucket-access"
_TOO_LARGE = f"Normalized policy document exceeds the maximum allowed size of {MAX_POLICY} bytes."


async def get_bucket_policy(call: Call) -> Output:
    """GetBucketPolicy: the document as it was put."""
    text = bucket_of(call).system.get(POLICY)
    if text is None:
        raise S3Error(Code.NO_SUCH_BUCKET_POLICY, BucketName=call.key.bucket)
    return Output({"Policy": text})


async def put_bucket_policy(call: Call) -> Output:
    """PutBucketPolicy. Whoever confirms it may take the owner's right to change the policy again."""
    text = await _document(call)
    try:
        policy = parse(text, call.key.bucket)
    except MalformedPolicy as error:
        raise S3Error(Code.MALFORMED_POLICY, str(error)) from None
    if rules.of_bucket(bucket_of(call)).block.block_policy and is_public(policy):
        raise S3Error(Code.ACCESS_DENIED)
    binds = "1" if call.headers.get(_CONFIRMED, "").lower() == "true" else None
    change = PropsChange(system={POLICY: text, POLICY_BINDS_OWNER: binds})
    await call.store.update_bucket(call.key.bucket, change)
    return Output({}, status=204)


async def delete_bucket_policy(call: Call) -> Output:
    """DeleteBucketPolicy: that there was none is no error."""
    if POLICY in bucket_of(call).system:
        change = PropsChange(system={POLICY: None, POLICY_BINDS_OWNER: None})
        await call.store.update_bucket(call.key.bucket, change)
    return Output({})


async def get_bucket_policy_status(call: Call) -> Output:
    """GetBucketPolicyStatus: whether the policy, or the access list, makes the bucket public."""
    found = rules.of_bucket(bucket_of(call))
    by_policy = found.policy is not None and is_public(found.policy) and not found.block.restrict_buckets
    by_acl = found.has_acls and found.heeded(found.acl).is_public
    return Output({"PolicyStatus": {"IsPublic": by_policy or by_acl}})


async def _document(call: Call) -> str:
    if not call.request.body_exists:
        raise S3Error(Code.MISSING_REQUEST_BODY)
    try:
        body = incoming(call, stated(call.headers), MAX_POLICY, Code.MALFORMED_POLICY)
        async with aclosing(body.chunks()) as chunks:
            return b"".join([chunk async for chunk in chunks]).decode()
    except TooLarge:
        raise S3Error(Code.MALFORMED_POLICY, _TOO_LARGE) from None
    except UnicodeDecodeError:
        raise S3Error(Code.MALFORMED_POLICY, "This policy contains invalid Json") from None
