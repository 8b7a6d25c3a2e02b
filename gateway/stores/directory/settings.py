"""Options of the directory store."""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field

MIB = 1024 * 1024


class Keeping(StrEnum):
    """Where metadata goes that a file has no place for.

    `xattr`: into one extended attribute, and into a sidecar where that is too small or the file system has none.
    """

    XATTR = "xattr"
    SIDECAR = "sidecar"


class DirectorySettings(BaseModel):
    """A directory whose folders are buckets and whose files are objects. Several processes may serve one.

    `durability`: with `full`, a file and its name have been fsynced when a write is acknowledged. With `relaxed`, a
    failure of power may take back the last acknowledged writes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["directory"] = "directory"
    path: Path = Field(description="The directory; made where it is missing.")
    owner: str | None = Field(
        None, min_length=1, description="Id of the account that buckets belong to which others have made."
    )
    bucket_depth: int = Field(
        0, ge=0, le=3, description="Levels of hashed folders above the buckets, for very many of them."
    )
    durability: Literal["full", "relaxed"] = Field("full", description="Whether acknowledged writes survive the power.")
    metadata: Keeping = Field(Keeping.XATTR, description="xattr: an attribute where possible; sidecar: never.")
    hash_max: ByteSize = Field(
        ByteSize(8 * MIB),
        ge=0,
        description="Up to so many bytes, files of others get their MD5 as ETag; larger ones an ETag of their stamp.",
    )
