"""Options of the catalog."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field

KIB = 1024
MIB = 1024 * KIB


class CatalogSettings(BaseModel):
    """The embedded store: one directory on a local disk, used by one process at a time.

    `durability`: with `full`, index and data have been fsynced when a write is acknowledged. With `relaxed`, a failure
    of power may take back the last acknowledged writes, each as a whole; one of the process loses nothing either way.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["catalog"] = "catalog"
    path: Path = Field(description="The directory; made where it is missing.")
    durability: Literal["full", "relaxed"] = Field("full", description="Whether acknowledged writes survive the power.")
    inline_max: int = Field(
        32 * KIB, ge=0, le=MIB, description="Objects and parts of up to so many bytes lie in the index."
    )
    recent: ByteSize = Field(
        ByteSize(32 * MIB), ge=0, description="Bytes of memory for small objects that were read lately."
    )
    reserve: ByteSize = Field(
        ByteSize(64 * MIB),
        ge=0,
        description="Bytes of the disk that bodies must leave free, so that a full one can be cleared.",
    )
