"""Directories and names: CWD, CDUP, PWD, MKD, RMD, DELE, RNFR, RNTO."""

from gateway.auth.rules import POLICY
from gateway.core.buckets import STORAGE_POLICY
from gateway.core.errors import BadRange, Denied, IsADirectory, NoSuchKey, NotADirectory, NotFound
from gateway.core.paths import TreePath
from gateway.core.ranges import Span
from gateway.frontends.ftp.partials import identity
from gateway.frontends.ftp.permissions import READ, check_path
from gateway.frontends.ftp.replies import NAME_REFUSED, Refused, Reply, quoted
from gateway.frontends.ftp.session import Session, Target

MESSAGE = ".message"
MAX_MESSAGE = 4096


def pwd(session: Session, text: str) -> Reply:
    return Reply(257, f"{quoted(str(session.directory))} is the current directory")


async def cwd(session: Session, target: Target) -> Reply:
    if not (await target.tree.stat(target.path)).is_directory:
        raise NotADirectory
    session.directory = target.shown
    lines = await _message(session, target) if session.services.settings.directory_messages else ()
    return Reply(250, f"Directory is {quoted(str(target.shown))}", head=lines[0] if lines else "", lines=lines[1:])


async def _message(session: Session, target: Target) -> tuple[str, ...]:
    """The lines of a directory's message, for those who may read it; no more than the first `MAX_MESSAGE` bytes."""
    login, shown = target.login, target.shown.child(MESSAGE)
    if shown.parent.is_root and login.view.home.is_root:
        return ()
    try:
        await check_path(login, READ, shown, session.origin)
        async with login.tree.open(login.view.real(shown), Span(0, MAX_MESSAGE - 1)) as reader:
            text = b"".join([chunk async for chunk in reader.chunks()])
    except (NotFound, IsADirectory, BadRange, Denied):
        return ()
    return tuple(text.decode(errors="replace").splitlines())


async def mkd(session: Session, target: Target) -> Reply:
    await target.tree.mkdir(target.path, {STORAGE_POLICY: session.policy} if session.policy else {})
    return Reply(257, f"{quoted(str(target.shown))} created")


async def rmd(session: Session, target: Target) -> Reply:
    await target.tree.rmdir(target.path)
    return Reply(250, "Directory removed")


async def dele(session: Session, target: Target) -> Reply:
    """What came of an upload of the user's own that broke goes, too; it may be all that is there."""
    dropped = await session.services.partials.forget(identity(target.login.principal), target.path.key)
    try:
        await target.tree.remove(target.path)
    except NoSuchKey:
        if not dropped:
            raise
    return Reply(250, "File removed")


async def rnfr(session: Session, target: Target) -> Reply:
    await target.tree.stat(target.path)
    await _refuse_wholesale(target)
    session.rename_from = target.path
    return Reply(350, "Send RNTO with the new name")


def rename_source(session: Session) -> TreePath:
    """What RNFR named. Raises `Refused` (503) where it did not come right before."""
    if session.rename_from is None:
        raise Refused(503, "Send RNFR first")
    return session.rename_from


async def rnto(session: Session, target: Target) -> Reply:
    source = rename_source(session)
    session.rename_from, target.source = None, source
    await _refuse_wholesale(target)
    await _check_name(target, source)
    target.path = await target.tree.rename(source, target.path, replaces=target.may_replace)
    return Reply(250, "Renamed")


async def _check_name(target: Target, source: TreePath) -> None:
    """Raise `Refused` (553) where a file would get a name that is not taken from its user."""
    profile = target.login.profile
    if profile.filters_names and not profile.takes_name(target.shown.last):
        standing = await target.tree.find(target.path)
        moves_inside = standing is not None and standing.is_directory
        if not moves_inside and not (await target.tree.stat(source)).is_directory:
            raise Refused(553, NAME_REFUSED)


async def _refuse_wholesale(target: Target) -> None:
    """Raise `Refused` (550) where a rename would move many files past the policy of their bucket."""
    if target.bucket is None or POLICY not in target.bucket.system:
        return
    entry = await target.tree.find(target.path)
    if entry is not None and entry.is_directory:
        raise Refused(550, "The bucket has a policy, which speaks of each file: rename one file after the other")
