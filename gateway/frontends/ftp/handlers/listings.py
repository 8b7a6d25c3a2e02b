"""LIST, NLST, MLSD, MLST and STAT of a path, each from one query a page."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from fnmatch import translate
from itertools import islice

from gateway.core.entries import Entry
from gateway.core.errors import NotADirectory, NotFound
from gateway.core.paths import TreePath
from gateway.frontends.ftp.listing import Place, facts_line, owner_name, unix_line
from gateway.frontends.ftp.permissions import rights
from gateway.frontends.ftp.replies import Refused, Reply, one_line
from gateway.frontends.ftp.session import Session, Target
from gateway.frontends.ftp.transfers import transferring

Pages = AsyncGenerator[list[Entry], None]

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


async def list_(session: Session, target: Target) -> Reply:
    return await _transfer(session, target, await _open(target), _unix(target))


async def nlst(session: Session, target: Target) -> Reply:
    listing = await _open(target)
    return await _transfer(session, target, listing, lambda entry: listing.above + one_line(entry.name))


async def mlsd(session: Session, target: Target) -> Reply:
    place = _place(session, target, target.path)
    pages = target.tree.entries(target.path)
    try:
        listing = Listing(await anext(pages, []), pages)
    except NotADirectory:
        raise Refused(501, "MLSD lists directories; use MLST") from None
    return await _transfer(session, target, listing, lambda entry: facts_line(entry, session.facts, place, entry.name))


async def mlst(session: Session, target: Target) -> Reply:
    entry, place = await target.tree.stat(target.path), _place(session, target, target.path.parent)
    line = facts_line(entry, session.facts, place, str(target.path))
    return Reply(250, "End", head=f"Listing {target.path}", lines=(line,))


async def stat(session: Session, target: Target) -> Reply:
    """The listing comes over the control connection, as slowly as the client takes it."""
    listing, line, channel = await _open(target), _unix(target), session.channel
    async with aclosing(listing.rest):
        channel.write(f"213-Status of {one_line(str(target.path))}\r\n".encode())
        async for block in _blocks(listing, lambda entry: " " + line(entry)):
            channel.write(block)
            await channel.drain()
    return Reply(213, "End of status")


async def _transfer(session: Session, target: Target, listing: Listing, line: Callable[[Entry], str]) -> Reply:
    async with aclosing(listing.rest), transferring(session, target, "Here comes the listing") as data:
        async for block in _blocks(listing, line):
            await data.send(block)
    return Reply(226, "Listing complete")


async def _blocks(listing: Listing, line: Callable[[Entry], str]) -> AsyncGenerator[bytes, None]:
    for block in _encoded(listing.first, line):
        yield block
    async for page in listing.rest:
        for block in _encoded(page, line):
            yield block
            await asyncio.sleep(0)


def _encoded(entries: list[Entry], line: Callable[[Entry], str]) -> Iterator[bytes]:
    left = iter(entries)
    while block := [line(entry) + "\r\n" for entry in islice(left, LINES)]:
        yield "".join(block).encode(errors="surrogateescape")


def _unix(target: Target) -> Callable[[Entry], str]:
    owner, now = owner_name(target.login.principal.account.name), time.time()
    return lambda entry: unix_line(entry, owner, now)


def _place(session: Session, target: Target, directory: TreePath) -> Place:
    bucket = None if directory.is_root else target.bucket
    return Place(directory, rights(target.login.principal, session.origin, directory, bucket))


async def _open(target: Target) -> Listing:
    """What LIST, NLST and STAT show: a directory's entries, a file, or what a pattern matches."""
    pages = target.tree.entries(target.path)
    above = target.text[: target.text.rfind("/") + 1]
    try:
        return Listing(await anext(pages, []), pages)
    except NotADirectory:
        return Listing([await target.tree.stat(target.path)], _nothing(), above)
    except NotFound:
        if not _GLOB.search(target.path.last):
            raise
        return Listing([], _matching(target), above)


async def _matching(target: Target) -> Pages:
    pattern = re.compile(translate(target.path.last))
    async with aclosing(target.tree.entries(target.path.parent)) as pages:
        async for page in pages:
            yield [entry for entry in page if pattern.match(entry.name)]


async def _nothing() -> Pages:
    return
    yield []
