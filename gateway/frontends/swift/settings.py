"""Settings of the Swift frontend."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from gateway.frontends.http.settings import HttpSettings


class SwiftSettings(HttpSettings):
    """Where the Swift frontend listens, and the limits that `/info` tells. Sizes in bytes."""

    port: NonNegativeInt = Field(8080, le=65535, description="Port to listen on; 0 picks a free one.")
    storage_url_scheme: Literal["http", "https"] | None = Field(
        None, description="Scheme of the storage URL; set it where TLS ends in front of the gateway."
    )
    max_file_size: PositiveInt = Field(
        5 * 1024**3 + 2, description="Largest object that one PUT may make; clients cut larger files in segments."
    )
    listing_limit: PositiveInt = Field(10_000, description="Most rows of one listing, and how many without a limit.")
