"""Listings in the form that is wanted of them, made apart from the event loop wherever that is worth a thread."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gateway.core.capabilities import find
from gateway.core.capabilities.listings import Rendering, Row
from gateway.core.links import LINK
from gateway.core.manifest import is_large
from gateway.core.store import Store
from gateway.core.types import ListQuery, Page, Prefix

P = ParamSpec("P")
T = TypeVar("T")

FEW = 32
"""Rows that are put into a form at once: a hop to a thread would take longer."""


async def rendered(store: Store, bucket: str, query: ListQuery, form: Callable[[Page[Row | Prefix]], T]) -> T:
    """What `form`, which is pure, makes of one page as `Store.list` shows it. It may run in a thread, and runs once.

    Raises as `Store.list`.
    """
    if native := find(store, Rendering):
        made = await native.render(bucket, query, lambda page: None if _is_indirect(page) else (form(page),))
        if made is not None:
            return made[0]
    page = await store.list(bucket, query)
    return await apart(len(page.items), form, page)


async def apart(count: int, form: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `form`, which is pure, makes of `count` rows: in a thread where they are many."""
    return form(*args, **kwargs) if count <= FEW else await asyncio.to_thread(form, *args, **kwargs)


def _is_indirect(page: Page[Row | Prefix]) -> bool:
    """Whether a row stands for something else, which layers have to look up: a manifest's segments, a link's target."""
    stated = [row.system for row in page.items if not isinstance(row, Prefix) and row.system]
    return any(LINK in system or is_large(system) for system in stated)
