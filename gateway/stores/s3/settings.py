"""Settings of the store over a remote S3."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.core.faults import Backoff

MIB = 1024 * 1024
MIN_PART = 5 * MIB
"""S3 takes no smaller part but the last."""


class Addressing(StrEnum):
    """Where a request names its bucket: in the path, in the host, or as botocore sees fit."""

    PATH = "path"
    VIRTUAL = "virtual"
    AUTO = "auto"


class S3StoreSettings(BaseModel):
    """A remote S3. Times in seconds. How large objects are cut stands beside: `layers/segmented`.

    Where no key is stated, botocore finds credentials as it does everywhere: environment, profiles, roles.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["s3"] = "s3"
    endpoint_url: str | None = Field(
        None, pattern=r"^https?://[^/\s]+/?$", description="Where it is; without it, Amazon's endpoint of the region."
    )
    owner: str | None = Field(
        None, min_length=1, description="Id of the account that the remote buckets belong to; S3 does not say."
    )
    access_key: str | None = Field(None, min_length=1, description="The id of the key that opens it.")
    secret_key: SecretStr | None = Field(None, min_length=1, description="The secret of that key.")
    secret_key_file: FilePath | None = Field(None, description="A file that holds the secret key.")
    session_token: SecretStr | None = Field(None, min_length=1, description="What temporary keys come with.")
    profile: str | None = Field(None, min_length=1, description="A profile of the AWS configuration files.")
    region: str = Field("us-east-1", min_length=1, description="The region that requests are signed for.")
    addressing_style: Addressing = Field(Addressing.PATH, description="Where a bucket stands: in the path or the host.")
    verify: bool = Field(True, description="Check the certificate of an https endpoint.")
    ca_file: FilePath | None = Field(None, description="Certificates to trust instead of the system's.")
    connect_timeout: PositiveFloat = Field(5.0, description="To connect.")
    read_timeout: PositiveFloat = Field(60.0, description="Longest silence of the remote.")
    request_timeout: PositiveFloat = Field(300.0, description="Longest a request may take, its repetitions included.")
    max_connections: PositiveInt = Field(64, description="Connections that are open at once.")
    max_operations: PositiveInt = Field(256, description="Operations that are under way at once.")
    max_waiting: NonNegativeInt = Field(1024, description="Further ones that wait for their turn; beyond: Busy.")
    waiting_seconds: PositiveFloat = Field(30.0, description="The longest that an operation waits for its turn.")
    retries: PositiveInt = Field(4, le=20, description="Attempts at a request, the first included.")
    retry_base: PositiveFloat = Field(0.2, description="The first pause; each further one is twice as long.")
    retry_cap: PositiveFloat = Field(20.0, description="The longest pause, whatever Retry-After says.")
    conditional_writes: bool | None = Field(
        None, description="Whether the remote minds If-Match and If-None-Match of writes; null: it is tried, once."
    )
    check_etag: bool = Field(
        True, description="Compare objects with their ETags while they are read, where those have the form of an MD5."
    )
    tagging: bool | None = Field(
        None, description="Whether the remote has tags of buckets, which keep their properties; null: it is tried."
    )
    segment_marks: bool = Field(
        True,
        description="Mark uploads of the gateway's own, so that what a killed process leaves is swept. Not for remotes "
        "that complete no upload while one of its parts is left out (rclone serve s3): InvalidPart.",
    )
    bucket_ttl: NonNegativeFloat = Field(
        5.0, le=3600, description="How long what is known of a bucket (not of objects) is believed."
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        stated = [name for name in ("secret_key", "secret_key_file") if getattr(self, name) is not None]
        if len(stated) > 1:
            raise PydanticCustomError("s3", "has `secret_key` and `secret_key_file`; keep one of them")
        if bool(stated) != (self.access_key is not None):
            raise PydanticCustomError("s3", "needs both an `access_key` and a `secret_key` or `secret_key_file`")
        if self.session_token is not None and not stated:
            raise PydanticCustomError("s3", "has a `session_token` without the keys that it belongs to")
        if self.profile is not None and stated:
            raise PydanticCustomError("s3", "has a `profile` and keys of its own; keep one of them")
        return self

    @property
    def backoff(self) -> Backoff:
        return Backoff(retries=self.retries - 1, base=self.retry_base, cap=self.retry_cap)

    def secret(self) -> str | None:
        """The secret key. Raises `OSError` where its file can't be read, `UnicodeDecodeError` where it is no text."""
        if self.secret_key_file is not None:
            return self.secret_key_file.read_text(encoding="utf-8").strip("\r\n")
        return self.secret_key.get_secret_value() if self.secret_key else None
