"""What a user may have and do over FTP, as a configuration states it."""

import codecs
import re
from collections.abc import Mapping
from fnmatch import translate
from functools import cached_property
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.auth.principals import Principal
from gateway.core.paths import ROOT, SEPARATOR
from gateway.core.quotas import Quota
from gateway.frontends.ftp.rates import Limits
from gateway.frontends.ftp.view import Permission, View


def _absolute(text: str) -> str:
    path = ROOT.resolve(text)
    if not text.startswith(SEPARATOR) or str(path) != (text.rstrip(SEPARATOR) or SEPARATOR) or not text.isprintable():
        raise PydanticCustomError("path", "should be an absolute path without `.`, `..` or `//`, as /bucket/directory")
    return str(path)


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        if known.decode(b"/") != (SEPARATOR, 1):
            raise LookupError
    except (LookupError, TypeError, ValueError):
        raise PydanticCustomError("encoding", "should be an encoding of text, as cp1252 or shift_jis") from None
    return known.name


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Pattern = Annotated[str, Field(min_length=1, max_length=255)]


class Profile(BaseModel):
    """A user's view of the tree over FTP, and his limits. Paths of `folders` and `permissions` begin at his home."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: AbsolutePath = Field("/", description="What the user sees as his root: /bucket, or /bucket/directory.")
    folders: Mapping[AbsolutePath, AbsolutePath] = Field(
        default_factory=dict, description="Virtual folders: paths that the user sees, and where they lie."
    )
    permissions: Mapping[AbsolutePath, frozenset[Permission]] = Field(
        default_factory=dict,
        description="What may be done, by directory; the nearest one above a path counts. Roles and policies go first.",
    )
    allow_names: tuple[Pattern, ...] = Field(
        (), description="Patterns of file names, as *.jpg; uploads of all others are refused. None: any name."
    )
    deny_names: tuple[Pattern, ...] = Field((), description="Patterns of file names that are refused.")
    max_sessions: PositiveInt | None = Field(None, description="Logins of the user at a time; null: any number.")
    quota_bytes: ByteSize | None = Field(
        None,
        description="Uploads may fill the home, a bucket or the whole account, up to so many bytes; null: no limit.",
    )
    quota_files: NonNegativeInt | None = Field(None, description="The same, counted in files.")
    upload_rate: ByteSize | None = Field(
        None, gt=0, description="Bytes a second that the user's uploads have together; null: any number."
    )
    download_rate: ByteSize | None = Field(None, gt=0, description="The same for downloads.")
    require_tls: bool = Field(
        False, description="No login of the user and no data of his without TLS, whatever holds for others."
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] | None = Field(
        None, description="What an old device writes names in that are not UTF-8, and then reads them in; null: none."
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for shown, real in self.folders.items():
            if shown == SEPARATOR:
                raise PydanticCustomError("folder", "has a folder in place of the root; set `home` to what it names")
            if real == SEPARATOR:
                raise PydanticCustomError("folder", "has a folder that lies nowhere; name /bucket or /bucket/directory")
            if self.home == SEPARATOR and SEPARATOR in shown[1:]:
                raise PydanticCustomError(
                    "folder", "has a folder inside of a bucket; set `home`, or put the folder into the root"
                )
        if self.quota is not None and SEPARATOR in self.home[1:]:
            raise PydanticCustomError("quota", "has a quota, which counts a bucket; set `home` to / or to a /bucket")
        return self

    @cached_property
    def quota(self) -> Quota | None:
        """None where nothing is limited."""
        if self.quota_bytes is None and self.quota_files is None:
            return None
        return Quota(self.quota_bytes, self.quota_files)

    @cached_property
    def view(self) -> View:
        return View(
            home=ROOT.resolve(self.home),
            folders={ROOT.resolve(shown): ROOT.resolve(real) for shown, real in self.folders.items()},
            rules={ROOT.resolve(shown): granted for shown, granted in self.permissions.items()},
        )

    @cached_property
    def limits(self) -> Limits:
        return Limits(self.upload_rate, self.download_rate)

    @property
    def filters_names(self) -> bool:
        return bool(self.allow_names or self.deny_names)

    def takes_name(self, name: str) -> bool:
        """Whether a file may be given that name; letters in either case are the same."""
        if any(_matches(pattern, name) for pattern in self.deny_names):
            return False
        return not self.allow_names or any(_matches(pattern, name) for pattern in self.allow_names)


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(translate(pattern), name, re.IGNORECASE) is not None


class AnonymousSettings(Profile):
    """Logins as `anonymous` or `ftp`, with any password: they list and read what lies below `home`, and no more."""

    account: str = Field(description="The name of the account whose buckets are shown.")
    home: AbsolutePath = Field(description="What strangers see as the root: /bucket, or /bucket/directory.")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.home == SEPARATOR:
            raise PydanticCustomError("home", "would show strangers every bucket; set `home` to /bucket")
        return self


NOBODYS = Profile()

Profiles = Mapping[tuple[str, str], Profile]
"""Those of configured users, by the id of the account and the name."""


def profile_of(profiles: Profiles, principal: Principal) -> Profile:
    return profiles.get((principal.account.id, principal.user), NOBODYS)
