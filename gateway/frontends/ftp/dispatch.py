"""From a request to its reply: login, path, the one access check, errors and events.

Handlers of commands on paths can only be reached through here, with a `Target` that was checked.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Coroutine

from gateway.core.context import RequestContext, current, enter, new_request_id
from gateway.core.errors import Denied, StoreError
from gateway.core.events import Access
from gateway.frontends.ftp import forms
from gateway.frontends.ftp.commands import UNBUILT, Command, PathCommand, PlainCommand, is_served, lookup, specific
from gateway.frontends.ftp.lines import Request
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.permissions import Sender, check_path
from gateway.frontends.ftp.replies import NAME_REFUSED, Refused, Reply, Then, failure_reply
from gateway.frontends.ftp.session import Session, Target
from gateway.frontends.ftp.view import Permission

logger = logging.getLogger("portico.ftp")

GONE = Reply(421, "The server is closing", then=Then.CLOSE)

Work = Coroutine[object, object, Reply]
"""A command that takes its time; it raises nothing but what cancels it."""


def is_at_once(request: Request) -> bool:
    """Whether `request` is answered while a transfer runs."""
    command = lookup(request.verb, bare=not request.argument)
    return isinstance(command, PlainCommand) and command.at_once


def begin(session: Session, request: Request) -> Reply | Work:
    """Answer a request at once where nothing has to be waited for."""
    request = specific(request)
    try:
        command, text = _command(session, request), _text(session, request)
        if isinstance(command, PathCommand):
            return _run(session, session.require_login(), request.verb, command, text)
        answer = command.handler(session, text)
    except Exception as error:
        return _failed(error)
    return session.worded(answer) if isinstance(answer, Reply) else _wait(session, answer)


def _command(session: Session, request: Request) -> Command:
    if request.too_long:
        raise Refused(500, "The line is too long")
    command = lookup(request.verb, bare=not request.argument)
    if command is None:
        if request.verb in UNBUILT:
            raise Refused(502, f"{request.verb} is not implemented")
        raise Refused(500, "Unknown command")
    if not is_served(command, session):
        raise Refused(502, f"{request.verb} is not served: no certificate is configured")
    if isinstance(command, PathCommand) or not command.for_strangers:
        session.require_login()
    if request.verb != "RNTO" and not is_at_once(request):
        session.rename_from = None
    return command


def _text(session: Session, request: Request) -> str:
    text = session.names.decode(request.argument)
    if "\r" in text or "\0" in text:
        raise Refused(501, "The line has control characters in it")
    return text


async def _wait(session: Session, answer: Awaitable[Reply]) -> Reply:
    enter(RequestContext(new_request_id(), str(session.client), "ftp"))
    try:
        return await answer
    except Exception as error:
        return _failed(error)


async def _run(session: Session, login: Login, verb: str, command: PathCommand, text: str) -> Reply:
    principal = login.principal
    sender = Sender(principal, session.origin)
    enter(RequestContext(new_request_id(), str(session.client), "ftp", principal.label, caller=sender))
    started, error = time.monotonic(), ""
    target = _target(session, login, command, text)
    reply = GONE
    try:
        if command.ready is not None:
            command.ready(session)
        await _authorise(session, target, command)
        reply = await command.handler(session, target)
    except asyncio.CancelledError:
        error = "Cancelled"
        raise
    except Exception as failure:
        reply, error = _failed(failure), type(failure).__name__
    finally:
        if command.told:
            access = _access(verb, target, reply, time.monotonic() - started, error)
            asyncio.get_running_loop().call_soon(session.services.observe, access)  # the client need not wait for it
    return session.worded(reply)


def _target(session: Session, login: Login, command: PathCommand, text: str) -> Target:
    """What the command is about, not yet checked."""
    options, path = command.form(text)
    shown = session.directory.resolve(path or command.default)
    return Target(login.view.real(shown), shown, path, options, login, None)


async def _authorise(session: Session, target: Target, command: PathCommand) -> None:
    if not target.text and not command.default:
        raise Refused(501, "A path is needed")
    if not _is_utf8(target.options + target.text):
        raise Refused(501, "Names are UTF-8")
    if command.gives_name and not target.login.profile.takes_name(target.shown.last):
        raise Refused(553, NAME_REFUSED)
    target.bucket = await check_path(target.login, command.needs, target.shown, session.origin)
    if command.needs.replaces and not target.login.view.allows(Permission.OVERWRITE, target.shown):
        target.may_replace = False
        if (found := await target.tree.find(target.path)) is not None and not found.is_directory:
            raise Denied("You may not change files that stand")
    if command.of_sources is not None:
        shown = [session.directory.resolve(each) for each in forms.several(target.options)[1:]]
        for source in shown:
            await check_path(target.login, command.of_sources, source, session.origin)
        target.sources = tuple(map(target.login.view.real, shown))


def _is_utf8(text: str) -> bool:
    """Whether no byte had to be kept as a surrogate when the line was decoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _failed(error: Exception) -> Reply:
    """The reply to whatever a handler raised; what nobody foresaw is logged here, once."""
    if isinstance(error, Refused):
        return error.reply
    if isinstance(error, StoreError):
        return failure_reply(error)
    logger.error("a command failed", exc_info=error, extra={"request_id": current().request_id})
    return Reply(451, "Internal error")


def _access(verb: str, target: Target, reply: Reply, seconds: float, error: str) -> Access:
    return Access(
        context=current(),
        operation=verb,
        status=reply.code,
        seconds=seconds,
        bucket=target.path.bucket,
        key=target.path.name,
        received=target.received,
        sent=target.sent,
        error=error,
        source=str(target.source) if target.source else "",
    )
