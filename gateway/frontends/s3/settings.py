"""Settings of the S3 frontend."""

from pydantic import Field, NonNegativeInt, PositiveInt

from gateway.frontends.http.settings import HttpSettings

MIB = 1024 * 1024
GIB = 1024 * MIB


class S3Settings(HttpSettings):
    """Where S3 is served and within which limits. Sizes in bytes; the defaults are Amazon's own."""

    port: NonNegativeInt = Field(9000, le=65535, description="Port to listen on; 0 picks a free one.")
    region: str = Field("us-east-1", min_length=1, description="The region that signatures must name.")
    domain: str | None = Field(
        None, min_length=1, description="Name under which buckets are hosts of their own: <bucket>.<domain>."
    )
    website_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts of static websites: <bucket>.<host> is that of a bucket, the host itself that of the bucket "
        "of this name.",
    )
    max_put: PositiveInt = Field(5 * GIB, description="Largest body of one PutObject or UploadPart.")
    max_copy: PositiveInt = Field(5 * GIB, description="Largest object that one CopyObject copies.")
    min_part: NonNegativeInt = Field(5 * MIB, description="Smallest part of a multipart upload, the last excepted.")
    plain_customer_keys: bool = Field(
        False, description="Take keys of SSE-C from other machines over connections that are not encrypted."
    )
    max_metadata: PositiveInt = Field(2048, description="Largest user metadata of an object, names and values.")
    compat: bool = Field(
        False,
        description="Answer as nova's S3 server did: 403 for a bucket that is not empty.",
    )
