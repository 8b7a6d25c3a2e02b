"""What Keystone's roles are here. Source: `swift.common.middleware.keystoneauth`, whose settings these are."""

import re

from gateway.auth.keystone.dialogue import Identity
from gateway.auth.keystone.settings import KeystoneSettings
from gateway.auth.principals import Account, Principal, Role, Standing

_PROJECT = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


def account_of(project: str, settings: KeystoneSettings) -> Account | None:
    """The account of a project's id; None for what can't be one. It has no other name: a project's is not unique."""
    return Account(project, project, settings.namespace) if _PROJECT.fullmatch(project) else None


def principal_of(identity: Identity, account: Account, settings: KeystoneSettings) -> Principal:
    """The user, under his id. His roles are names in lists of his project's containers."""
    roles = identity.roles
    reads_all = not roles.isdisjoint(settings.system_reader_roles)
    return Principal(
        account, identity.user, _role(roles, settings), standing=Standing(roles=roles, reads_all=reads_all)
    )


def _role(roles: frozenset[str], settings: KeystoneSettings) -> Role:
    if settings.reseller_admin_role in roles:
        return Role.OPERATOR
    if not roles.isdisjoint(settings.operator_roles):
        return Role.ADMIN
    return Role.NONE if roles.isdisjoint(settings.reader_roles) else Role.READER
