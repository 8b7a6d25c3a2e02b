"""Callers who have credentials of their own in the upstream, and the names that they have there."""

from dataclasses import dataclass

from pydantic import SecretStr

from gateway.stores.swift.login import is_v3
from gateway.stores.swift.settings import SwiftStoreSettings

DOMAIN = "@"


@dataclass(frozen=True, slots=True)
class Caller:
    """A tenant (tempauth: an account, Keystone: a project with its domain) and a user in full: as `canonical` gives
    them, so that two ways to write one name are one caller.
    """

    tenant: str
    user: str


def canonical(settings: SwiftStoreSettings, tenant: str, user: str) -> Caller:
    """The caller that a tenant and a user name; both empty parts and missing domains are those of the settings.

    Keystone's forms are `PROJECT@DOMAIN` and `USER@DOMAIN`: the domain is what follows the last `@`.
    """
    if not is_v3(settings):
        return Caller(tenant, user)
    project = tenant if _bare(tenant) else settings.project
    return Caller(project and _in_full(project, settings.project_domain), _in_full(user, settings.user_domain))


def acting_as(settings: SwiftStoreSettings, caller: Caller, secret: str) -> SwiftStoreSettings:
    """The settings of a store on the same upstream, for a caller's own credentials."""
    key = {"key": SecretStr(secret), "key_file": None, "owner": None}
    if not is_v3(settings):
        user = f"{caller.tenant}:{caller.user}" if caller.tenant else caller.user
        return settings.model_copy(update={"user": user, **key})
    project, _, project_domain = caller.tenant.rpartition(DOMAIN)
    user, _, user_domain = caller.user.rpartition(DOMAIN)
    who = {"user": user, "user_domain": user_domain}
    scope = {"project": project, "project_domain": project_domain} if project else {"project": ""}
    return settings.model_copy(update={**who, **scope, **key})


def anonymous(settings: SwiftStoreSettings) -> SwiftStoreSettings:
    """The settings of a store on the same upstream that nobody has credentials for."""
    return settings.model_copy(update={"user": "", "key": None, "key_file": None, "owner": None})


def _bare(name: str) -> str:
    """A name without its domain."""
    bare, at, _ = name.rpartition(DOMAIN)
    return bare if at else name


def _in_full(name: str, domain: str) -> str:
    _, at, stated = name.rpartition(DOMAIN)
    return name if at and stated else f"{name.removesuffix(DOMAIN)}{DOMAIN}{domain}"
