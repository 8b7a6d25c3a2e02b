"""Options of Keystone as who knows the callers."""

from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

RoleName = Annotated[str, StringConstraints(min_length=1, max_length=255, to_lower=True)]
Roles = tuple[RoleName, ...]


class KeystoneSettings(BaseModel):
    """Where Keystone is, as whom it is asked, and what its roles allow here. Times in seconds.

    Names of roles are known in whatever case they are written, as `keystoneauth` has it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    auth_url: str = Field(description="Keystone's API, as `http://keystone:5000/v3`.", pattern=r"^https?://\S+/v3/?$")
    public_url: str = Field(
        "", description="Where clients find Keystone; default: `auth_url`.", pattern=r"^(https?://[^\s\"]+|$)"
    )
    user: str = Field(description="The user who asks about others, with the role `service` or `admin`.", min_length=1)
    key: SecretStr | None = Field(None, min_length=1, description="The user's password.")
    key_file: FilePath | None = Field(None, description="A file that holds the password.")
    project: str = Field("service", description="The project that the user has the role in.", min_length=1)
    user_domain: str = Field("default", description="Id or name of the user's domain.")
    project_domain: str = Field("default", description="Id or name of the project's domain.")

    namespace: str = Field("default", description="Where the accounts of projects lie. They need no configuration.")
    operator_roles: Roles = Field(
        ("admin", "member", "swiftoperator"), description="Roles that administer their project's account."
    )
    reader_roles: Roles = Field(("reader",), description="Roles that read and list their project's account.")
    reseller_admin_role: RoleName = Field("reselleradmin", description="The role that may do everything everywhere.")
    system_reader_roles: Roles = Field((), description="Roles that read and list every account.")

    cache_seconds: NonNegativeFloat = Field(
        300.0, le=86400, description="The longest that Keystone is not asked again about a token."
    )
    secret_seconds: NonNegativeFloat = Field(
        60.0,
        le=3600,
        description="The longest that S3 secrets are held, by which signatures are verified here. 0: Keystone verifies "
        "each, and bodies in signed chunks are refused.",
    )
    timeout: PositiveFloat = Field(10.0, le=300, description="The longest that an answer may take.")
    max_connections: PositiveInt = Field(32, description="Questions that are asked at once.")
    ca_file: FilePath | None = Field(None, description="Certificates that Keystone's is checked against.")
    verify: bool = Field(True, description="Whether certificates are checked at all.")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.key is None) == (self.key_file is None):
            raise PydanticCustomError("keystone", "needs a `key` or a `key_file`, and not both")
        return self

    def secret(self) -> str:
        """The password. Raises `OSError` where its file can't be read, `UnicodeDecodeError` where it is no text."""
        if self.key_file is not None:
            return self.key_file.read_text(encoding="utf-8").strip("\r\n")
        return self.key.get_secret_value() if self.key else ""
