"""HOST, USER, PASS, ACCT, REIN and QUIT."""

import asyncio
import logging
from collections.abc import Awaitable
from functools import partial

from gateway.auth.principals import Principal, Role
from gateway.core.tree import Tree
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.permissions import sees
from gateway.frontends.ftp.profile import profile_of
from gateway.frontends.ftp.replies import Reply, Then, one_line
from gateway.frontends.ftp.session import Session

logger = logging.getLogger("portico.ftp")


def host(session: Session, text: str) -> Reply:
    """All hosts are the same one here; clients name theirs before they log in (RFC 7151)."""
    if session.login is not None:
        return Reply(503, "HOST comes before the login")
    return Reply(220, "All hosts are one here") if text else Reply(501, "HOST takes a name")


def acct(session: Session, text: str) -> Reply:
    return Reply(202, "No account is needed") if text else Reply(501, "ACCT takes an account")


def user(session: Session, text: str) -> Reply:
    """The reply is the same whether anybody has that name or not."""
    if not text:
        return Reply(501, "USER takes a name")
    if session.needs_tls and not session.channel.is_secure:
        return Reply(530, "Log in over TLS: send AUTH TLS first")
    session.forget_user()
    session.name = text
    return Reply(331, "Password required")


def pass_(session: Session, text: str) -> Reply | Awaitable[Reply]:
    if session.login is not None:
        return Reply(503, "You are logged in already")
    if not session.name:
        return Reply(503, "Send USER first")
    principal = session.services.users.known(session.name, text)
    return _welcome(session, principal) if principal else _ask(session, text)


async def _ask(session: Session, text: str) -> Reply:
    principal = await session.services.users.prove(session.name, text)
    return _welcome(session, principal) if principal else await _refuse(session)


def _welcome(session: Session, principal: Principal) -> Reply:
    session.failures = 0
    login = _login(session, principal)
    if login.profile.require_tls and not session.channel.is_secure:
        session.forget_user()
        return Reply(530, "You log in over TLS only: send AUTH TLS first")
    session.enter(login)
    return Reply(230, "Logged in")


def _login(session: Session, principal: Principal) -> Login:
    store = session.services.tenancy.store(principal)
    every = principal.role is Role.OPERATOR
    shown = partial(sees, principal, session.origin)
    profile = profile_of(session.services.profiles, principal)
    tree = Tree(store, principal.account.id, shown, all_accounts=every, always=profile.view.standing)
    return Login(principal, tree, profile)


async def _refuse(session: Session) -> Reply:
    logger.warning("login refused", extra={"user": one_line(session.name), "client": str(session.client)})
    settings = session.services.settings
    session.forget_user()
    session.failures += 1
    if session.services.bans.note(session.client):
        logger.warning("an address is banned", extra={"client": str(session.client)})
        return Reply(421, "Too many wrong logins", then=Then.CLOSE)
    await asyncio.sleep(settings.login_delay)
    if session.failures >= settings.login_attempts:
        return Reply(421, "Too many wrong logins", then=Then.CLOSE)
    return Reply(530, "User name or password is wrong")


def rein(session: Session, text: str) -> Reply:
    """Everything begins anew, in plain text (RFC 4217, section 11)."""
    then = Then.UNPROTECT if session.channel.is_secure else Then.GO_ON
    session.protect(session.channel.context)
    return Reply(220, session.services.settings.banner, then=then)


def quit_(session: Session, text: str) -> Reply:
    return Reply(221, "Goodbye", then=Then.CLOSE)
