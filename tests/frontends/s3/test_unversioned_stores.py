"""Versioning over a store that keeps no versions: what is asked is answered truthfully, what can't be done refused."""

from collections.abc import AsyncIterator

import pytest

from gateway.stores.memory import Memory
from tests.frontends.s3.world import World, serving
from tests.support.stores import Plain

ENABLED = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(Plain(Memory())) as world:
        assert (await world.do("PUT", "/bucket")).status == 200
        for name in ("a", "dir/b", "dir/c"):
            assert (await world.do("PUT", f"/bucket/{name}", b"x")).status == 200
        yield world


async def test_versioning_is_told_to_be_off(world: World) -> None:
    answer = await world.do("GET", "/bucket?versioning")
    assert (answer.status, b"<Status>" in answer.body) == (200, False)


@pytest.mark.parametrize("status", (b"Enabled", b"Suspended"))
async def test_it_cannot_be_set(world: World, status: bytes) -> None:
    answer = await world.do("PUT", "/bucket?versioning", ENABLED.replace(b"Enabled", status))
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert "keeps no versions" in answer.element("Message")
    assert b"<Status>" not in (await world.do("GET", "/bucket?versioning")).body


async def test_what_stands_is_listed_as_the_only_version(world: World) -> None:
    answer = await world.do("GET", "/bucket?versions")
    assert answer.body.count(b"<VersionId>null</VersionId><IsLatest>true</IsLatest>") == 3
    page = await world.do("GET", "/bucket?versions&max-keys=1")
    assert (page.element("NextKeyMarker"), page.element("NextVersionIdMarker")) == ("a", "null")
    rest = await world.do("GET", "/bucket?versions&delimiter=%2F&key-marker=a&version-id-marker=null")
    assert b"<CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>" in rest.body
    assert b"<Version>" not in rest.body


async def test_versions_by_name(world: World) -> None:
    assert (await world.do("GET", "/bucket/a?versionId=null")).body == b"x"
    assert (await world.do("GET", "/bucket/a?versionId=" + "0" * 32)).code == "NoSuchVersion"
    assert (await world.do("DELETE", "/bucket/a?versionId=" + "0" * 32)).status == 204
    assert (await world.do("GET", "/bucket/a")).status == 200
    assert (await world.do("DELETE", "/bucket/a?versionId=null")).status == 204
    assert (await world.do("GET", "/bucket/a")).status == 404
