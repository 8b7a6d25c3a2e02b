"""DELETE with `multipart-manifest=delete`: a static large object with all of its segments."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import hdrs, web

from gateway.auth.access import Action
from gateway.core import ops
from gateway.core.errors import NotFound, StoreError
from gateway.core.manifest import Entry, Segment, static_of
from gateway.core.store import Manifests, find
from gateway.core.types import Key
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.errors import Refusal, of_store
from gateway.frontends.swift.heartbeat import patient
from gateway.frontends.swift.report import Report, explanation, liked, reason
from gateway.frontends.swift.stated import MAX_SEGMENTS
from gateway.frontends.swift.target import Target

MAX_BUFFERED = 10 * MAX_SEGMENTS
"""Segments that are known and not yet deleted."""

XML_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(slots=True)
class Tally:
    """What became of many deletes."""

    deleted: int = 0
    missing: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    def met(self, path: str, refusal: Refusal) -> None:
        """A delete was refused."""
        if refusal.status == 404:
            self.missing += 1
        else:
            self.failed.append((quote(path), refusal.text or reason(refusal.status)))

    def report(self, refusal: Refusal | None = None) -> Report:
        """What is told of it all; `refusal` ended it early."""
        status, text = 200, ""
        if refusal is not None:
            status, text = refusal.status, explanation(refusal)
        elif self.failed:
            status = 400
        elif not (self.deleted or self.missing):
            status, text = 400, "Invalid bulk delete."
        facts = {"Response Status": reason(status), "Response Body": text}
        counts = {"Number Deleted": self.deleted, "Number Not Found": self.missing}
        return Report({**facts, **counts}, self.failed)


async def delete(call: Call) -> web.StreamResponse:
    """Delete the segments, then the manifest; the answer tells of each that failed. With `async`, see `_at_once`."""
    if call.parameters.flag("async"):
        return await _at_once(call)
    shape = liked(call.headers.get(hdrs.ACCEPT, ""))
    is_xml = shape in {Format.XML, Format.TEXT_XML}
    lead = XML_DECLARATION if is_xml else b" "
    content_type = (shape or Format.PLAIN).value
    return await patient(call, content_type, _reported(call, shape), lead=lead)


async def _reported(call: Call, shape: Format | None) -> bytes:
    tally = Tally()
    if shape is None:
        return tally.report(Refusal(406)).render(None, "delete")
    try:
        await _delete_tree(call, tally)
    except Refusal as refusal:
        return tally.report(refusal).render(shape, "delete")
    return tally.report().render(shape, "delete")


async def _delete_tree(call: Call, tally: Tally) -> None:
    """Delete what the manifest stands for, as deep as it goes, each manifest after its segments. Raises `Refusal`."""
    account, own = call.place.target.account, call.place.key
    waiting, opened = deque([(own, True)]), set[Key]()
    while waiting:
        if len(waiting) > MAX_BUFFERED:
            raise Refusal(400, "Too many buffered slo segments to delete.")
        key, is_manifest = waiting.popleft()
        target = Target(account, key.bucket, key.name)
        path = f"/{key.bucket}/{key.name}"
        try:
            if not is_manifest:
                await _delete_one(await call.reach(Action.DELETE, target))
                tally.deleted += 1
            elif key not in opened:
                opened.add(key)
                waiting.extend(_keys(await entries_of(await call.reach(Action.READ, target))))
                waiting.append((key, False))
        except Refusal as refusal:
            tally.met(path, refusal)
        except StoreError as error:
            tally.met(path, of_store(error))


def _keys(entries: tuple[Entry, ...]) -> Iterator[tuple[Key, bool]]:
    return ((Key(entry.container, entry.name), entry.large) for entry in entries if isinstance(entry, Segment))


async def _delete_one(place: Place) -> None:
    if not (await place.store.delete(place.key)).existed:
        raise Refusal(404)


async def entries_of(place: Place) -> tuple[Entry, ...]:
    """What a static manifest lists. Raises `Refusal`: 404 where there is nothing, 400 where it is another object."""
    manifests = find(place.store, Manifests)
    if manifests is None:
        raise Refusal(400, "Not an SLO manifest")
    try:
        meta = await manifests.plain.stat(place.key)
        if static_of(meta.props.system) is None:
            raise Refusal(400, "Not an SLO manifest")
        return tuple(await manifests.entries(meta))
    except NotFound:
        raise Refusal(404, "SLO manifest not found") from None


async def _at_once(call: Call) -> web.Response:
    """Delete segments that lie in one container, and are no manifests, as one; then the manifest.

    Swift leaves that to its reaper, and so takes no others. Here nothing is left to do when it is answered.
    """
    segments = [entry for entry in await entries_of(call.place) if isinstance(entry, Segment)]
    containers = sorted({segment.container for segment in segments})
    if len(containers) > 1:
        named = ", ".join(f'"{quote(container)}"' for container in containers)
        raise Refusal(400, f"All segments must be in one container. Found segments in {named}")
    if any(segment.large for segment in segments):
        raise Refusal(400, "No segments may be large objects.")
    for segment in segments:
        await call.reach(Action.DELETE, Target(call.place.target.account, segment.container, segment.name))
    for container in containers:
        done = await ops.delete_many(call.store, container, [segment.name for segment in segments])
        for failed in done:
            if isinstance(failed, StoreError):
                raise failed
    await call.store.delete(call.place.key)
    return answer(204)
