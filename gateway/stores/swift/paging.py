"""Pages of listings, of no more rows than the cluster gives at once."""

from collections.abc import Mapping

from gateway.core.errors import Unavailable
from gateway.core.types import ListQuery
from gateway.stores.swift.client import Client
from gateway.stores.swift.info import read
from gateway.stores.swift.request import Answer, Request


def query_of(query: ListQuery) -> Mapping[str, str]:
    """The parameters of a listing, but for the number of rows."""
    stated = {
        "prefix": query.prefix,
        "delimiter": query.delimiter,
        "marker": query.marker,
        "end_marker": query.end_marker,
        "reverse": "true" if query.reverse else "",
    }
    return {name: value for name, value in stated.items() if value}


async def page_of(client: Client, path: tuple[str, ...], query: Mapping[str, str], limit: int) -> tuple[Answer, int]:
    """A page of a container or of the account, which may be missing (404), and how many rows were asked for.

    Swift answers 412 to whoever asks for more rows than its operators allow; what they do allow, `/info` tells.
    """
    while True:
        asked = min(limit, client.page_limit)
        stated = {"format": "json", "limit": str(asked), **query}
        answer = await client.call(Request(method="GET", path=path, query=stated), 404, 412)
        if answer.status != 412:
            return answer, asked
        if asked <= 1:
            raise Unavailable("The upstream refuses to list", retryable=False)
        allowed = read(await client.info()).page_limit
        client.page_limit = allowed if allowed < asked else asked // 10 or 1
