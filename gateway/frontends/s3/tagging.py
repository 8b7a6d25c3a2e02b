"""Operations on tags, and the tags that a new object's writer states.

Source: the Get-, Put- and Delete- calls of ObjectTagging and BucketTagging in the Amazon S3 API Reference.
"""

from collections.abc import Mapping

from gateway.auth.access import Action, on_version
from gateway.auth.rules import TAGGING
from gateway.core.errors import Denied
from gateway.core.types import PropsChange
from gateway.frontends.s3 import tags
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.parameters import version_of
from gateway.frontends.s3.rights import bucket_of, inspect, seems_allowed
from gateway.frontends.s3.versioning import shown_version
from gateway.frontends.s3.xmlout import Output


def stated(call: Call) -> Mapping[str, str]:
    """The property that holds the tags that a new object's writer states. Raises `S3Error`, `Denied`."""
    header = call.headers.get(tags.HEADER)
    if not header:
        return {}
    packed = tags.of_header(header)
    permit(call)
    return {TAGGING: packed} if packed else {}


def permit(call: Call) -> None:
    """Raise `Denied` unless the caller may give tags to the object that he writes."""
    if not seems_allowed(call, Action.PUT_OBJECT_TAGGING, bucket_of(call), call.key.name):
        raise Denied


async def get_object_tagging(call: Call) -> Output:
    """GetObjectTagging."""
    meta = await call.store.stat(call.key, version_of(call.query))
    found = meta.props.system.get(TAGGING, "")
    return Output({"VersionId": shown_version(call, meta.version), "TagSet": tags.rows(found)})


async def put_object_tagging(call: Call) -> Output:
    """PutObjectTagging. Policies may ask what the tags are, so it is permitted when they are known."""
    version = version_of(call.query)
    packed = tags.of_document(await required_document(call), tags.OF_OBJECT)
    action = on_version(Action.PUT_OBJECT_TAGGING, version)
    await inspect(call, action, bucket_of(call), call.key.name, version, packed)
    return await _set(call, packed or None)


async def delete_object_tagging(call: Call) -> Output:
    """DeleteObjectTagging: that there were none is no error."""
    return await _set(call, None)


async def _set(call: Call, packed: str | None) -> Output:
    change = PropsChange(system={TAGGING: packed})
    meta = await call.store.update(call.key, change, version_of(call.query))
    return Output({"VersionId": shown_version(call, meta.version)})


async def get_bucket_tagging(call: Call) -> Output:
    """GetBucketTagging."""
    found = bucket_of(call).system.get(TAGGING)
    if found is None:
        raise S3Error(Code.NO_SUCH_TAG_SET, BucketName=call.key.bucket)
    return Output({"TagSet": tags.rows(found)})


async def put_bucket_tagging(call: Call) -> Output:
    """PutBucketTagging: an empty set is none."""
    packed = tags.of_document(await required_document(call), tags.OF_BUCKET)
    await call.store.update_bucket(call.key.bucket, PropsChange(system={TAGGING: packed or None}))
    return Output({}, status=204)


async def delete_bucket_tagging(call: Call) -> Output:
    """DeleteBucketTagging: that there were none is no error."""
    if TAGGING in bucket_of(call).system:
        await call.store.update_bucket(call.key.bucket, PropsChange(system={TAGGING: None}))
    return Output({})
