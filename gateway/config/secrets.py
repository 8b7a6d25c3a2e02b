"""Secrets that a configuration names instead of holding them."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

MAX_BYTES = 64 * 1024
LONG = 16


def _sound(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if not secret:
        raise PydanticCustomError("secret", "is empty; a secret needs at least one character")
    if not secret.isprintable():
        raise PydanticCustomError("secret", "must not contain line breaks, other control characters or invalid UTF-8")
    return value


def _from_file(value: object) -> object:
    if not isinstance(value, str | Path):
        return value
    try:
        with Path(value).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "not a path"
        raise PydanticCustomError("secret", "names a file that can't be read: {reason}", {"reason": reason}) from None
    if len(data) > MAX_BYTES:
        raise PydanticCustomError("secret", "names a file of more than {limit} bytes", {"limit": MAX_BYTES})
    return data.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")


def _from_environment(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value not in os.environ:
        raise PydanticCustomError("secret", "names a variable that is not set in the environment")
    return os.environ[value]


def _long(value: SecretStr) -> SecretStr:
    if len(value) < LONG:
        raise PydanticCustomError("secret", "is too short; it needs {limit} characters at least", {"limit": LONG})
    return value


Secret = Annotated[SecretStr, AfterValidator(_sound)]
SecretOfFile = Annotated[Secret, BeforeValidator(_from_file)]
"""The content of the file that is named, without its last line break."""
LongSecretOfFile = Annotated[SecretOfFile, AfterValidator(_long)]
SecretOfVariable = Annotated[Secret, BeforeValidator(_from_environment)]
"""The value of the environment variable that is named."""
