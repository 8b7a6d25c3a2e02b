"""Operations on the rules by which the objects of a bucket expire, and what answers tell of it.

Source: "Managing the lifecycle of objects" in the Amazon S3 User Guide.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, quote

from gateway.auth.rules import TAGGING
from gateway.core import lifecycle as engine
from gateway.core.buckets import BucketMeta
from gateway.core.lifecycle import LIFECYCLE, Case, Kind, Rule
from gateway.core.types import Meta, PropsChange
from gateway.core.uploads import Upload
from gateway.core.versions import Version
from gateway.frontends.http.headers import http_date
from gateway.frontends.s3 import lifecycle
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Members, Output

HEADER = "x-amz-expiration"


async def get_bucket_lifecycle_configuration(call: Call) -> Output:
    """GetBucketLifecycleConfiguration."""
    text = bucket_of(call).system.get(LIFECYCLE)
    if text is None:
        raise S3Error(Code.NO_SUCH_LIFECYCLE_CONFIGURATION, BucketName=call.key.bucket)
    return Output({"Rules": [lifecycle.shown(rule) for rule in engine.unpack(text)]})


async def put_bucket_lifecycle_configuration(call: Call) -> Output:
    """PutBucketLifecycleConfiguration."""
    packed = engine.pack(lifecycle.parse(await required_document(call)))
    await call.store.update_bucket(call.key.bucket, PropsChange(system={LIFECYCLE: packed}))
    return Output({})


async def delete_bucket_lifecycle(call: Call) -> Output:
    """DeleteBucketLifecycle: that there were no rules is no error."""
    if LIFECYCLE in bucket_of(call).system:
        await call.store.update_bucket(call.key.bucket, PropsChange(system={LIFECYCLE: None}))
    return Output({})


def rules_of(bucket: BucketMeta) -> Sequence[Rule]:
    """The rules of a bucket."""
    text = bucket.system.get(LIFECYCLE)
    return engine.unpack(text) if text else ()


def expiration(rules: Sequence[Rule], meta: Meta) -> str | None:
    """What answers tell of when an object that stands expires, and by which rule; None: it does not."""
    if not rules:
        return None
    tags = dict(parse_qsl(meta.props.system.get(TAGGING, ""), keep_blank_values=True))
    found = engine.due(rules, Case(Kind.CURRENT, Version(meta=meta, latest=True)), tags)
    if found is None:
        return None
    return f'expiry-date="{http_date(found.at)}", rule-id="{quote(found.rule.id, safe="")}"'


def expiration_of(call: Call, meta: Meta) -> str | None:
    """The same of an object in the bucket that the request names."""
    return expiration(rules_of(bucket_of(call)), meta)


def abortion_of(call: Call, upload: Upload) -> Members:
    """When rules abort an upload, and which one does, by the model's member names."""
    found = engine.upload_due(rules_of(bucket_of(call)), upload.name, upload.created)
    return {} if found is None else {"AbortDate": found.at, "AbortRuleId": found.rule.id}
