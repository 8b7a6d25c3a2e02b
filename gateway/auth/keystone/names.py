"""Names that people log in by, where a password is asked for: `PROJECT:USER`, each perhaps with `@DOMAIN`."""

from typing import NamedTuple

from gateway.auth.keystone.settings import KeystoneSettings

MAX_LOGIN = 512
"""Characters; longer ones are nobody's."""

_DOMAIN = "@"


class Login(NamedTuple):
    """A user and the project that he logs in for, with the domains of both."""

    user: str
    user_domain: str
    project: str
    project_domain: str


def login_of(text: str, settings: KeystoneSettings) -> Login | None:
    """What a login names; None for one that can't be somebody's. A domain that is left out is the gateway's own."""
    project, colon, user = text.partition(":")
    if not colon or len(text) > MAX_LOGIN or not text.isprintable():
        return None
    user, user_domain = _split(user, settings.user_domain)
    project, project_domain = _split(project, settings.project_domain)
    return Login(user, user_domain, project, project_domain) if user and project else None


def _split(name: str, domain: str) -> tuple[str, str]:
    bare, found, stated = name.rpartition(_DOMAIN)
    return (bare, stated or domain) if found else (name, domain)
