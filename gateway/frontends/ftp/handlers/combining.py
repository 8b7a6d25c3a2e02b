"""COMB, which makes one file of several, as clients do that upload parts side by side."""

from contextlib import suppress

from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import When
from gateway.core.errors import ConditionFailed, NoSuchUpload, Unsupported
from gateway.core.types import Meta, Props, Put
from gateway.core.uploads import PartRef
from gateway.frontends.ftp.replies import Refused, Reply
from gateway.frontends.ftp.session import Session, Target

MOST = 1000
"""Files that are combined at a time."""


async def comb(session: Session, target: Target) -> Reply:
    """`COMB target source...`: the target stands at once, whole, and then the sources go. It may be one of them."""
    if not 0 < len(target.sources) <= MOST or len(set(target.sources)) < len(target.sources):
        raise Refused(501, f"COMB takes a target and up to {MOST} different sources")
    multipart = find(target.tree.store, Multipart)
    if multipart is None:
        raise Unsupported("This store can't combine files; append one to the other")
    await target.tree.standing(target.path)
    found = [await target.tree.file(source) for source in target.sources]
    await _combine(multipart, target, found)
    for meta in found:
        if meta.key != target.path.key:
            with suppress(ConditionFailed):  # what was written since is none of this
                await target.tree.store.delete(meta.key, when=_same(meta))
    return Reply(250, "Files combined")


async def _combine(multipart: Multipart, target: Target, found: list[Meta]) -> None:
    key, props = target.path.key, Props(content_type=found[0].props.content_type)
    owner = target.bucket.owner if target.bucket else None
    upload = (await multipart.create_upload(key, Put(props=props, owner=owner))).id
    try:
        refs = []
        for number, meta in enumerate(found, 1):
            part = await multipart.copy_part(key, upload, number, meta.key, when=_same(meta))
            refs.append(PartRef(number, part.etag))
        await multipart.complete_upload(key, upload, refs)
    except BaseException:
        with suppress(NoSuchUpload):
            await multipart.abort_upload(key, upload)
        raise


def _same(meta: Meta) -> When:
    return When(if_match=(meta.etag,))
