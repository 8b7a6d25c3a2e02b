"""Options of the memory store."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class MemorySettings(BaseModel):
    """A store that is empty at each start. It has no limit of its own: it is meant for tests and trials."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["memory"] = "memory"
