"""LIST, NLST, MLSD, MLST and STAT of a path, each from one query a page."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from fnmatch import translate
from itertools import islice

from gateway.core.entries import Entry, directory
from gateway.core.errors import Denied, NotADirectory, NotFound
from gateway.core.paths import TreePath
from gateway.frontends.ftp import switches
from gateway.frontends.ftp.listing import Place, facts_line, owner_name, unix_line
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.names import encoded
from gateway.frontends.ftp.permissions import BROWSE, check_path, rights
from gateway.frontends.ftp.replies import Refused, Reply, one_line
from gateway.frontends.ftp.session import Session, Target
from gateway.frontends.ftp.switches import Switches
from gateway.frontends.ftp.transfers import transferring

Pages = AsyncGenerator[list[Entry], None]

SORTED = 10_000
"""Entries of a directory that are put in another order; where there are more, all come by name."""

DEEPEST = 32
"""Levels of directories that LIST -R goes down: a page of each is held."""

LINES = 200
"""Lines that are made at a time, so that a long listing leaves the event loop to others in between."""

_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries that a path means. `first` is there already, so that what is wrong is known before the transfer.

    `above`: what leads from the current directory to the entries, where the path names them and not their directory.
    """

    first: list[Entry]
    rest: Pages
    above: str = ""
    is_directory: bool = True


async def list_(session: Session, target: Target) -> Reply:
    chosen = switches.parse(target.options)
    listing = await _open(target, chosen)
    return await _list(session, target, listing, _name(listing) if chosen.bare else _unix(target), chosen)


async def nlst(session: Session, target: Target) -> Reply:
    chosen = switches.parse(target.options)
    listing = await _open(target, chosen)
    return await _list(session, target, listing, _name(listing), chosen)


async def _list(
    session: Session, target: Target, listing: Listing, line: Callable[[Entry], str], chosen: Switches
) -> Reply:
    if not (chosen.recursive and listing.is_directory):
        return await _transfer(session, target, listing, line)
    return await _send(session, target, listing, _whole_tree(session, target, listing, line, chosen))


def _name(listing: Listing) -> Callable[[Entry], str]:
    return lambda entry: listing.above + one_line(entry.name)


async def mlsd(session: Session, target: Target) -> Reply:
    place = _place(session, target, target.shown)
    pages = entries(target.login, target.shown)
    try:
        listing = Listing(await anext(pages, []), pages)
    except NotADirectory:
        raise Refused(501, "MLSD lists directories; use MLST") from None
    return await _transfer(session, target, listing, lambda entry: facts_line(entry, session.facts, place, entry.name))


async def mlst(session: Session, target: Target) -> Reply:
    entry, place = await target.tree.stat(target.path), _place(session, target, target.shown.parent)
    line = facts_line(entry, session.facts, place, str(target.shown))
    return Reply(250, "End", head=f"Listing {target.shown}", lines=(line,))


async def stat(session: Session, target: Target) -> Reply:
    """The listing comes over the control connection, as slowly as the client takes it."""
    listing, line, channel = await _open(target, switches.parse(target.options)), _unix(target), session.channel
    async with aclosing(listing.rest):
        encoding = session.names.encoding
        channel.write(encoded(f"213-Status of {one_line(str(target.shown))}\r\n", encoding))
        async for block in _blocks(listing, lambda entry: " " + line(entry), encoding):
            channel.write(block)
            await channel.drain()
    return Reply(213, "End of status")


async def _transfer(session: Session, target: Target, listing: Listing, line: Callable[[Entry], str]) -> Reply:
    return await _send(session, target, listing, _blocks(listing, line, session.names.encoding))


async def _send(session: Session, target: Target, listing: Listing, blocks: AsyncGenerator[bytes, None]) -> Reply:
    async with (
        aclosing(listing.rest),
        aclosing(blocks),
        transferring(session, target, "Here comes the listing", sends=True) as data,
    ):
        async for block in blocks:
            await data.send(block)
    return Reply(226, "Listing complete")


async def _whole_tree(
    session: Session, target: Target, listing: Listing, line: Callable[[Entry], str], chosen: Switches
) -> AsyncGenerator[bytes, None]:
    """A directory, then all below it, each behind its name as `ls -R` has them; nothing of it is gathered."""
    encoding = session.names.encoding
    async for block in _blocks(listing, line, encoding):
        yield block
    async with aclosing(_below(session, target, target.shown, DEEPEST)) as directories:
        async for path in directories:
            with suppress(NotFound, NotADirectory):  # it has gone meanwhile
                found = await _arranged(await _directory(target, path), chosen)
                async with aclosing(found.rest):
                    inside = "/".join(path.parts[len(target.shown.parts) :])
                    shown = one_line(f"{target.text.rstrip('/') if target.text else '.'}/{inside}")
                    yield encoded(f"\r\n{shown}:\r\n", encoding)
                    async for block in _blocks(found, line, encoding):
                        yield block


async def _below(session: Session, target: Target, path: TreePath, levels: int) -> AsyncGenerator[TreePath, None]:
    """The directories below one that the user may list, each before those below it."""
    async with aclosing(entries(target.login, path)) as pages:
        async for page in pages:
            for name in [entry.name for entry in page if entry.is_directory]:
                child = path.child(name)
                with suppress(NotFound, NotADirectory, Denied):
                    await check_path(target.login, BROWSE, child, session.origin)
                    yield child
                    if levels > 1:
                        async with aclosing(_below(session, target, child, levels - 1)) as deeper:
                            async for each in deeper:
                                yield each


async def _blocks(listing: Listing, line: Callable[[Entry], str], encoding: str) -> AsyncGenerator[bytes, None]:
    for block in _lines(listing.first, line):
        yield encoded(block, encoding)
    async for page in listing.rest:
        for block in _lines(page, line):
            yield encoded(block, encoding)
            await asyncio.sleep(0)


def _lines(entries: list[Entry], line: Callable[[Entry], str]) -> Iterator[str]:
    left = iter(entries)
    while block := [line(entry) + "\r\n" for entry in islice(left, LINES)]:
        yield "".join(block)


def _unix(target: Target) -> Callable[[Entry], str]:
    owner, now = owner_name(target.login.principal.account.name), time.time()
    return lambda entry: unix_line(entry, owner, now)


def _place(session: Session, target: Target, directory: TreePath) -> Place:
    login, real = target.login, target.login.view.real(directory)
    bucket = None if real.is_root else target.bucket
    granted = login.view.permissions(directory)
    return Place(real, rights(login.principal, session.origin, real, bucket, granted))


async def _open(target: Target, chosen: Switches) -> Listing:
    """What LIST, NLST and STAT show: a directory's entries, a file, or what a pattern matches."""
    above = target.text[: target.text.rfind("/") + 1]
    if chosen.itself:
        return await _single(target, above)
    try:
        return await _arranged(await _directory(target, target.shown), chosen)
    except NotADirectory:
        return await _single(target, above)
    except NotFound:
        if not _GLOB.search(target.shown.last):
            raise
        return await _arranged(Listing([], _matching(target), above, is_directory=False), chosen)


def entries(login: Login, shown: TreePath) -> Pages:
    """The entries of a shown directory, with its virtual folders. Raises as `Tree.entries`."""
    pages, folders = login.tree.entries(login.view.real(shown)), login.view.folders_in(shown)
    return _with(folders, pages) if folders else pages


async def _with(folders: frozenset[str], pages: Pages) -> Pages:
    """What shares the name of a virtual folder is hidden by it."""
    async with aclosing(pages):
        async for page in pages:
            yield [entry for entry in page if entry.name not in folders]
    yield [directory(name) for name in sorted(folders)]


async def _directory(target: Target, path: TreePath) -> Listing:
    pages = entries(target.login, path)
    return Listing(await anext(pages, []), pages)


async def _single(target: Target, above: str) -> Listing:
    return Listing([await target.tree.stat(target.path)], _nothing(), above, is_directory=False)


async def _arranged(listing: Listing, chosen: Switches) -> Listing:
    """A listing in the order asked for, if it has no more than `SORTED` entries."""
    if not chosen.sorts:
        return listing
    entries = listing.first
    async for page in listing.rest:
        entries = entries + page
        if len(entries) > SORTED:
            return replace(listing, first=entries)
    return replace(listing, first=chosen.arranged(entries))


async def _matching(target: Target) -> Pages:
    pattern = re.compile(translate(target.shown.last))
    async with aclosing(entries(target.login, target.shown.parent)) as pages:
        async for page in pages:
            yield [entry for entry in page if pattern.match(entry.name)]


async def _nothing() -> Pages:
    return
    yield []
