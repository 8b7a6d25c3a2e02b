"""Operations on accounts."""

import time

from aiohttp import web

from gateway.auth.principals import Role
from gateway.core import ops
from gateway.core.errors import Denied
from gateway.core.types import DEFAULT_POLICY, AccountMeta, BucketMeta, ListQuery, Page, Prefix, PropsChange
from gateway.frontends.swift import grants, metadata, quotas
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.constraints import check_account_name
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.listing import account_listing
from gateway.frontends.swift.metadata import Kind
from gateway.frontends.swift.rows import gather
from gateway.frontends.swift.times import timestamp

STARTED = time.time_ns()
"""What stands for the time of an account's creation: since then the configuration that names it has been in force."""


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
    body = account_listing(wanted.format, call.place.target.account, rows)
    return answer(200 if body else 204, (*wanted.headers, *_headers(call, found)), body)


async def post(call: Call) -> web.Response:
    """POST: set and remove metadata; what is not named stays."""
    check_account_name(call.place.target.account)
    changes = metadata.changes(call.headers.items(), Kind.ACCOUNT, owner=call.owns)
    system = {
        **grants.of_account(call.headers, owner=call.owns),
        **quotas.of_account(call.headers, operator=call.principal.role is Role.OPERATOR),
    }
    if changes or system:
        found = await ops.stat_account(call.store, call.place.owner)
        metadata.merge(found.user, changes)
        await ops.update_account(call.store, call.place.owner, PropsChange(user=changes, system=system))
    return answer(204)


async def manage(call: Call) -> web.Response:
    """PUT and DELETE: accounts come from the configuration, so nobody may; for most it isn't even theirs to ask."""
    if call.principal.role is not Role.OPERATOR:
        raise Denied
    raise Refusal(405, headers={"Allow": "HEAD, GET, POST, OPTIONS"})


def _headers(call: Call, found: AccountMeta) -> list[tuple[str, str]]:
    counters = (("Container-Count", found.buckets), ("Object-Count", found.objects), ("Bytes-Used", found.bytes))
    policy = f"Storage-Policy-{DEFAULT_POLICY.title()}-"
    return [
        *((f"X-Account-{name}", str(count)) for name, count in counters),
        *((f"X-Account-{policy}{name}", str(count)) for name, count in counters if found.buckets),
        ("X-Timestamp", timestamp(STARTED)),
        *metadata.shown(found.user, Kind.ACCOUNT, owner=call.owns),
        *quotas.shown(found),
        *(grants.shown(found) if call.owns else ()),
        ("Accept-Ranges", "bytes"),
    ]
