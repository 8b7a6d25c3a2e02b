"""Hosts that name an account, or a container of it: `<container>.<account>.<domain>`.

Source: `swift.common.middleware.domain_remap`.
"""

from collections.abc import Sequence

from gateway.auth.resellers import RESELLER_PREFIX
from gateway.frontends.swift.errors import Refusal

_DASHED = RESELLER_PREFIX.lower().replace("_", "-")
"""The prefix of accounts as hosts have it, which know neither capitals nor underscores."""


def remap(host: str, path: str, domains: Sequence[str]) -> str:
    """The path that a request means, of which `path` is what the host does not say.

    Raises `Refusal` (400) for a host below a domain that names more than a container.
    """
    name = name_of(host)
    for domain in domains:
        lead, found, rest = name.lower().rpartition(f".{domain.lower()}")
        if found and not rest:
            return _below(name[: len(lead)], path)
    return path


def name_of(host: str) -> str:
    """What a Host header names, without the port."""
    name, _, port = host.rpartition(":")
    return name if port.isdecimal() else host


def is_within(name: str, domains: Sequence[str]) -> bool:
    """Whether a name is one of the domains, or below one."""
    return any(f".{name.lower()}".endswith(f".{domain.lower()}") for domain in domains)


def _below(lead: str, path: str) -> str:
    container, _, account = lead.rpartition(".")
    if "." in container or not account:
        raise Refusal(400, "Bad domain in host header")
    levels = [_account(account), *([container] if container else [])]
    rest = path.removeprefix("/")
    return "/".join(["/v1", *levels, *([rest] if rest or container else [])])


def _account(name: str) -> str:
    if name.startswith(RESELLER_PREFIX):
        return name
    lower = name.lower().replace("_", "-")
    return RESELLER_PREFIX + (name[len(_DASHED) :] if lower.startswith(_DASHED) else name)
