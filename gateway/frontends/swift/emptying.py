"""POST with `flush` or `purge`: what lies in a container or an account goes without being told to the client first.

Swift has neither. Each version is removed as by a request of its own: with its own access check, and not while it is
locked.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from aiohttp import web

from gateway.auth.access import Action
from gateway.core import ops
from gateway.core.errors import StoreError
from gateway.core.store import Store
from gateway.core.types import Deleted
from gateway.core.versions import NULL, Version, Versioning, VersionQuery, VersionRef
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.errors import Refusal, refusal_of
from gateway.frontends.swift.tally import Removals, told
from gateway.frontends.swift.target import Target

PAGE = 1000
MAX_FAILED = 1000


async def flush(call: Call) -> web.StreamResponse:
    """POST: delete all objects with all their versions; the answer tells of each that failed."""
    tally = Removals()

    async def work() -> None:
        await _empty(call, call.place, tally)

    return await told(call, tally, work)


async def flush_account(call: Call) -> web.StreamResponse:
    """POST: delete all containers with all that lies in them; the answer tells of each that failed."""
    tally = Removals()
    return await told(call, tally, partial(empty_account, call, tally))


async def purge(call: Call) -> web.StreamResponse:
    """POST: delete the versions of each object but for the newest, as many as `purge` says; so are older markers."""
    keep = _kept(call.parameters.get("purge"))
    tally = Removals()

    async def work() -> None:
        name, kept = "", 0
        async with aclosing(_pages(call.store, call.place.container.name)) as pages:
            async for rows in pages:
                doomed = []
                for row in rows:
                    if row.name != name or row.latest:  # a listing that begins anew with a name tells its latest again
                        name, kept = row.name, 0
                    if kept == keep:
                        doomed.append(row)
                    elif not row.marker:
                        kept += 1
                await _remove(call, call.place, doomed, tally)

    return await told(call, tally, work)


async def empty_account(call: Call, tally: Removals) -> None:
    """Delete all containers of the account that the call is about. Raises `Refusal` where that ends it all."""
    async for bucket in ops.each_bucket(call.store, call.place.owner):
        try:
            place = await call.reach(Action.DELETE_BUCKET, Target(call.place.target.account, bucket.name))
            await _empty(call, place, tally)
            await place.store.delete_bucket(bucket.name)
            tally.deleted += 1
        except StoreError as error:
            tally.met(bucket.name, refusal_of(error))
        _check_failures(tally)


async def _empty(call: Call, place: Place, tally: Removals) -> None:
    async with aclosing(_pages(place.store, place.container.name)) as pages:
        async for rows in pages:
            await _remove(call, place, rows, tally)


async def _pages(store: Store, bucket: str) -> AsyncGenerator[Sequence[Version], None]:
    """All versions, page by page; each page is told when the next one is at hand.

    So whoever removes what he is told never takes away the place from which the listing goes on.
    """
    query = VersionQuery(limit=PAGE)
    page = await ops.versions(store, bucket, query)
    while True:
        rows = [row for row in page.items if isinstance(row, Version)]
        if page.next is None or not rows:
            yield rows
            return
        query = replace(query, key_marker=rows[-1].name, version_marker=rows[-1].meta.version or NULL)
        page = await ops.versions(store, bucket, query)
        yield rows


async def _remove(call: Call, place: Place, rows: Sequence[Version], tally: Removals) -> None:
    """Remove versions for good, those that the caller may. Raises `Refusal` (400) after too many failures."""
    versioned = place.container.versioning is not Versioning.OFF
    action = Action.DELETE_VERSION if versioned else Action.DELETE
    allowed = []
    for row in rows:
        try:
            await call.reach(action, Target(call.place.target.account, place.container.name, row.name))
            allowed.append(row)
        except (Refusal, StoreError) as error:
            _met(tally, place, row, error)
    for row, done in zip(allowed, await _delete(place, allowed, versioned=versioned), strict=True):
        if isinstance(done, StoreError):
            _met(tally, place, row, done)
        elif done.existed:
            tally.deleted += 1
    _check_failures(tally)


async def _delete(place: Place, rows: Sequence[Version], *, versioned: bool) -> Sequence[Deleted | StoreError]:
    if not rows:
        return ()
    store, bucket = place.store, place.container.name
    if not versioned:
        return await ops.delete_many(store, bucket, [row.name for row in rows])
    return await ops.delete_versions(store, bucket, [VersionRef(row.name, row.meta.version or NULL) for row in rows])


def _met(tally: Removals, place: Place, row: Version, error: Refusal | StoreError) -> None:
    refusal = refusal_of(error)
    tally.met(f"{place.container.name}/{row.name}", refusal, refusal.text)


def _check_failures(tally: Removals) -> None:
    if len(tally.failed) >= MAX_FAILED:
        raise Refusal(400, "Max delete failures exceeded")


def _kept(text: str) -> int:
    """How many versions are to stay. Raises `Refusal` (400)."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise Refusal(400, "purge must say how many versions of each object are to stay, one at least")
    return int(text)
