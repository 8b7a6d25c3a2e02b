"""RenameObject: one step, by the rename that FTP uses too. Source: RenameObject in the Amazon S3 API Reference."""

from gateway.core import ops
from gateway.core.conditions import When
from gateway.core.errors import NoSuchKey, NotModified
from gateway.core.types import Key
from gateway.frontends.http.headers import when_of
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.copysource import CopySource, copy_source
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.xmlout import Output

SOURCE = "x-amz-rename-source"
_TOKEN = "x-amz-client-token"  # noqa: S105 - the name of a header
_UNMINDED = "if-modified-since"
_MAX_TOKEN = 64


def origin(call: Call) -> CopySource:
    """What is renamed, which lies in the bucket that the request names. Raises `S3Error`."""
    source = copy_source(call.headers, SOURCE)
    if source.version is not None or source.key.bucket != call.key.bucket:
        raise S3Error(
            Code.INVALID_ARGUMENT,
            "Rename Source must be what stands under a key of the same bucket: bucket/sourcekey",
            ArgumentName=SOURCE,
        )
    return source


async def rename_object(call: Call) -> Output:
    """RenameObject. A client token counts for five minutes, with the process that answered: the same rename is not done
    again there, and another one refused. Anywhere else the source of a rename that was done is missing (404).
    """
    if call.source is None:
        raise RuntimeError("the operation has no source")
    source, target = call.source.key, call.key
    if source.name.endswith("/") or target.name.endswith("/"):
        raise S3Error(Code.INVALID_REQUEST, "Keys that end with a slash can't be renamed.")
    if _UNMINDED in call.headers:
        raise S3Error(
            Code.NOT_IMPLEMENTED,
            "A rename on condition of a change of its target is not implemented.",
            Header=_UNMINDED,
        )
    when, source_when = when_of(call.request.headers), when_of(call.request.headers, SOURCE + "-if-")
    asked = source, target, when, source_when
    token = call.headers.get(_TOKEN)
    if token is not None and _is_done(call, token, asked):
        return Output({})
    await _rename(call, source, target, when, source_when)
    if token is not None:
        call.renames.remember(call.principal.label, token, asked)
    return Output({})


def _is_done(call: Call, token: str, asked: object) -> bool:
    if not 0 < len(token) <= _MAX_TOKEN:
        raise S3Error(Code.INVALID_ARGUMENT, f"A client token has 1 to {_MAX_TOKEN} characters", ArgumentName=_TOKEN)
    done = call.renames.recall(call.principal.label, token)
    if done not in (None, asked):
        raise S3Error(Code.IDEMPOTENCY_PARAMETER_MISMATCH)
    return done is not None


async def _rename(call: Call, source: Key, target: Key, when: When, source_when: When) -> None:
    try:
        await ops.rename(call.store, source, target, when=when, source_when=source_when)
    except NotModified:
        raise S3Error(Code.PRECONDITION_FAILED) from None
    except NoSuchKey:
        raise S3Error(Code.NO_SUCH_KEY, Key=source.name) from None
