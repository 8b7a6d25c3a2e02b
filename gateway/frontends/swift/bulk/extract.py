"""`?extract-archive`: each file of an archive becomes an object while the archive comes in."""

from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web
from multidict import CIMultiDict

from gateway.auth.access import Action
from gateway.core.body import CheckedBody
from gateway.core.digest import Algorithm
from gateway.core.errors import BodyTimeout, IncompleteBody, NoSuchBucket, StoreError
from gateway.core.types import Put
from gateway.frontends.http.body import RequestBody
from gateway.frontends.swift.bulk.tar import Feed, Member, members
from gateway.frontends.swift.bulk.unpack import UNPACKERS, BadArchive, unpacked
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.constraints import check_object_name
from gateway.frontends.swift.containers import make
from gateway.frontends.swift.errors import Refusal, refusal_of
from gateway.frontends.swift.objects import stated_length
from gateway.frontends.swift.properties import props_of
from gateway.frontends.swift.tally import Tally, told
from gateway.frontends.swift.target import Target, is_legible

MAX_CONTAINERS = 10_000
MAX_FAILED_EXTRACTIONS = 1000
MAX_SHOWN = 1282
"""Characters of a name that a report repeats."""

META = "X-Object-Meta-"
COPIED = ("x-delete-at", "x-delete-after", META.lower())
"""Beginnings of headers that each object is given."""

MIME_TYPES = ("SCHILY.xattr.user.mime_type", "LIBARCHIVE.xattr.user.mime_type")
METADATA = ("SCHILY.xattr.user.meta.", "LIBARCHIVE.xattr.user.meta.")


@dataclass(slots=True)
class Extraction(Tally):
    """What became of the files of an archive. `containers`: how many were made for them."""

    root = "extract"
    done = 201
    idle = "Invalid Tar File: No Valid Files"

    created: int = 0
    containers: int = 0

    @property
    def counts(self) -> dict[str, int]:
        return {"Number Files Created": self.created}


@dataclass(frozen=True, slots=True)
class Order:
    """What a request wants of each file. `base`: where they go to, below the account."""

    call: Call
    base: str
    headers: Mapping[str, str]
    tally: Extraction = field(default_factory=Extraction)


async def extract(call: Call) -> web.StreamResponse:
    """Store the files of the archive; the answer tells of each that failed.

    Raises `Refusal` (400) for an unknown kind.
    """
    kind = call.parameters.get("extract-archive").lower().strip(".")
    if kind not in UNPACKERS:
        raise Refusal(400, "Unsupported archive format")
    target = call.place.target
    order = Order(
        call=call,
        base=f"{target.container}/{target.name}".rstrip("/"),
        headers={name: value for name, value in call.headers.items() if name.lower().startswith(COPIED)},
    )
    return await told(call, order.tally, partial(_extract, order, kind))


async def _extract(order: Order, kind: str) -> None:
    """Raises `Refusal` where that ends it all."""
    stated_length(order.call)
    body = RequestBody(order.call.request, order.call.settings.stall_timeout)
    try:
        async with aclosing(body.chunks()) as raw, aclosing(unpacked(raw, kind)) as chunks:
            feed = Feed(chunks)
            async with aclosing(members(feed)) as files:
                async for file in files:
                    await _store(order, file)
                    if order.tally.containers > MAX_CONTAINERS:
                        raise Refusal(400, f"More than {MAX_CONTAINERS} containers to create from tar.")
                    if len(order.tally.failed) >= MAX_FAILED_EXTRACTIONS:
                        return
            await feed.drain()
    except (BadArchive, IncompleteBody) as bad:
        raise Refusal(400, f"Invalid Tar File: {bad}") from None


async def _store(order: Order, file: Member) -> None:
    """Make the object that a file is to be, if it may be one.

    Raises `Refusal`, `IncompleteBody` and `BodyTimeout` where that ends it all.
    """
    call, tally, name = order.call, order.tally, file.name.removeprefix("./").lstrip("/")
    path = f"{order.base}/{name}" if order.base else name
    if "/" not in path:
        return
    shown = path[:MAX_SHOWN]
    if not is_legible(path):
        tally.fail(shown, 412)
        return
    if file.size > call.settings.max_file_size:
        tally.fail(shown, 413)
        return
    container, _, name = path.partition("/")
    target = Target(call.place.target.account, container, name)
    try:
        check_object_name(name)
        place = await _reach(order, target)
        opts = Put(props=props_of(_headers(file, order.headers), name), owner=place.owner)
        await place.store.put(place.key, CheckedBody(file.content, {Algorithm.MD5}), opts)
        tally.created += 1
    except (IncompleteBody, BodyTimeout):
        raise
    except (Refusal, StoreError) as error:
        refusal = refusal_of(error)
        tally.fail(shown, refusal.status)
        if refusal.status == 401:
            raise Refusal(401) from None


async def _reach(order: Order, target: Target) -> Place:
    """The place of an object; its container is made where there is none, and the caller may."""
    with suppress(NoSuchBucket):
        return await order.call.reach(Action.WRITE, target)
    tally = order.tally
    try:
        await make(order.call.reach, target)
    except (Refusal, StoreError) as error:
        tally.fail(f"/v1/{target.account}/{target.container}"[:MAX_SHOWN], refusal_of(error).status)
        raise
    tally.containers += 1
    return await order.call.reach(Action.WRITE, target)


def _headers(file: Member, stated: Mapping[str, str]) -> CIMultiDict[str]:
    """What describes a file, as the headers of a PUT of its own would."""
    headers = CIMultiDict(stated)
    for name, value in file.pax.items():
        if name in MIME_TYPES:
            headers["Content-Type"] = value
        for prefix in METADATA:
            if name.startswith(prefix):
                headers[META + name.removeprefix(prefix)] = value
    return headers
