"""Operations on containers. A container is a bucket of the account: those that S3 made are containers too."""

import time
from functools import partial

from aiohttp import web

from gateway.auth.access import Action
from gateway.core.archives import LOCATION
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.listings import Rendering
from gateway.core.capabilities.manifests import Links, Manifests
from gateway.core.errors import AlreadyExists, NoSuchBucket, Unsupported
from gateway.core.ops import counted, recount
from gateway.core.types import ListQuery, Meta, Page, Prefix, PropsChange
from gateway.frontends.http.answer import gathered
from gateway.frontends.swift import archives, grants, metadata, quotas, versioning
from gateway.frontends.swift.answers import answer, page
from gateway.frontends.swift.call import Call, Place, Reach, locate
from gateway.frontends.swift.constraints import check_container_name
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.listing import CHANGED, changed, container_listing
from gateway.frontends.swift.metadata import Kind
from gateway.frontends.swift.parameters import truth
from gateway.frontends.swift.policy import check_same_policy, policy_of, wanted_policy
from gateway.frontends.swift.rows import Wanted, gather, gather_path
from gateway.frontends.swift.target import Target
from gateway.frontends.swift.times import last_modified, timestamp


async def head(call: Call) -> web.Response:
    """HEAD: counters and metadata."""
    wanted = call.wanted()
    found = await counted(call.store, call.place.container)
    return answer(204, (*wanted.headers, *_counters(found), *_headers(call)))


async def get(call: Call) -> web.Response:
    """GET: the objects. A plain listing without rows is a 204."""
    wanted = call.wanted()
    body = await _listing(call, wanted)
    counters = _counters(call.place.container) if call.store.caps.counters else ()
    return answer(200 if body else 204, (*wanted.headers, *counters, *_headers(call)), body)


async def put(call: Call) -> web.Response:
    """PUT: 201 for a new container; of one that stands the metadata is changed, with 202."""
    target = call.place.target
    check_container_name(target.container)
    policy = wanted_policy(call.headers, call.store.caps)
    changes = metadata.changes(call.headers.items(), Kind.CONTAINER, owner=call.owns)
    quotas.check_container(changes)
    system = _system(call)
    stated = {name: value for name, value in system.items() if value is not None}
    props = BucketProps(owner=call.place.owner, user=metadata.merge({}, changes), system={**policy, **stated})
    if await call.store.create_bucket(target.container, props):
        await versioning.change(call, call.headers)
        return answer(201)
    found = await locate_own(call.place)
    check_same_policy(found.container, policy)
    await _change(call, found.container, changes, system)
    await versioning.change(call, call.headers)
    return page(202)


async def post(call: Call) -> web.Response:
    """POST: set and remove metadata; what is not named stays."""
    changes = metadata.changes(call.headers.items(), Kind.CONTAINER, owner=call.owns)
    quotas.check_container(changes)
    await _change(call, call.place.container, changes, _system(call))
    await versioning.change(call, call.headers)
    return answer(204)


async def refresh(call: Call) -> web.Response:
    """POST: count anew what lies in the container, and have its counters say so."""
    return answer(204, _counters(await recount(call.store, call.place.container.name)))


async def delete(call: Call) -> web.Response:
    """DELETE: 409 while an object lies in it."""
    await call.store.delete_bucket(call.place.target.container)
    return answer(204)


def _system(call: Call) -> grants.Changes:
    """What a request does to the properties beside the metadata. Raises `Refusal` (400, 412)."""
    kept = archives.of_container(call.headers) if call.store.caps.archives else {}
    if kept.get(LOCATION) and truth(call.headers.get(versioning.ENABLED, "")):
        raise Refusal(400, archives.OTHER_KIND)
    return {**grants.of_container(call.headers, owner=call.owns), **kept}


async def reach_made(reach: Reach, action: Action, target: Target) -> Place:
    """An object's place; its container is made where there is none and the caller may. Raises as `reach` and `make`."""
    try:
        return await reach(action, target)
    except NoSuchBucket:
        await make(reach, target)
    return await reach(action, target)


async def make(reach: Reach, target: Target) -> None:
    """Make the container of an object, unless somebody has by now. Raises as `reach`, and `AlreadyExists`."""
    container = Target(target.account, target.container)
    place = await reach(Action.CREATE_BUCKET, container, creates=True)
    check_container_name(container.container)
    if not await place.store.create_bucket(container.container, BucketProps(owner=place.owner)):
        await locate_own(place)


async def locate_own(place: Place) -> Place:
    """The container of a place. Raises `AlreadyExists` where another account has one of that name."""
    try:
        return await locate(place.store, place.target, place.owner)
    except NoSuchBucket:
        raise AlreadyExists("The container name is not available") from None


async def _change(call: Call, found: BucketMeta, changes: grants.Changes, system: grants.Changes) -> None:
    metadata.merge(found.user, changes)
    grants.check_public(system, found)
    archives.check_kind(system, found)
    change = PropsChange(user=changes, system={CHANGED: str(time.time_ns()), **system})
    try:
        await call.store.update_bucket(found.name, change)
    except Unsupported:
        if changes or system:  # the time of a change of nothing need not be kept
            raise


async def _listing(call: Call, wanted: Wanted) -> bytes:
    """Manifests and links are shown as what they are by themselves; there they tell what they stand for."""
    target, manifests, links = call.place.target, find(call.store, Manifests), find(call.store, Links)
    store = links.unfollowed if links else manifests.plain if manifests else call.store
    form = partial(container_listing, wanted.format, target.container, account=target.account)
    if wanted.path is not None:
        return await gathered(form(await gather_path(store, target.container, wanted.path, wanted.query)))
    if native := find(store, Rendering):
        return await native.render(target.container, wanted.query, lambda page: b"".join(form(page.items)))

    async def fetch(query: ListQuery) -> Page[Meta | Prefix]:
        return await store.list(target.container, query)

    rows = await gather(fetch, wanted.query)
    return await gathered(form(rows))


def _counters(found: BucketMeta) -> list[tuple[str, str]]:
    return [("X-Container-Object-Count", str(found.objects)), ("X-Container-Bytes-Used", str(found.used))]


def _headers(call: Call) -> list[tuple[str, str]]:
    found = call.place.container
    return [
        ("X-Timestamp", timestamp(found.created)),
        ("Last-Modified", last_modified(changed(found))),
        ("X-Storage-Policy", policy_of(found)),
        *metadata.shown(found.user, Kind.CONTAINER, owner=call.owns),
        *(grants.of_bucket(found) if call.owns else ()),
        *versioning.shown(found.versioning),
        *archives.shown(found),
        ("Accept-Ranges", "bytes"),
    ]
