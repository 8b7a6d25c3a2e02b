"""Names that the operator doesn't want (`swift.common.middleware.name_check`)."""

import re

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator

from gateway.frontends.swift.constraints import length
from gateway.frontends.swift.errors import Refusal

WHAT = "Object/Container/Account name"


class NameCheckSettings(BaseModel):
    """Which paths are refused. They are looked at as a whole, with the version and the account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    forbidden_chars: str = Field("'\"`<>", description="Characters that no path may hold.")
    maximum_length: PositiveInt = Field(255, description="Most bytes of a path, decoded.")
    forbidden_regexp: str | None = Field(
        r"/\./|/\.\./|/\.$|/\.\.$",
        description="What no path may hold, as an expression of Python's `re`; null: anything.",
    )

    @field_validator("forbidden_regexp")
    @classmethod
    def _is_expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return value

    @property
    def info(self) -> dict[str, object]:
        """What `/info` tells of it."""
        return {
            "forbidden_chars": self.forbidden_chars,
            "maximum_length": self.maximum_length,
            "forbidden_regexp": self.forbidden_regexp,
        }

    def check(self, path: str) -> None:
        """Raise `Refusal` (400) for a decoded path that is not wanted."""
        if any(character in path for character in self.forbidden_chars):
            raise Refusal(400, f"{WHAT} contains forbidden chars from {self.forbidden_chars}")
        if length(path) > self.maximum_length:
            raise Refusal(400, f"{WHAT} longer than the allowed maximum {self.maximum_length}")
        if self.forbidden_regexp is not None and re.search(self.forbidden_regexp, path):
            raise Refusal(400, f"{WHAT} contains a forbidden substring from regular expression {self.forbidden_regexp}")
