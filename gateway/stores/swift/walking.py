"""Listings that are walked to their end, as Swift tells them."""

from functools import partial

from gateway.core.types import Meta
from gateway.stores.swift.client import Client
from gateway.stores.swift.paging import page_of
from gateway.stores.swift.rows import Row, objects, parsed

PAGE = 1000


async def walk(client: Client, container: str, prefix: str) -> list[Row[Meta]]:
    """All that begins with `prefix`, in order; nothing where there is no container."""
    found: list[Row[Meta]] = []
    marker = ""
    while True:
        answer, _ = await page_of(client, (container,), {"prefix": prefix, "marker": marker}, PAGE)
        rows = [] if answer.status == 404 else await parsed(partial(objects, container), answer.body)
        if not rows or rows[-1].name <= marker:
            return found
        found += rows
        marker = rows[-1].name
