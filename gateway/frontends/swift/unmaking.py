"""DELETE with `multipart-manifest=delete`: a static large object with all of its segments."""

from collections import deque
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from aiohttp import web

from gateway.auth.access import Action
from gateway.core import ops
from gateway.core.capabilities import find
from gateway.core.capabilities.manifests import Manifests
from gateway.core.errors import NoSuchKey, NotFound, StoreError
from gateway.core.manifest import Entry, Segment, static_of
from gateway.core.types import Key
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.errors import Refusal, refusal_of
from gateway.frontends.swift.removal import remove
from gateway.frontends.swift.stated import MAX_SEGMENTS
from gateway.frontends.swift.tally import Deletions, told
from gateway.frontends.swift.target import Target

MAX_BUFFERED = 10 * MAX_SEGMENTS
"""Segments that are known and not yet deleted."""


async def delete(call: Call, version: str | None = None) -> web.StreamResponse:
    """Delete the segments, then the manifest, or that version of it; the answer tells of each that failed.

    With `async`, see `_at_once`.
    """
    if call.parameters.flag("async"):
        return await _at_once(call, version)
    tally = Deletions()
    return await told(call, tally, partial(_delete_tree, call, version, tally))


async def _delete_tree(call: Call, version: str | None, tally: Deletions) -> None:
    """Delete what the manifest stands for, as deep as it goes, each manifest after its segments. Raises `Refusal`."""
    account, own = call.place.target.account, call.place.key
    waiting, opened = deque([(own, True)]), set[Key]()
    while waiting:
        if len(waiting) > MAX_BUFFERED:
            raise Refusal(400, "Too many buffered slo segments to delete.")
        key, is_manifest = waiting.popleft()
        target = Target(account, key.bucket, key.name)
        path = f"/{key.bucket}/{key.name}"
        which = version if key == own else None
        try:
            if not is_manifest:
                await _delete_one(await call.reach(_deleting(which), target), which)
                tally.deleted += 1
            elif key not in opened:
                opened.add(key)
                reading = Action.READ if which is None else Action.READ_VERSION
                waiting.extend(_keys(await entries_of(await call.reach(reading, target), which)))
                waiting.append((key, False))
        except (Refusal, StoreError) as error:
            refusal = refusal_of(error)
            tally.met(path, refusal, refusal.text)


def _keys(entries: tuple[Entry, ...]) -> Iterator[tuple[Key, bool]]:
    return ((Key(entry.container, entry.name), entry.large) for entry in entries if isinstance(entry, Segment))


def _deleting(version: str | None) -> Action:
    return Action.DELETE if version is None else Action.DELETE_VERSION


async def _delete_one(place: Place, version: str | None = None) -> None:
    """Raises `NoSuchKey`."""
    if version is None:
        await remove(place)
    elif not (await ops.expunge(place.store, place.key, version)).existed:
        raise NoSuchKey


async def entries_of(place: Place, version: str | None = None) -> tuple[Entry, ...]:
    """What a static manifest, or a version of it, lists.

    Raises `Refusal`: 404 where there is nothing, 400 where it is another object.
    """
    manifests = find(place.store, Manifests)
    if manifests is None:
        raise Refusal(400, "Not an SLO manifest")
    try:
        meta = await manifests.plain.stat(place.key, version)
        if static_of(meta.props.system) is None:
            raise Refusal(400, "Not an SLO manifest")
        return tuple(await manifests.entries(meta))
    except NotFound:
        raise Refusal(404, "SLO manifest not found") from None


async def _at_once(call: Call, version: str | None) -> web.Response:
    """Delete segments that lie in one container, and are no manifests, as one; then the manifest.

    Swift leaves that to its reaper, and so takes no others. Here nothing is left to do when it is answered.
    """
    segments = [entry for entry in await entries_of(call.place, version) if isinstance(entry, Segment)]
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
    await _delete_one(call.place, version)
    return answer(204)
