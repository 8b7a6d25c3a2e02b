"""What the server tells of itself: SYST, STAT, NOOP, CLNT, SITE."""

from gateway.frontends.ftp.replies import Reply
from gateway.frontends.ftp.session import Session


def syst(session: Session, text: str) -> Reply:
    return Reply(215, "UNIX Type: L8")


def noop(session: Session, text: str) -> Reply:
    return Reply(200, "OK")


def clnt(session: Session, text: str) -> Reply:
    return Reply(200, "Noted")


def stat(session: Session, text: str) -> Reply:
    """The session's state, also while a transfer runs (RFC 959, STAT)."""
    user = session.login.principal.label if session.login else "nobody"
    lines = (
        f"Connected from {session.client}",
        f"Logged in as {user}",
        f"Type {session.type.value}, mode STREAM, structure FILE",
        "A transfer is under way" if session.transfer else "No transfer is under way",
    )
    return Reply(211, "End of status", head="Portico FTP", lines=lines)


def site(session: Session, text: str) -> Reply:
    verb = text.partition(" ")[0].upper()
    if verb == "HELP":
        return Reply(214, "End", head="SITE commands:", lines=("HELP",))
    if verb in ("CHMOD", "CHOWN", "CHGRP", "UMASK"):
        return Reply(504, f"SITE {verb} does nothing here: access is given by role")
    return Reply(501 if not verb else 504, "No such SITE command")
