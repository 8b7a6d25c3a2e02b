"""Settings of the Swift frontend."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from gateway.frontends.http.settings import HttpSettings
from gateway.frontends.swift.cnames import CnameLookupSettings
from gateway.frontends.swift.namecheck import NameCheckSettings
from gateway.frontends.swift.rates import RateLimitSettings


class CompatSettings(BaseModel):
    """What clients of other Swift-like services expect to be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    missing_delete: Literal[204, 404] = Field(404, description="Status of the deletion of an object that is not there.")
    full_account: Literal[204, 409] = Field(
        409,
        description="Status of the deletion of an account that holds something; with 204 all of that goes first.",
    )
    autocreate: bool = Field(False, description="Whether a PUT of an object makes its container where there is none.")
    locked: Literal[403, 409, 423] = Field(403, description="Status of a refusal to destroy what is locked.")


class SwiftSettings(HttpSettings):
    """Where the Swift frontend listens, and the limits that `/info` tells. Sizes in bytes."""

    port: NonNegativeInt = Field(8080, le=65535, description="Port to listen on; 0 picks a free one.")
    storage_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*[^\s?#/])?$",
        description="What storage URLs begin with, up to `/v1`; null: as the client came by.",
    )
    storage_url_scheme: Literal["http", "https"] | None = Field(
        None, description="Scheme of the storage URL; set it where TLS ends in front of the gateway."
    )
    max_file_size: PositiveInt = Field(
        5 * 1024**3 + 2, description="Largest object that one PUT may make; clients cut larger files in segments."
    )
    storage_domains: tuple[str, ...] = Field(
        (), description="Domains below which hosts name an account, or a container of it: `container.account.domain`."
    )
    cname_lookup: CnameLookupSettings | None = Field(
        None, description="How hosts outside of `storage_domains` are looked up as CNAME records; null: they are not."
    )
    cross_domain_policy: str | None = Field(
        None, description="What `/crossdomain.xml` says, in XML; null: there is none."
    )
    info_admin_key: SecretStr | None = Field(
        None, description="Signs requests for the part of `/info` that is for administrators; null: nobody gets it."
    )
    read_only: bool = Field(False, description="Whether nothing may be written over Swift, but to accounts that may.")
    allow_deletes: bool = Field(
        False, description="Whether what is read-only may be deleted, also in accounts that are so at all doors."
    )
    name_check: NameCheckSettings | None = Field(None, description="Which paths are refused; null: none.")
    ratelimit: RateLimitSettings | None = Field(None, description="Requests a second; null: any number.")
    allow_account_management: bool = Field(
        True, description="Whether operators may create and delete accounts beside those of the configuration."
    )
    compat: CompatSettings = Field(default_factory=CompatSettings)
    listing_limit: PositiveInt = Field(10_000, description="Most rows of one listing, and how many without a limit.")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.cname_lookup is not None and not self.storage_domains:
            raise PydanticCustomError(
                "swift", "has `cname_lookup` without the `storage_domains` that hosts may lead to"
            )
        return self
