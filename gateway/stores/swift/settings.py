"""Options of a store that lies on an OpenStack Swift."""

from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.core.faults import Backoff


class SwiftStoreSettings(BaseModel):
    """Where the upstream is, who the gateway is there, and how hard it may be leant on.

    Times in seconds. How large objects are cut stands beside: `layers/segmented`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["swift"] = "swift"
    auth_url: str = Field(description="tempauth (`.../auth/v1.0`) or Keystone (`.../v3`).", pattern=r"^https?://")
    auth_version: Literal["auto", "1", "3"] = Field("auto", description="auto: 3 where the URL ends with /v3.")
    user: str = Field(
        "",
        description="tempauth: `account:user`; Keystone: the user, or `project:user`. Without it, the store is open to "
        "callers with credentials of their own alone.",
    )
    key: SecretStr | None = Field(None, min_length=1, description="The user's key or password.")
    key_file: FilePath | None = Field(None, description="A file that holds the key.")
    owner: str | None = Field(
        None, min_length=1, description="Id of the account that containers belong to, if not made here for another."
    )

    project: str = Field("", description="Keystone: the project that the token is for.")
    user_domain: str = Field("default", description="Keystone: id or name of the user's domain.")
    project_domain: str = Field("default", description="Keystone: id or name of the project's domain.")
    region: str = Field("", description="Keystone: the region whose endpoint is taken. Default: the first one.")
    endpoint_type: Literal["public", "internal", "admin"] = Field(
        "public", description="Keystone: which of the service's endpoints is taken."
    )
    service_type: str = Field("object-store", description="Keystone: what Swift is called in its catalog.")
    storage_url: str = Field(
        "", description="Taken instead of the URL that the login tells.", pattern=r"^(https?://|$)"
    )

    ca_file: FilePath | None = Field(None, description="Certificates that the upstream's is checked against.")
    verify: bool = Field(True, description="Whether certificates are checked at all.")
    max_connections: PositiveInt = Field(64, description="Connections for reading, and as many again for writing.")
    connect_timeout: PositiveFloat = Field(10.0, description="To connect, and to wait for a free connection.")
    read_timeout: PositiveFloat = Field(60.0, description="The upstream's longest silence.")
    copy_timeout: PositiveFloat = Field(900.0, description="The longest silence during a copy inside of the upstream.")
    max_operations: PositiveInt = Field(256, description="Operations that are under way at once.")
    max_waiting: NonNegativeInt = Field(1024, description="Further ones that wait for their turn; beyond: Busy.")
    waiting_seconds: PositiveFloat = Field(30.0, description="The longest that an operation waits for its turn.")
    token_ttl: PositiveFloat = Field(86400.0, description="The longest that a token is used.")
    retries: NonNegativeInt = Field(3, le=20, description="Further attempts where the upstream fails.")
    retry_base: PositiveFloat = Field(0.2, description="The first pause; each further one is twice as long.")
    retry_cap: PositiveFloat = Field(20.0, description="The longest pause, whatever Retry-After says.")

    storage_policy: str = Field(
        "",
        description="The storage policy of new containers that state none; containers of others are not listed. "
        "Default: the cluster's default, and all are listed.",
    )
    page_limit: PositiveInt = Field(10_000, le=10_000, description="Rows asked for at once.")
    overlay_seconds: PositiveFloat = Field(60.0, description="How long own writes are laid over listings that lag.")
    overlay_entries: PositiveInt = Field(10_000, description="How many own writes are remembered for that.")
    exclusive: bool = Field(
        False,
        description="No other process writes to these containers. Conditional writes that Swift itself does not know "
        "(If-Match) are then checked under a lock here; otherwise they are refused.",
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.user and (self.key is None) == (self.key_file is None):
            raise PydanticCustomError("swift", "needs a `key` or a `key_file`, and not both")
        if not self.user and (self.key or self.key_file):
            raise PydanticCustomError("swift", "needs the `user` whose key it states")
        return self

    @property
    def backoff(self) -> Backoff:
        return Backoff(retries=self.retries, base=self.retry_base, cap=self.retry_cap)

    @property
    def scope(self) -> tuple[str, ...]:
        """Who logs in where, for what: whoever has the same may use the same token. It holds the key, if it has one."""
        who = self.user, self.user_domain, self.project, self.project_domain
        key = self.key.get_secret_value() if self.key else ""
        what = self.region, self.service_type, self.endpoint_type, self.storage_url
        return (self.auth_url, self.auth_version, *who, key, *what)

    def secret(self) -> str:
        """The key. Raises `OSError` where its file can't be read, `UnicodeDecodeError` where it is no text."""
        if self.key_file is not None:
            return self.key_file.read_text(encoding="utf-8").strip("\r\n")
        return self.key.get_secret_value() if self.key else ""
