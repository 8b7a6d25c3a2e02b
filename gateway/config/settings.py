"""The whole configuration: what each part needs, put together."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ByteSize, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from gateway.config.accounts import AccountSettings
from gateway.config.auth import AuthSettings
from gateway.config.encryption import Encryptable
from gateway.config.secrets import LongSecretOfFile
from gateway.frontends.admin.settings import AdminSettings
from gateway.frontends.ftp.settings import FtpSettings
from gateway.frontends.s3.settings import S3Settings
from gateway.frontends.swift.settings import SwiftSettings
from gateway.layers.segmented.settings import GIB, MIB, SegmentSettings
from gateway.reaper.settings import ReaperSettings
from gateway.stores.catalog.settings import CatalogSettings
from gateway.stores.directory.settings import DirectorySettings
from gateway.stores.memory.settings import MemorySettings
from gateway.stores.s3.settings import MIN_PART, S3StoreSettings
from gateway.stores.swift.settings import SwiftStoreSettings

MAIN = "main"
DEFAULT = "default"
DEFAULT_DATA = Path("portico-data")


class LocalCatalogSettings(Encryptable, CatalogSettings):
    """The embedded store, and how its objects are encrypted."""


class LocalMemorySettings(Encryptable, MemorySettings):
    """The memory store, and how its objects are encrypted."""


class RemoteS3Settings(SegmentSettings, S3StoreSettings):
    """A remote S3, and how bodies are cut for it. S3 takes no smaller segments but the last."""

    segment_size: ByteSize = Field(
        ByteSize(8 * MIB), ge=MIN_PART, le=5 * GIB, description="Larger objects are uploaded in parts of it."
    )


class RemoteSwiftSettings(SegmentSettings, SwiftStoreSettings):
    """A remote Swift, and how bodies are cut for it."""


StoreSettings = Annotated[
    LocalCatalogSettings | LocalMemorySettings | DirectorySettings | RemoteS3Settings | RemoteSwiftSettings,
    Field(discriminator="type"),
]


class Loop(StrEnum):
    """The event loop to run on. `uvloop` needs the extra `fast`."""

    ASYNCIO = "asyncio"
    UVLOOP = "uvloop"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """`auto`: for people on a terminal, JSON otherwise."""

    AUTO = "auto"
    HUMAN = "human"
    JSON = "json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSettings(_Part):
    """What is logged, to standard error."""

    level: LogLevel = Field(LogLevel.INFO, description="Least level that is logged.")
    format: LogFormat = Field(LogFormat.AUTO, description="auto: human on a terminal, JSON otherwise.")
    access: bool = Field(True, description="One line for each request and FTP transfer.")
    audit: bool = Field(False, description="One line for each transfer, rename and delete that has succeeded.")
    slow_seconds: PositiveFloat | None = Field(
        10.0, description="Operations of remote stores that take so long are logged; null: none."
    )


class Credentials(StrEnum):
    """Whose credentials open a namespace's store: the `store`'s own, or those of each `caller`."""

    STORE = "store"
    CALLER = "caller"


class NamespaceSettings(_Part):
    """A namespace of buckets: each account sees exactly one. Callers with credentials of their own need no account
    here; the further settings are about them. Times in seconds.
    """

    store: str = Field(description="The store that its buckets lie in.")
    credentials: Credentials = Field(Credentials.STORE, description="caller: users log in as they do upstream.")
    tenant_separator: str = Field(
        ".", min_length=1, max_length=8, description="Ends the tenant in a login: `t.u.v` is the user u.v of t."
    )
    max_stores: PositiveInt = Field(256, description="Callers that are served at once.")
    idle_seconds: PositiveFloat = Field(300.0, description="A caller's store that was not used for this is closed.")


class CacheSettings(_Part):
    """Where metadata of remote stores is kept. Without servers that is the process: right for a single replica."""

    memcached: tuple[Annotated[str, Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):\d{1,5}$")], ...] = Field(
        (), description="memcached servers as host:port, the same for all replicas."
    )
    ttl: PositiveInt = Field(10, le=3600, description="Seconds that an entry lives.")
    secret_file: LongSecretOfFile | None = Field(
        None, description="Makes the keys of entries; the same for all replicas. Without it: from the token secret."
    )


class FrontendsSettings(_Part):
    """The doors. `null` keeps one shut; one that is left out is open with its defaults."""

    s3: S3Settings | None = Field(default_factory=S3Settings)
    swift: SwiftSettings | None = Field(default_factory=SwiftSettings)
    ftp: FtpSettings | None = Field(default_factory=FtpSettings)
    admin: AdminSettings | None = Field(default_factory=AdminSettings)


class Config(_Part):
    """A configuration in which every reference holds. Paths are relative to the working directory. Times in seconds."""

    stores: dict[str, StoreSettings]
    namespaces: dict[str, NamespaceSettings]
    accounts: tuple[AccountSettings, ...] = Field((), description="None: the root account, see `portico serve --help`.")
    auth: AuthSettings = Field(default_factory=AuthSettings)
    cache: CacheSettings | None = Field(None, description="The metadata cache of remote stores; null: none.")
    frontends: FrontendsSettings = Field(default_factory=FrontendsSettings)
    reaper: ReaperSettings = Field(default_factory=ReaperSettings)
    drain_seconds: NonNegativeFloat = Field(30.0, le=86400, description="How long transfers may go on after SIGTERM.")
    token_lifetime: PositiveInt = Field(86400, description="How long a Swift token is good for.")
    token_secret_file: LongSecretOfFile | None = Field(
        None, description="Signs Swift tokens; the same for all replicas. Without it, one is kept with the data."
    )
    log: LogSettings = Field(default_factory=LogSettings)
    loop: Loop = Field(Loop.ASYNCIO, description="The event loop; uvloop needs the extra `fast`.")
    threads: PositiveInt = Field(
        default_factory=lambda: max(8, 4 * (os.cpu_count() or 1)), le=1024, description="Threads for hashing and files."
    )

    @property
    def callers(self) -> str | None:
        """The namespace of those who log in with credentials of their own; None where nobody may."""
        return next((name for name, each in self.namespaces.items() if each.credentials is Credentials.CALLER), None)

    def is_opened(self, store: str) -> bool:
        """Whether a store is opened with its own credentials, and not for callers alone."""
        used = {each.credentials for each in self.namespaces.values() if each.store == store}
        return used != {Credentials.CALLER}

    @property
    def needs_root(self) -> bool:
        """Nobody is configured, and not all users are known elsewhere."""
        known = self.callers == DEFAULT or self.auth.keystone is not None
        return not self.accounts and DEFAULT in self.namespaces and not known

    def catalog(self) -> Path | None:
        """Where the first embedded store lies; None where there is none."""
        found = (store.path for store in self.stores.values() if isinstance(store, CatalogSettings))
        return next(found, None)
