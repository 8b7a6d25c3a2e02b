"""What Swift can do and this frontend cannot is refused, never ignored."""

import pytest

from tests.frontends.swift.world import World


@pytest.mark.parametrize(
    ("method", "headers", "query"),
    (
        ("PUT", {"X-Object-Manifest": "box/seg"}, ""),
        ("PUT", {"X-Symlink-Target": "box/other"}, ""),
        ("PUT", {}, "multipart-manifest=put"),
        ("DELETE", {}, "multipart-manifest=delete"),
        ("DELETE", {}, "version-id=1"),
        ("GET", {}, "version-id=1"),
    ),
)
async def test_what_is_missing_is_refused_not_ignored(
    world: World, method: str, headers: dict[str, str], query: str
) -> None:
    await world.container("box", "thing")
    answer = await world.do(method, "box", "thing", headers=headers, query=query)
    assert (answer.status, b"not supported" in answer.body) == (501, True)
    assert (await world.do("GET", "box", "thing")).body == b"thing"


async def test_versions_of_the_old_kind_are_switched_off(world: World) -> None:
    for name in ("X-Versions-Location", "X-History-Location"):
        answer = await world.do("PUT", "box", headers={name: "other"})
        assert (answer.status, answer.body) == (412, b"Versioned Writes is disabled")
    assert await world.contents() == set()


@pytest.mark.parametrize(
    ("method", "path", "headers", "query"),
    (
        ("PUT", ("box",), {"X-Container-Read": ".r:*"}, ""),
        ("POST", ("box",), {"X-Container-Write": "a:b"}, ""),
        ("POST", ("box",), {"X-Versions-Enabled": "true"}, ""),
        ("GET", ("box",), {}, "versions"),
        ("PUT", ("box",), {}, "extract-archive=tar"),
        ("POST", (), {"X-Account-Access-Control": "{}"}, ""),
        ("POST", (), {}, "bulk-delete"),
    ),
)
async def test_what_containers_and_accounts_miss_is_refused(
    world: World, method: str, path: tuple[str, ...], headers: dict[str, str], query: str
) -> None:
    await world.container()
    assert (await world.do(method, *path, headers=headers, query=query)).status == 501
    assert (await world.do(method, *path, headers=dict.fromkeys(headers, ""))).status in {200, 202, 204}
