"""What Swift can do and this frontend cannot is refused, never ignored."""

import pytest

from gateway.stores.memory import Memory
from tests.frontends.swift.world import World, serving


@pytest.mark.parametrize(
    ("method", "path", "headers", "query"),
    (("PUT", ("box",), {"X-Container-Sync-To": "//realm/cluster/a/c"}, ""),),
)
async def test_what_containers_and_accounts_miss_is_refused(
    world: World, method: str, path: tuple[str, ...], headers: dict[str, str], query: str
) -> None:
    await world.container()
    assert (await world.do(method, *path, headers=headers, query=query)).status == 501
    assert (await world.do(method, *path, headers=dict.fromkeys(headers, ""))).status in {200, 202, 204}


@pytest.mark.parametrize(
    ("method", "headers", "query"),
    (
        ("PUT", {"X-Object-Manifest": "box/seg"}, ""),
        ("PUT", {}, "multipart-manifest=put"),
        ("DELETE", {}, "multipart-manifest=delete"),
    ),
)
async def test_large_objects_are_refused_where_the_store_has_none(
    method: str, headers: dict[str, str], query: str
) -> None:
    async with serving(Memory(), Memory()) as world:
        await world.container("box", "thing")
        answer = await world.do(method, "box", "thing", headers=headers, query=query)
        assert (answer.status, b"keeps no large objects" in answer.body) == (501, True)
        assert (await world.do("GET", "box", "thing")).body == b"thing"
        assert b"slo" not in (await world.raw("GET", "/info")).body
