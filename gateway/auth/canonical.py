"""The parts of a request in the one form that AWS Signature V4 signs.

Source: "Create a signed AWS API request" in the IAM User Guide, with S3's rules: the path is not normalised, and it is
encoded once.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_to_bytes

_ESCAPED = r"%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])"
"""An escape of a byte that has to be escaped, as AWS writes it."""

_PLAIN_FIELD = re.compile(rf"(?:[A-Za-z0-9._~-]|{_ESCAPED})*")
_PLAIN_PATH = re.compile(rf"(?:[A-Za-z0-9._~/-]|(?!%2F){_ESCAPED})*")

_BLANKS = re.compile(r"[ \t]{2,}|\t")


def encode(text: str) -> bytes:
    """The bytes that a header or request line had before the server decoded it."""
    return text.encode("utf-8", "surrogateescape")


def path(raw: str) -> str:
    """A raw path with exactly the escapes that AWS writes: all but unreserved characters and `/`."""
    if _PLAIN_PATH.fullmatch(raw):
        return raw or "/"
    return quote(unquote_to_bytes(encode(raw)), safe="/")


def query(raw: str, without: str = "") -> str:
    """A raw query string with AWS's escapes, sorted; the parameter `without` is left out. A `+` is a space."""
    if not raw:
        return ""
    fields = []
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if pair and name != without:
            fields.append((_field(name), _field(value)))
    fields.sort()
    return "&".join([f"{name}={value}" for name, value in fields])


def _field(raw: str) -> str:
    if _PLAIN_FIELD.fullmatch(raw):
        return raw
    return quote(unquote_to_bytes(encode(raw.replace("+", " "))), safe="")


def headers(names: Iterable[str], values: Mapping[str, str]) -> str:
    """Headers as lines, each value without blanks around it and with single ones inside; one that is missing is empty.

    Hardly any value needs to be looked at alone: servers strip them.
    """
    lines = "\n".join([f"{name}:{values.get(name, '')}" for name in names]) + "\n"
    if "  " in lines or "\t" in lines or ": " in lines or " \n" in lines:
        return "".join([f"{name}:{_BLANKS.sub(' ', values.get(name, '')).strip(' ')}\n" for name in names])
    return lines
