"""What the server tells of itself: SYST, STAT, NOOP, CLNT, LANG, SITE."""

import re

from gateway.frontends.ftp.replies import Reply
from gateway.frontends.ftp.session import Session

_SITE_HELP = (
    "HELP",
    "POLICY [storage policy of new containers]",
    "UTIME YYYYMMDDHHMM[SS] path",
    "UTIME path accessed modified changed UTC",
)
_POLICY = re.compile("[A-Za-z0-9-]{1,64}")


def syst(session: Session, text: str) -> Reply:
    return Reply(215, "UNIX Type: L8")


def noop(session: Session, text: str) -> Reply:
    return Reply(200, "OK")


def clnt(session: Session, text: str) -> Reply:
    return Reply(200, "Noted")


def lang(session: Session, text: str) -> Reply:
    """RFC 2640, section 4."""
    spoken = text.upper().partition("-")[0] in ("", "EN")
    return Reply(200, "Replies are in English") if spoken else Reply(504, "Replies are in English only")


def stat(session: Session, text: str) -> Reply:
    """The session's state, also while a transfer runs (RFC 959, STAT)."""
    user = session.login.principal.label if session.login else "nobody"
    mode = "STREAM" if session.level is None else "DEFLATE"
    lines = (
        f"Connected from {session.client}",
        f"Logged in as {user}",
        f"Type {session.type.value}, mode {mode}, structure FILE",
        "A transfer is under way" if session.transfer else "No transfer is under way",
    )
    return Reply(211, "End of status", head="Portico FTP", lines=lines)


def site(session: Session, text: str) -> Reply:
    verb, _, value = text.partition(" ")
    verb = verb.upper()
    if verb == "HELP":
        return Reply(214, "End", head="SITE commands:", lines=_SITE_HELP)
    if verb == "POLICY":
        return _policy(session, value.strip())
    if verb in ("CHMOD", "CHOWN", "CHGRP", "UMASK"):
        return Reply(504, f"SITE {verb} does nothing here: access is given by role")
    return Reply(501 if not verb else 504, "No such SITE command")


def _policy(session: Session, name: str) -> Reply:
    if not session.require_login().tree.store.caps.policies:
        return Reply(504, "There are no storage policies to choose from")
    if name and not _POLICY.fullmatch(name):
        return Reply(501, "A storage policy is named in letters, digits and hyphens")
    session.policy = name or session.policy
    return Reply(200, f"New containers get {session.policy or 'the default storage policy'}")
