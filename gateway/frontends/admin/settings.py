"""Settings of the admin frontend."""

from pydantic import Field, NonNegativeInt, PositiveFloat

from gateway.frontends.http.settings import HttpSettings


class AdminSettings(HttpSettings):
    """The admin frontend answers anybody who reaches it, so it listens on loopback unless told otherwise."""

    port: NonNegativeInt = Field(9001, le=65535, description="Port to listen on; 0 picks a free one.")
    max_connections: int = Field(256, gt=0, description="Connections beyond this many are answered 503.")
    ready_timeout: PositiveFloat = Field(2.0, description="A store that takes longer to answer counts as not ready.")
    ready_age: float = Field(1.0, ge=0, description="For how long an answer of the stores is good for further probes.")
