"""LIST, NLST, MLSD, MLST and STAT of a path, each from one query a page."""

import re
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from fnmatch import translate

from gateway.core.buckets import BucketMeta
from gateway.core.entries import Entry
from gateway.core.errors import Denied, NotADirectory, NotFound
from gateway.core.paths import TreePath
from gateway.frontends.ftp import switches
from gateway.frontends.ftp.listing import (
    Form,
    Line,
    Place,
    facts_line,
    facts_of,
    lines_of,
    name_line,
    owner_name,
    unix_line,
)
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.names import encoded
from gateway.frontends.ftp.pages import arranged, entry_of, pages
from gateway.frontends.ftp.permissions import BROWSE, check_path, rights
from gateway.frontends.ftp.replies import Refused, Reply, one_line
from gateway.frontends.ftp.session import Session, Target
from gateway.frontends.ftp.switches import Switches
from gateway.frontends.ftp.transfers import transferring

Lines = AsyncGenerator[bytes, None]

DEEPEST = 32
"""Levels of directories that LIST -R goes down: a page of each is held."""

_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Listing:
    """The lines of what a path means. `first` is there already, so that what is wrong is known before the transfer."""

    first: bytes
    rest: Lines
    is_directory: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """How entries are to be shown. `above`: what leads from the current directory to those that a path names itself."""

    chosen: Switches
    line: Callable[[str], Line]
    encoding: str

    def form(self, above: str = "") -> Form:
        return lines_of(self.line(above), self.encoding)


async def list_(session: Session, target: Target) -> Reply:
    chosen = switches.parse(target.options)
    return await _list(session, target, chosen, name_line if chosen.bare else _unix(target))


async def nlst(session: Session, target: Target) -> Reply:
    return await _list(session, target, switches.parse(target.options), name_line)


async def _list(session: Session, target: Target, chosen: Switches, line: Callable[[str], Line]) -> Reply:
    wanted = Wanted(chosen, line, session.names.encoding)
    listing = await _open(target, wanted)
    if chosen.recursive and listing.is_directory:
        return await _send(session, target, listing, _whole_tree(session, target, listing, wanted))
    return await _send(session, target, listing, _lines(listing))


async def mlsd(session: Session, target: Target) -> Reply:
    form = lines_of(facts_line(session.facts, _place(session, target, target.shown)), session.names.encoding)
    try:
        listing = await _begun(pages(target.login, target.shown, target.bucket, form))
    except NotADirectory:
        raise Refused(501, "MLSD lists directories; use MLST") from None
    return await _send(session, target, listing, _lines(listing))


async def mlst(session: Session, target: Target) -> Reply:
    entry = await entry_of(target.login, target.shown, target.bucket)
    facts = facts_of(session.facts, _place(session, target, target.shown.parent))(entry)
    return Reply(250, "End", head=f"Listing {target.shown}", lines=(f"{facts} {target.shown}",))


async def stat(session: Session, target: Target) -> Reply:
    """The listing comes over the control connection, as slowly as the client takes it."""
    unix, encoding, channel = _unix(target)(""), session.names.encoding, session.channel
    wanted = Wanted(switches.parse(target.options), lambda above: lambda entry: " " + unix(entry), encoding)
    listing = await _open(target, wanted)
    async with aclosing(listing.rest):
        channel.write(encoded(f"213-Status of {one_line(str(target.shown))}\r\n", encoding))
        async for block in _lines(listing):
            channel.write(block)
            await channel.drain()
    return Reply(213, "End of status")


async def _send(session: Session, target: Target, listing: Listing, lines: Lines) -> Reply:
    async with (
        aclosing(listing.rest),
        aclosing(lines),
        transferring(session, target, "Here comes the listing", sends=True) as data,
    ):
        async for block in lines:
            await data.send(block)
    return Reply(226, "Listing complete")


async def _lines(listing: Listing) -> Lines:
    yield listing.first
    async for block in listing.rest:
        yield block


async def _whole_tree(session: Session, target: Target, listing: Listing, wanted: Wanted) -> Lines:
    """A directory, then all below it, each behind its name as `ls -R` has them; nothing of it is gathered."""
    async for block in _lines(listing):
        yield block
    async with aclosing(_below(session, target, target.shown, target.bucket, DEEPEST)) as directories:
        async for path, bucket in directories:
            with suppress(NotFound, NotADirectory):  # it has gone meanwhile
                found = await _begun(_directory(target.login, path, bucket, wanted))
                async with aclosing(found.rest):
                    inside = "/".join(path.parts[len(target.shown.parts) :])
                    shown = one_line(f"{target.text.rstrip('/') if target.text else '.'}/{inside}")
                    yield encoded(f"\r\n{shown}:\r\n", wanted.encoding)
                    async for block in _lines(found):
                        yield block


async def _below(
    session: Session, target: Target, path: TreePath, bucket: BucketMeta | None, levels: int
) -> AsyncGenerator[tuple[TreePath, BucketMeta | None], None]:
    """The directories below one that the user may list, each before those below it, with their buckets."""
    async with aclosing(pages(target.login, path, bucket, _directories)) as found:
        async for names in found:
            for name in names:
                child = path.child(name)
                with suppress(NotFound, NotADirectory, Denied):
                    inside = await check_path(target.login, BROWSE, child, session.origin)
                    yield child, inside
                    if levels > 1:
                        async with aclosing(_below(session, target, child, inside, levels - 1)) as deeper:
                            async for each in deeper:
                                yield each


def _directories(entries: Iterable[Entry]) -> list[str]:
    return [entry.name for entry in entries if entry.is_directory]


def _unix(target: Target) -> Callable[[str], Line]:
    line = unix_line(owner_name(target.login.principal.account.name), time.time())
    return lambda above: line


def _place(session: Session, target: Target, directory: TreePath) -> Place:
    login, real = target.login, target.login.view.real(directory)
    bucket = None if real.is_root else target.bucket
    granted = login.view.permissions(directory)
    return Place(real, rights(login.principal, session.origin, real, bucket, granted))


async def _open(target: Target, wanted: Wanted) -> Listing:
    """What LIST, NLST and STAT show: a directory's entries, a file, or what a pattern matches."""
    above = target.text[: target.text.rfind("/") + 1]
    if wanted.chosen.itself:
        return await _single(target, wanted.form(above))
    try:
        return await _begun(_directory(target.login, target.shown, target.bucket, wanted))
    except NotADirectory:
        return await _single(target, wanted.form(above))
    except NotFound:
        if not _GLOB.search(target.shown.last):
            raise
        matching = re.compile(translate(target.shown.last)).match
        found = _directory(target.login, target.shown.parent, target.bucket, wanted, above, matching)
        return replace(await _begun(found), is_directory=False)


def _directory(
    login: Login,
    shown: TreePath,
    bucket: BucketMeta | None,
    wanted: Wanted,
    above: str = "",
    matching: Callable[[str], object] | None = None,
) -> Lines:
    """A directory, or what matches in it, in the order asked for. Raises as `Tree.rendered`."""
    form = wanted.form(above)

    def chosen(entries: Iterable[Entry]) -> Iterable[Entry]:
        return entries if matching is None else (entry for entry in entries if matching(entry.name))

    if not wanted.chosen.sorts:
        return pages(login, shown, bucket, lambda entries: form(chosen(entries)))
    return arranged(pages(login, shown, bucket, lambda entries: [*chosen(entries)]), wanted.chosen, form)


async def _begun(lines: Lines) -> Listing:
    return Listing(await anext(lines, b""), lines)


async def _single(target: Target, form: Form) -> Listing:
    return Listing(form([await entry_of(target.login, target.shown, target.bucket)]), _nothing(), is_directory=False)


async def _nothing() -> Lines:
    return
    yield b""
