"""Who vouches for callers beside the accounts that are configured, and what accounts are called."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from gateway.auth.keystone import KeystoneSettings
from gateway.auth.resellers import RESELLER_PREFIX, Reseller, Resellers

PREFIX = r"^[A-Za-z0-9-]{1,32}$"


def _further(prefix: str) -> str:
    if f"{prefix}_" == RESELLER_PREFIX:
        raise PydanticCustomError("prefix", "is there anyway; leave it out")
    return prefix


Prefix = Annotated[str, StringConstraints(pattern=PREFIX), AfterValidator(_further)]
ServiceRole = Annotated[str, StringConstraints(min_length=1, max_length=128, to_lower=True)]


class ResellerSettings(BaseModel):
    """A prefix of further accounts of everybody's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service_roles: tuple[ServiceRole, ...] = Field(
        (),
        description="Who reaches these accounts also needs an X-Service-Token of somebody with one of these groups, in "
        "Keystone roles; none: his own token will do.",
    )


class AuthSettings(BaseModel):
    """How callers are known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reseller_prefixes: dict[Prefix, ResellerSettings] = Field(
        default_factory=dict, description="Swift's prefixes of accounts beside AUTH, without the underscore."
    )

    keystone: KeystoneSettings | None = Field(None, description="The Keystone that knows callers too; null: none.")

    @property
    def resellers(self) -> Resellers:
        """The prefixes as the frontends take them."""
        return Resellers(
            Reseller(f"{prefix}_", frozenset(each.service_roles)) for prefix, each in self.reseller_prefixes.items()
        )
