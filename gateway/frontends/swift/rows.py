"""Which rows a listing shows, as the query asks for them, and how they are gathered from the store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.core.errors import NotFound
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix
from gateway.frontends.swift.accept import Format, negotiate
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.parameters import Parameters

Row = TypeVar("Row")

Fetch = Callable[[ListQuery], Awaitable[Page[Row]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request wants of a listing. With `path`, one level of directories is shown, as objects."""

    format: Format
    negotiated: bool
    query: ListQuery
    path: str | None = None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers that tell the format."""
        headers = [("Content-Type", self.format.content_type)]
        return [*headers, ("Vary", "Accept")] if self.negotiated else headers


def wanted(parameters: Parameters, accept: str, limit: int) -> Wanted:
    """What a request wants; `limit` is the most rows that it may have. Raises `Refusal` (400, 406, 412)."""
    return Wanted(
        format=negotiate(parameters.get("format"), accept),
        negotiated="format" not in parameters,
        query=ListQuery(
            prefix=parameters.get("prefix"),
            delimiter=parameters.get("delimiter"),
            marker=parameters.get("marker"),
            end_marker=parameters.get("end_marker"),
            limit=_limit(parameters.get("limit"), limit),
            reverse=parameters.flag("reverse"),
        ),
        path=parameters.get("path") if "path" in parameters else None,
    )


async def gather(fetch: Fetch[Row], query: ListQuery) -> list[Row]:
    """As many rows as are wanted and there are, although the pages of a store may come short of that."""
    rows: list[Row] = []
    rest = query
    while len(rows) < query.limit:
        page = await fetch(rest)
        rows.extend(page.items)
        if page.next is None:
            break
        rest = replace(query, marker=page.next, limit=query.limit - len(rows))
    return rows


async def gather_path(store: Store, container: str, path: str, query: ListQuery) -> list[Meta]:
    """The objects right below `path`, and those that stand for directories there (their names end in a slash)."""
    directory = f"{path.rstrip('/')}/" if path else ""
    rows: list[Meta] = []
    rest = replace(query, prefix=directory, delimiter="/")
    while len(rows) < query.limit:
        page = await store.list(container, replace(rest, limit=query.limit - len(rows)))
        for item in page.items:
            found = await _marker(store, Key(container, item.name)) if isinstance(item, Prefix) else item
            if found is not None and found.name != directory:
                rows.append(found)
        if page.next is None:
            break
        rest = replace(rest, marker=page.next)
    return rows


async def _marker(store: Store, key: Key) -> Meta | None:
    try:
        return await store.stat(key)
    except NotFound:
        return None


def _limit(text: str, most: int) -> int:
    if not text.isdecimal() or not text.isascii():
        return most
    if len(text) > 18 or int(text) > most:
        raise Refusal(412, f"Maximum limit is {most}")
    return int(text)
