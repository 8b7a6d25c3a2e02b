"""TLS: AUTH, PBSZ, PROT and CCC (RFC 2228, RFC 4217)."""

import logging

from gateway.frontends.ftp.replies import Reply, Then
from gateway.frontends.ftp.session import Session

logger = logging.getLogger("portico.ftp")

_MECHANISMS = frozenset({"TLS", "TLS-C", "TLS-P", "SSL"})


def auth(session: Session, text: str) -> Reply:
    if text.upper() not in _MECHANISMS:
        return Reply(504 if text else 501, "AUTH takes TLS")
    if session.channel.is_secure:
        return Reply(503, "TLS protects this connection already")
    try:
        context = session.services.security.context()
    except ValueError as error:
        logger.warning("no TLS", extra={"reason": str(error)})
        return Reply(431, "The certificate can't be used at the moment")
    session.protect(context)
    return Reply(234, "Begin the TLS handshake", then=Then.PROTECT)


def pbsz(session: Session, text: str) -> Reply:
    """TLS has records of its own, so that the size is always 0 (RFC 4217, section 9)."""
    if not session.channel.is_secure:
        return Reply(503, "Send AUTH TLS first")
    if not (text.isascii() and text.isdecimal()):
        return Reply(501, "PBSZ takes a size")
    session.has_buffer_size = True
    return Reply(200, "PBSZ=0")


def prot(session: Session, text: str) -> Reply:
    if not session.has_buffer_size:
        return Reply(503, "Send PBSZ 0 first")
    level = text.upper()
    if level in ("S", "E"):
        return Reply(536, "The levels are C and P")
    if level not in ("C", "P"):
        return Reply(504, "The levels are C and P")
    if level == "C" and session.needs_tls:
        return Reply(534, "Data connections must be protected")
    session.protects_data = level == "P"
    return Reply(200, "Data connections are protected" if session.protects_data else "Data connections are plain")


def ccc(session: Session, text: str) -> Reply:
    if not session.channel.is_secure:
        return Reply(533, "Nothing protects this connection")
    if session.needs_tls:
        return Reply(534, "Commands must be protected")
    return Reply(200, "Commands are plain from now on", then=Then.UNPROTECT)
