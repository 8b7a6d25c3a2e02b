"""`?bulk-create`: the containers that a body names, one in a line. Swift has no such request."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from aiohttp import hdrs, web

from gateway.auth.access import Action
from gateway.core.buckets import BucketProps
from gateway.core.errors import StoreError
from gateway.frontends.http.body import RequestBody
from gateway.frontends.swift.bulk.delete import read
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.constraints import check_container_name
from gateway.frontends.swift.containers import locate_own
from gateway.frontends.swift.errors import Refusal, refusal_of
from gateway.frontends.swift.objects import stated_length
from gateway.frontends.swift.report import Report
from gateway.frontends.swift.tally import Tally, told
from gateway.frontends.swift.target import Target, is_legible

MAX_CREATES = 10_000
MAX_FAILED_CREATES = 1000

AT_ONCE = 100
"""Containers that are asked for side by side, so that the store can make them durable together."""


@dataclass(slots=True)
class Creations(Tally):
    """What became of the containers. `made`: each that stands now, quoted, and whether it is new."""

    root = "create"
    done = 201
    idle = "Invalid bulk create."

    made: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        created = sum(new for _, new in self.made)
        return {"Number Created": created, "Number Existing": len(self.made) - created}

    def report(self, refusal: Refusal | None = None) -> Report:
        found = Tally.report(self, refusal)
        return Report(found.facts, found.errors, self.made)


async def create(call: Call) -> web.StreamResponse:
    """Create the containers that are named; the answer says of each whether it is new, and tells of what failed."""
    tally = Creations()

    async def work() -> None:
        if not call.headers.get(hdrs.CONTENT_TYPE, "text/plain").startswith("text/plain"):
            raise Refusal(406)
        stated_length(call)
        async with aclosing(RequestBody(call.request, call.settings.stall_timeout).chunks()) as chunks:
            lines = await read(chunks, MAX_CREATES, "Maximum Bulk Creates")
        names = [unquote_to_bytes(line.strip()).decode(errors="surrogateescape").strip("/") for line in lines]
        named = [name for name in names if name]
        for start in range(0, len(named), AT_ONCE):
            await _create_group(call, named[start : start + AT_ONCE], tally)

    return await told(call, tally, work)


async def _create_group(call: Call, names: Sequence[str], tally: Creations) -> None:
    """Raises `Refusal` (400) after too many failures."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_create(call, name)) for name in names]
    for name, task in zip(names, tasks, strict=True):
        result = task.result()
        if isinstance(result, bool):
            tally.made.append((quote(name), result))
        else:
            tally.fail(name, result.status, result.text)
    if len(tally.failed) >= MAX_FAILED_CREATES:
        raise Refusal(400, "Max create failures exceeded")


async def _create(call: Call, name: str) -> bool | Refusal:
    """Whether a container is new; or what is said against it."""
    target = Target(call.place.target.account, name)
    try:
        if not is_legible(name):
            raise Refusal(412)
        if "/" in name:
            raise Refusal(400, "The name of a container has no slash")
        check_container_name(name)
        place = await call.reach(Action.CREATE_BUCKET, target, creates=True)
        if await place.store.create_bucket(name, BucketProps(owner=place.owner)):
            return True
        await locate_own(place)
    except (Refusal, StoreError) as error:
        return refusal_of(error)
    return False
