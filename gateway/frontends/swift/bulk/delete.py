"""`?bulk-delete`: the objects and containers that a body names, one in a line."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs, web

from gateway.auth.access import Action
from gateway.core import ops
from gateway.core.errors import NoSuchBucket, StoreError
from gateway.core.versions import Versioning
from gateway.frontends.http.body import RequestBody
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.constraints import MAX_CONTAINER_NAME_LENGTH, MAX_OBJECT_NAME_LENGTH
from gateway.frontends.swift.errors import Refusal, refusal_of
from gateway.frontends.swift.objects import stated_length
from gateway.frontends.swift.removal import remove
from gateway.frontends.swift.tally import Deletions, told
from gateway.frontends.swift.target import Target, is_legible

MAX_DELETES = 10_000
MAX_FAILED_DELETES = 1000
MAX_PATH = MAX_CONTAINER_NAME_LENGTH + MAX_OBJECT_NAME_LENGTH + 2
MAX_LINE = 2 * MAX_PATH

AT_ONCE = 1000
"""Objects of one container that the store deletes as one."""


async def delete(call: Call) -> web.StreamResponse:
    """Delete what is named, objects before containers; the answer tells of each that failed."""
    tally = Deletions()

    async def work() -> None:
        if not call.headers.get(hdrs.CONTENT_TYPE, "text/plain").startswith("text/plain"):
            raise Refusal(406)
        stated_length(call)
        async with aclosing(RequestBody(call.request, call.settings.stall_timeout).chunks()) as chunks:
            lines = await read(chunks, MAX_DELETES, "Maximum Bulk Deletes")
        objects, containers = await asyncio.to_thread(_sorted, lines, tally)
        _check_failures(tally)
        for start in range(0, len(objects), AT_ONCE):
            for container, paths in _grouped(objects[start : start + AT_ONCE]).items():
                await _delete_group(call, container, paths, tally)
                _check_failures(tally)
        for path in containers:
            await _delete_container(call, path, tally)
            _check_failures(tally)

    return await told(call, tally, work)


async def read(chunks: AsyncGenerator[bytes, None], most: int, complaint: str) -> list[bytes]:
    """The lines of a body, `most` at most. Raises `Refusal`: 413 for more, 400 for one that is too long."""
    lines: list[bytes] = []
    rest = b""
    async for chunk in chunks:
        *more, rest = (rest + chunk).split(b"\n")
        lines += more
        if len(lines) > most:
            raise Refusal(413, f"{complaint}: {most} per request")
        if len(rest) > MAX_LINE or any(len(line) > MAX_LINE for line in more):
            raise Refusal(400, "Invalid File Name")
    if rest.strip():
        lines.append(rest)
    if len(lines) > most:
        raise Refusal(413, f"{complaint}: {most} per request")
    return lines


def _sorted(lines: Iterable[bytes], tally: Deletions) -> tuple[list[str], list[str]]:
    """The paths of objects, and those of containers; of what is no path that is told."""
    objects: list[str] = []
    containers: list[str] = []
    for line in lines:
        path = unquote_to_bytes(line.strip()).decode(errors="surrogateescape")
        if not path.strip("/"):
            continue
        if not is_legible(path):
            tally.fail(path, 412)
        else:
            (objects if "/" in path.strip("/") else containers).append(path)
    return objects, containers


def _grouped(names: Sequence[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.lstrip("/").partition("/")[0], []).append(name)
    return groups


def _check_failures(tally: Deletions) -> None:
    if len(tally.failed) >= MAX_FAILED_DELETES:
        raise Refusal(400, "Max delete failures exceeded")


async def _delete_group(call: Call, container: str, paths: Sequence[str], tally: Deletions) -> None:
    """Delete objects of one container, as one where it keeps no versions."""
    together: list[tuple[str, Place]] = []
    for path in paths:
        target = Target(call.place.target.account, container, path.lstrip("/").partition("/")[2])
        try:
            place = await call.reach(Action.DELETE, target)
            if place.container.versioning is Versioning.OFF:
                together.append((path, place))
            else:
                await remove(place)
                tally.deleted += 1
        except (Refusal, StoreError) as error:
            _met(tally, path, error)
    if not together:
        return
    names = [place.key.name for _, place in together]
    try:
        results = await ops.delete_many(together[0][1].store, container, names)
    except NoSuchBucket:
        tally.missing += len(names)
        return
    for (path, _), result in zip(together, results, strict=True):
        if isinstance(result, StoreError):
            _met(tally, path, result)
        elif result.existed:
            tally.deleted += 1
        else:
            tally.missing += 1


async def _delete_container(call: Call, path: str, tally: Deletions) -> None:
    target = Target(call.place.target.account, path.strip("/"))
    try:
        place = await call.reach(Action.DELETE_BUCKET, target)
        await place.store.delete_bucket(target.container)
        tally.deleted += 1
    except (Refusal, StoreError) as error:
        _met(tally, path, error)


def _met(tally: Deletions, path: str, error: Refusal | StoreError) -> None:
    tally.met(path, refusal_of(error))
