"""Options of the segment uploader, which stand among those of the remote store that it surrounds."""

from pydantic import BaseModel, ByteSize, ConfigDict, DirectoryPath, Field, PositiveFloat, PositiveInt

MIB = 1024 * 1024
GIB = 1024 * MIB


class SegmentSettings(BaseModel):
    """How large bodies are cut, and what may lie here of them. Sizes in bytes (also as `64MiB`), times in seconds.

    An upload holds up to `segment_parallelism` segments, and all uploads together `segment_buffer` bytes in memory;
    what is more lies in files without names in `spool`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment_size: ByteSize = Field(
        ByteSize(64 * MIB), ge=1, le=5 * GIB, description="Larger objects are stored in segments of it."
    )
    segment_parallelism: PositiveInt = Field(
        4, le=64, description="Segments of one upload that are held at once, the one that comes in included."
    )
    segment_buffer: ByteSize = Field(
        ByteSize(192 * MIB), ge=0, description="Bytes of segments in memory, over all uploads to the store."
    )
    spool: DirectoryPath | None = Field(
        None, description="Folder for segments beyond that; default: the system's for temporary files."
    )
    segment_grace: PositiveFloat = Field(
        86400.0, description="After so long, segments that nobody is at and no object is made of are swept."
    )
