"""Digests of files: HASH, MD5, XCRC, XMD5, XSHA, XSHA1, XSHA256, XSHA512."""

import asyncio

from gateway.frontends.ftp.digests import DIGESTS, MD5
from gateway.frontends.ftp.replies import Reply, quoted
from gateway.frontends.ftp.session import Session, Target


async def hash_(session: Session, target: Target) -> Reply:
    """draft-bryan-ftpext-hash, section 3."""
    name = session.digest
    size, digest = await _digest(session, target, name)
    return Reply(213, f"{name} 0-{size} {digest} {target.path}")


async def md5(session: Session, target: Target) -> Reply:
    """draft-twine-ftpmd5, section 3.1."""
    _, digest = await _digest(session, target, MD5)
    return Reply(251, f"{quoted(str(target.path))} {digest.upper()}")


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


async def _digest(session: Session, target: Target, name: str) -> tuple[int, str]:
    """The size of a file and its digest: the MD5 that is kept with it, or what comes of reading the whole file."""
    meta = await target.tree.file(target.path)
    if name == MD5 and not meta.is_composite:
        return meta.size, meta.etag
    digest, loop = DIGESTS[name](), asyncio.get_running_loop()
    async with target.tree.open(target.path, None) as reader:
        async for chunk in reader.chunks():
            await loop.run_in_executor(session.services.threads, digest.update, chunk)
            session.check_control()
        return reader.meta.size, digest.hexdigest()
