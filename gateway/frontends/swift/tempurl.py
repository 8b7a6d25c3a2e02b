"""Temporary URLs: whoever has one may do one thing to one object, or to those below a prefix, for some time.

One for the whole of a container (an empty prefix) also leads to its website.

Source: "TempURL" in the OpenStack Swift documentation, and `swift.common.middleware.tempurl`.
"""

import time
from calendar import timegm
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from ipaddress import ip_address, ip_network
from urllib.parse import quote

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.auth.digests import DEPRECATED, DIGESTS, Signature, parse_signature
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.parameters import Parameters
from gateway.frontends.swift.target import Level, Target

MARK = "temp_url_"
"""What the names of a temporary URL's parameters begin with."""

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
NOT_SENT = ("X-Object-Manifest", "X-Symlink-Target", "X-Copy-From")
"""Headers that would let a write point at what the URL does not lead to."""

HIDDEN = "x-object-meta-"
SHOWN = "x-object-meta-public-"
"""Metadata is the owner's, but for what is meant for the public."""

INFO = {
    "methods": METHODS,
    "incoming_remove_headers": ["x-timestamp", "x-open-expired"],
    "incoming_allow_headers": [],
    "outgoing_remove_headers": [f"{HIDDEN}*"],
    "outgoing_allow_headers": [f"{SHOWN}*"],
    "allowed_digests": DIGESTS,
    "deprecated_digests": DEPRECATED,
}

_ISO = "%Y-%m-%dT%H:%M:%SZ"
_LATEST = 253_402_300_799
"""The last second that a date in a header can name."""

_READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
_CARRIED = ("temp_url_prefix", "temp_url_expires", "temp_url_sig", "temp_url_ip_range")
_AS_HEAD = (hdrs.METH_HEAD, hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_PUT)
"""Who may do one of these may do HEAD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a temporary URL states. `expires` in epoch seconds; `network`: where it may be used.

    `query`: what makes a URL of anything else below the prefix hold as well; empty without a prefix.
    """

    target: Target
    method: str
    signature: Signature
    expires: int
    prefix: str | None = None
    network: str = ""
    filename: str = ""
    inline: bool = False
    query: str = ""

    def is_signed_with(self, key: str) -> bool:
        """Whether the signature was made with `key`."""
        return any(self.signature.is_of(key, message) for message in self._messages())

    def _messages(self) -> Iterator[str]:
        target = self.target
        below = f"/v1/{target.account}/{target.container}/"
        path = below + target.name if self.prefix is None else f"prefix:{below}{self.prefix}"
        limit = f"ip={self.network}\n" if self.network else ""
        for method in _AS_HEAD if self.method == hdrs.METH_HEAD else (self.method,):
            yield f"{limit}{method}\n{self.expires}\n{path}"

    def check_headers(self, headers: Mapping[str, str]) -> None:
        """Raise `Refusal` (400) for a write that would point elsewhere."""
        for name in NOT_SENT:
            if self.method not in _READS and name in headers:
                raise Refusal(400, f"The header {name!r} is not allowed in this tempurl")

    def dress(self, headers: CIMultiDict[str], status: int) -> None:
        """Take from the headers of an answer what is the owner's, and add what browsers need."""
        for name in [name for name in headers if name.lower().startswith(HIDDEN)]:
            if not name.lower().startswith(SHOWN):
                headers.popall(name, None)
        if self.method in _READS and 200 <= status < 300:
            headers[hdrs.CONTENT_DISPOSITION] = self._disposition(headers.get(hdrs.CONTENT_DISPOSITION, ""))
            headers[hdrs.EXPIRES] = formatdate(min(self.expires, _LATEST), usegmt=True)

    def _disposition(self, stated: str) -> str:
        if self.inline:
            return _named("inline", self.filename) if self.filename else "inline"
        if self.filename or not stated:
            return _named("attachment", self.filename or self.target.name.rstrip("/").rpartition("/")[2])
        return stated


def visit_of(request: web.BaseRequest, target: Target, parameters: Parameters) -> Visit | None:
    """What the temporary URL of a request states; None where it is none. Raises `Refusal` (401) for what can't hold."""
    stated, expires = parameters.get("temp_url_sig"), parameters.get("temp_url_expires")
    if "temp_url_sig" not in parameters and "temp_url_expires" not in parameters:
        return None
    prefix = parameters.get("temp_url_prefix") if "temp_url_prefix" in parameters else None
    visit = Visit(
        target=target,
        method=request.method,
        signature=_signature(target, stated),
        expires=seconds_of(expires),
        prefix=prefix,
        network=parameters.get("temp_url_ip_range"),
        filename=parameters.get("filename"),
        inline="inline" in parameters,
        query="" if prefix is None else _carried(parameters),
    )
    whole = prefix == "" and request.method in _READS and target.level is not Level.ACCOUNT
    below = (whole or target.name.strip("/")) and target.name.startswith(prefix or "")
    if visit.expires < time.time() or not below:
        raise invalid(target)
    if request.method not in METHODS or not _is_within(request.remote or "", visit.network):
        raise invalid(target)
    return visit


def invalid(target: Target) -> Refusal:
    """The one answer to all temporary URLs that don't hold."""
    text = "401 Unauthorized: Temp URL invalid\n"
    return Refusal(401, text, headers={hdrs.WWW_AUTHENTICATE: f'Swift realm="{target.realm}"'})


def seconds_of(text: str) -> int:
    """The time that a URL states, in epoch seconds or as a date; 0 for anything else."""
    with suppress(ValueError, OverflowError):
        return int(text) if text.isascii() and text.isdecimal() else timegm(time.strptime(text, _ISO))
    return 0


def _carried(parameters: Parameters) -> str:
    stated = "&".join(f"{name}={quote(parameters.get(name))}" for name in _CARRIED if name in parameters)
    return f"{stated}&inline" if "inline" in parameters else stated


def _signature(target: Target, text: str) -> Signature:
    try:
        return parse_signature(text)
    except ValueError:
        raise invalid(target) from None


def _is_within(client: str, network: str) -> bool:
    try:
        return not network or ip_address(client) in ip_network(network)
    except ValueError:
        return False


def _named(kind: str, name: str) -> str:
    """A Content-Disposition with a file's name (RFC 6266)."""
    return f"{kind}; filename=\"{quote(name, safe=' /')}\"; filename*=UTF-8''{quote(name)}"
