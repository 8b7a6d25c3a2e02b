"""Settings that every HTTP frontend has."""

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt


class HttpSettings(BaseModel):
    """Where a frontend listens, and what it takes of its clients. Times in seconds, sizes in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all of IPv4, :: for all.")
    port: NonNegativeInt = Field(0, le=65535, description="Port to listen on; 0 picks a free one.")
    idle_timeout: PositiveFloat = Field(75.0, description="A connection without a whole request is closed after this.")
    stall_timeout: PositiveFloat = Field(60.0, description="A client that neither sends nor takes data is dropped.")
    max_connections: PositiveInt = Field(4096, description="Connections beyond this many are answered 503.")
    max_header_bytes: PositiveInt = Field(16 * 1024, description="Longest request line or header field.")
    max_headers: PositiveInt = Field(256, description="Most header fields in a request.")
