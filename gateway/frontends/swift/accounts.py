"""Operations on accounts."""

import time
from collections.abc import Mapping
from contextlib import suppress

from aiohttp import hdrs, web

from gateway.auth.accounts import is_identifier
from gateway.auth.principals import Role
from gateway.core import ops
from gateway.core.buckets import DEFAULT_POLICY, AccountMeta, BucketMeta
from gateway.core.errors import NoSuchBucket, NotEmpty
from gateway.core.types import ListQuery, Page, Prefix, PropsChange
from gateway.frontends.http.answer import gathered
from gateway.frontends.swift import grants, metadata, quotas, readonly
from gateway.frontends.swift.answers import answer, page
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.constraints import check_account_name
from gateway.frontends.swift.emptying import empty_account
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.listing import account_listing
from gateway.frontends.swift.metadata import Kind
from gateway.frontends.swift.rows import gather
from gateway.frontends.swift.tally import Removals
from gateway.frontends.swift.times import timestamp

UNMANAGED: Mapping[str, str] = {hdrs.ALLOW: "HEAD, GET, POST, OPTIONS"}
"""What may be done with an account that is not to be made or removed."""

REMOVED = 204
"""How the deletion of an account is answered that takes along all that it holds."""

STARTED = time.time_ns()
"""What stands for the time of an account's creation where the configuration names it: so long it has been in force."""


async def head(call: Call) -> web.Response:
    """HEAD: totals and metadata."""
    wanted = call.wanted()
    found = await ops.stat_account(call.store, call.place.owner)
    return answer(204, (*wanted.headers, *_headers(call, found)))


async def get(call: Call) -> web.Response:
    """GET: the containers. A plain listing without rows is a 204."""
    wanted = call.wanted()

    async def fetch(query: ListQuery) -> Page[BucketMeta | Prefix]:
        return await call.store.buckets(query, call.place.owner)

    rows = await gather(fetch, wanted.query)
    found = await ops.stat_account(call.store, call.place.owner)
    body = await gathered(account_listing(wanted.format, call.place.target.account, rows))
    return answer(200 if body else 204, (*wanted.headers, *_headers(call, found)), body)


async def post(call: Call) -> web.Response:
    """POST: set and remove metadata; what is not named stays."""
    await _change(call, _stated(call))
    return answer(204)


async def put(call: Call) -> web.Response:
    """PUT: 201 for a new account, which has no users; of one that stands the metadata is changed, with 202."""
    _check_managed(call)
    owner, change = call.place.owner, _stated(call)
    if call.accounts.configured(owner) is None:
        if not is_identifier(owner):
            raise Refusal(400, "The id of an account is of letters, digits and ._@+-, 128 at most")
        metadata.merge({}, change.user)
        if await ops.create_account(call.store, owner, change):
            return answer(201)
    await _change(call, change)
    return page(202)


async def delete(call: Call) -> web.Response:
    """DELETE: 409 while a container is in it. Those of the configuration are removed there."""
    _check_managed(call)
    if call.accounts.configured(call.place.owner) is not None:
        raise Refusal(405, "This account comes from the configuration: remove it there", headers=UNMANAGED)
    if call.settings.compat.full_account == REMOVED:
        await _empty(call)
    try:
        await ops.delete_account(call.store, call.place.owner)
    except NotEmpty as error:
        raise Refusal(409, error.message) from None
    return answer(204)


async def refresh(call: Call) -> web.Response:
    """POST: count anew what lies in each container, and have all counters say so."""
    async for bucket in ops.each_bucket(call.store, call.place.owner):
        with suppress(NoSuchBucket):
            await ops.recount(call.store, bucket.name)
    return answer(204, _counters(await ops.stat_account(call.store, call.place.owner)))


async def _empty(call: Call) -> None:
    """Raises `Refusal` (409) where something could not be removed."""
    tally = Removals()
    await empty_account(call, tally)
    if tally.failed:
        path, why = tally.failed[0]
        raise Refusal(409, f"The account still holds what could not be removed, as {path}: {why}")


def _check_managed(call: Call) -> None:
    if not call.settings.allow_account_management:
        raise Refusal(405, headers=UNMANAGED)


def _stated(call: Call) -> PropsChange:
    """The change of properties that a request states. Raises `Refusal` (400, 403)."""
    check_account_name(call.place.target.account)
    changes = metadata.changes(call.headers.items(), Kind.ACCOUNT, owner=call.owns)
    system = {
        **grants.of_account(call.headers, owner=call.owns),
        **quotas.of_account(call.headers, operator=call.principal.role is Role.OPERATOR),
        **readonly.of_account(call.headers, operator=call.principal.role is Role.OPERATOR),
    }
    return PropsChange(user=changes, system=system)


async def _change(call: Call, change: PropsChange) -> None:
    if change.user or change.system:
        found = await ops.stat_account(call.store, call.place.owner)
        metadata.merge(found.user, change.user)
        await ops.update_account(call.store, call.place.owner, change)


def _counters(found: AccountMeta) -> list[tuple[str, str]]:
    counters = (("Container-Count", found.buckets), ("Object-Count", found.objects), ("Bytes-Used", found.used))
    policy = f"Storage-Policy-{DEFAULT_POLICY.title()}-"
    return [
        *((f"X-Account-{name}", str(count)) for name, count in counters),
        *((f"X-Account-{policy}{name}", str(count)) for name, count in counters if found.buckets),
    ]


def _headers(call: Call, found: AccountMeta) -> list[tuple[str, str]]:
    return [
        *_counters(found),
        ("X-Timestamp", timestamp(found.created or STARTED)),
        *metadata.shown(found.user, Kind.ACCOUNT, owner=call.owns),
        *quotas.shown(found),
        *readonly.shown(found, operator=call.principal.role is Role.OPERATOR),
        *(grants.shown(found) if call.owns else ()),
        ("Accept-Ranges", "bytes"),
    ]
