"""All accounts, for those who administer the installation. Swift itself has no such list."""

import json
from collections.abc import Sequence
from dataclasses import replace
from xml.sax.saxutils import escape

from aiohttp import web

from gateway.auth.resellers import RESELLER_PREFIX
from gateway.core.buckets import AccountMeta
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.listing import XML_DECLARATION
from gateway.frontends.swift.times import iso8601


async def get(call: Call) -> web.Response:
    """GET: the accounts with their totals, those of the configuration among them."""
    wanted = call.wanted()
    query = wanted.query
    rows: Sequence[AccountMeta] = ()
    if query.prefix.startswith(RESELLER_PREFIX) or RESELLER_PREFIX.startswith(query.prefix):
        marks = (text.removeprefix(RESELLER_PREFIX) for text in (query.prefix, query.marker, query.end_marker))
        prefix, marker, end_marker = marks
        if not query.prefix.startswith(RESELLER_PREFIX):
            prefix = ""
        below = replace(query, prefix=prefix, marker=marker, end_marker=end_marker)
        rows = (await call.accounts.page(below)).items
    body = _RENDER.get(wanted.format, _xml)(rows).encode()
    return answer(200 if body else 204, wanted.headers, body)


def _plain(rows: Sequence[AccountMeta]) -> str:
    return "".join(f"{RESELLER_PREFIX}{row.name}\n" for row in rows)


def _json(rows: Sequence[AccountMeta]) -> str:
    return json.dumps([_described(row) for row in rows])


def _xml(rows: Sequence[AccountMeta]) -> str:
    return f"{XML_DECLARATION}<accounts>{''.join(map(_element, rows))}</accounts>"


def _element(row: AccountMeta) -> str:
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in _described(row).items())
    return f"<account>{inner}</account>"


def _described(row: AccountMeta) -> dict[str, str | int]:
    """A row; without the time of its creation, an account is one of the configuration."""
    created = {} if row.created is None else {"created": iso8601(row.created)}
    counters = {"containers": row.buckets, "count": row.objects, "bytes": row.used}
    return {"name": RESELLER_PREFIX + row.name, **counters, **created}


_RENDER = {Format.PLAIN: _plain, Format.JSON: _json}
