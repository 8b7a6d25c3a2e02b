"""Requests of pages of other origins, preflights among them, and the operations on the rules for them.

Source: "Using cross-origin resource sharing (CORS)" in the Amazon S3 User Guide.
"""

from collections.abc import Collection, Mapping, Sequence

from gateway.core.errors import InvalidName, NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import PropsChange
from gateway.frontends.s3 import cors
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call, Pairs
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.cors import CORS, Rule
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Output

ORIGIN = "origin"

_METHOD = "access-control-request-method"
_HEADERS = "access-control-request-headers"
_VARY = ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")

_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request method "
    "/ Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)


async def rules_of(store: Store, bucket: str) -> tuple[Rule, ...]:
    """The rules of a bucket; none where there is no bucket."""
    try:
        text = (await store.stat_bucket(bucket)).system.get(CORS) if bucket else None
    except (NoSuchBucket, InvalidName):
        return ()
    return cors.unpack(text) if text else ()


def granted(rules: Sequence[Rule], method: str, headers: Mapping[str, str]) -> Pairs:
    """What an answer tells a page of another origin. Where no rule allows it: only that the origin matters.

    A request that names a method by a preflight's header is judged by that one, as on S3.
    """
    if not rules:
        return ()
    asked = _asked(headers)
    rule = cors.find(rules, headers[ORIGIN], headers.get(_METHOD, method), asked)
    return (*rule.granted(headers[ORIGIN], asked), _VARY) if rule else (_VARY,)


def preflight(rules: Sequence[Rule], headers: Mapping[str, str]) -> Pairs:
    """What the answer to a preflight tells. Raises `S3Error` where the request to come is not allowed."""
    if ORIGIN not in headers:
        raise S3Error(Code.BAD_REQUEST, "Insufficient information. Origin request header needed.")
    if _METHOD not in headers:
        raise S3Error(Code.BAD_REQUEST, "Invalid Access-Control-Request-Method: null")
    if not rules:
        raise S3Error(Code.ACCESS_FORBIDDEN, "CORSResponse: CORS is not enabled for this bucket.")
    asked = _asked(headers)
    rule = cors.find(rules, headers[ORIGIN], headers[_METHOD], asked)
    if rule is None:
        raise S3Error(Code.ACCESS_FORBIDDEN, _NOT_ALLOWED)
    return (*rule.granted(headers[ORIGIN], asked), _VARY)


def _asked(headers: Mapping[str, str]) -> Collection[str]:
    return [name for part in headers.get(_HEADERS, "").split(",") if (name := part.strip().lower())]


async def get_bucket_cors(call: Call) -> Output:
    """GetBucketCors."""
    text = bucket_of(call).system.get(CORS)
    if text is None:
        raise S3Error(Code.NO_SUCH_CORS_CONFIGURATION, BucketName=call.key.bucket)
    return Output({"CORSRules": [cors.shown(rule) for rule in cors.unpack(text)]})


async def put_bucket_cors(call: Call) -> Output:
    """PutBucketCors."""
    packed = cors.pack(cors.parse(await required_document(call)))
    await call.store.update_bucket(call.key.bucket, PropsChange(system={CORS: packed}))
    return Output({})


async def delete_bucket_cors(call: Call) -> Output:
    """DeleteBucketCors: that there were no rules is no error."""
    if CORS in bucket_of(call).system:
        await call.store.update_bucket(call.key.bucket, PropsChange(system={CORS: None}))
    return Output({})
