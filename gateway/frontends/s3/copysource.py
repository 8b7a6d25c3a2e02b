"""The x-amz-copy-source header. Source: CopyObject and UploadPartCopy in the Amazon S3 API Reference."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.types import Key
from gateway.frontends.s3.address import check_length, decode
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error

HEADER = "x-amz-copy-source"

_VERSION = "?versionId="


@dataclass(frozen=True, slots=True)
class CopySource:
    """What a copy is made of. `version` is as `core.versions` has it; None for the object that stands."""

    key: Key
    version: str | None


def copy_source(headers: Mapping[str, str], header: str = HEADER) -> CopySource:
    """The source that a request names: `bucket/key`, percent-encoded, with or without a slash before it.

    Raises `S3Error` `InvalidArgument`, `KeyTooLongError`.
    """
    stated = headers.get(header, "")
    path, mark, version = stated.partition(_VERSION)
    bucket, slash, name = decode(path).removeprefix("/").partition("/")
    if not bucket or not name or not slash or (mark and not version):
        raise S3Error(
            Code.INVALID_ARGUMENT,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName=header,
            ArgumentValue=stated,
        )
    check_length(name)
    return CopySource(Key(bucket, name), version or None)
