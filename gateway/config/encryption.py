"""Encryption at rest as a configuration states it, among the settings of the store whose objects are encrypted."""

import binascii
from base64 import b64decode
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.config.secrets import SecretOfFile, SecretOfVariable
from gateway.layers.encrypted import KEY_BYTES

_HEX = 2 * KEY_BYTES
_RECIPE = "is no key of 32 bytes in base64 or hex; make one with `openssl rand -base64 32`"


def _decoded(text: str) -> bytes:
    """Raises `ValueError`."""
    return bytes.fromhex(text) if len(text) == _HEX else b64decode(text, validate=True)


def _key(value: SecretStr) -> SecretStr:
    try:
        size = len(_decoded(value.get_secret_value().strip()))
    except (ValueError, binascii.Error):
        size = 0
    if size != KEY_BYTES:
        raise PydanticCustomError("key", _RECIPE)
    return value


class KeySettings(BaseModel):
    """A key: 32 bytes in base64 or hex, as `openssl rand -base64 32` makes them. Whoever loses it loses the objects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{1,64}$")] = Field(
        description="What objects name it by; never give it to another key."
    )
    key_file: Annotated[SecretOfFile, AfterValidator(_key)] | None = Field(None, description="A file that holds it.")
    key_env: Annotated[SecretOfVariable, AfterValidator(_key)] | None = Field(
        None, description="An environment variable that holds it."
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.key_file is None) == (self.key_env is None):
            raise PydanticCustomError("key", "needs one of `key_file` and `key_env`")
        return self

    def value(self) -> bytes:
        """The key."""
        secret = self.key_file or self.key_env
        if secret is None:
            raise ValueError("no key")
        return _decoded(secret.get_secret_value().strip())


class EncryptionSettings(BaseModel):
    """Keys of the installation. Objects name theirs, so that old ones stay readable while new ones use `current`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: tuple[KeySettings, ...] = Field(min_length=1, description="All keys that objects are encrypted with.")
    current: str = Field(description="The id of the key for what is written from now on.")
    default: bool = Field(
        False, description="on: whatever is written is encrypted; off: what its writer or bucket asks."
    )

    def values(self) -> dict[str, bytes]:
        """The keys by id."""
        return {key.id: key.value() for key in self.keys}


class Encryptable(BaseModel):
    """Settings of a store that can keep objects encrypted."""

    encryption: EncryptionSettings | None = Field(None, description="Encryption at rest; null: nothing is encrypted.")
