"""Digests of files: HASH, MD5, XCRC, XMD5, XSHA, XSHA1, XSHA256, XSHA512."""

import asyncio

from gateway.core.ranges import Extent
from gateway.frontends.ftp.digests import DIGESTS, MD5
from gateway.frontends.ftp.replies import Reply, quoted
from gateway.frontends.ftp.session import Session, Target


async def hash_(session: Session, target: Target) -> Reply:
    """draft-bryan-ftpext-hash, section 3."""
    name = session.digest
    extent, digest = await _digest(session, target, name)
    return Reply(213, f"{name} {extent.start}-{extent.stop} {digest} {target.shown}")


async def md5(session: Session, target: Target) -> Reply:
    """draft-twine-ftpmd5, section 3.1."""
    _, digest = await _digest(session, target, MD5)
    return Reply(251, f"{quoted(str(target.shown))} {digest.upper()}")


async def xcrc(session: Session, target: Target) -> Reply:
    return await _bare(session, target, "CRC32")


async def xmd5(session: Session, target: Target) -> Reply:
    return await _bare(session, target, MD5)


async def xsha1(session: Session, target: Target) -> Reply:
    return await _bare(session, target, "SHA-1")


async def xsha256(session: Session, target: Target) -> Reply:
    return await _bare(session, target, "SHA-256")


async def xsha512(session: Session, target: Target) -> Reply:
    return await _bare(session, target, "SHA-512")


async def _bare(session: Session, target: Target, name: str) -> Reply:
    _, digest = await _digest(session, target, name)
    return Reply(250, digest)


async def _digest(session: Session, target: Target, name: str) -> tuple[Extent, str]:
    """What REST or RANG asked for of a file, and its digest.

    That is the MD5 that is kept with the file, or what comes of reading it.
    """
    span, meta = session.take_span(), await target.tree.file(target.path)
    if span is None and name == MD5 and (known := meta.md5) is not None:
        return Extent(0, meta.size), known
    digest, loop = DIGESTS[name](), asyncio.get_running_loop()
    async with target.tree.open(target.path, span) as reader:
        async for chunk in reader.chunks():
            await loop.run_in_executor(session.services.threads, digest.update, chunk)
            session.check_control()
        return reader.extent, digest.hexdigest()
