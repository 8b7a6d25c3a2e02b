"""What holds for each operation of the model alike."""

from collections.abc import AsyncIterator

import pytest

from gateway.core.store import Store
from gateway.frontends.s3 import quirks
from gateway.frontends.s3.model import Level
from gateway.frontends.s3.operations import OPERATIONS
from gateway.stores.memory import Memory
from tests.frontends.s3.plain import MODEL, PATHS, request_of
from tests.frontends.s3.world import World

REFUSED = sorted(MODEL.keys() - OPERATIONS.keys() - {quirks.PREFLIGHT})
ON_BUCKETS = sorted(name for name, each in OPERATIONS.items() if not each.on_account and not each.form)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """No store matters here."""
    store = Memory()
    yield store
    await store.aclose()


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_served_is_refused_by_name(world: World, bucket: str, name: str) -> None:
    method, target, headers = request_of(name)
    answer = await world.do(method, target, b"", headers)
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert f" {name} " in answer.element("Message")
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize("name", ON_BUCKETS)
async def test_a_bucket_of_another_owner_than_expected_is_not_touched(world: World, bucket: str, name: str) -> None:
    method, target, headers = request_of(name)
    answer = await world.do(method, target, b"", {**headers, "x-amz-expected-bucket-owner": "acc-other"})
    assert answer.status == 403
    assert method == "HEAD" or answer.code == "AccessDenied"
    seen = len(world.seen)
    assert (await world.record(seen)).operation == name
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize("name", ("CopyObject", "UploadPartCopy", "RenameObject"))
async def test_a_source_in_a_bucket_of_another_owner_is_not_read(world: World, bucket: str, name: str) -> None:
    method, target, headers = request_of(name)
    answer = await world.do(method, target, b"", {**headers, "x-amz-source-expected-bucket-owner": "acc-other"})
    assert (answer.status, answer.code) == (403, "AccessDenied")


@pytest.mark.parametrize("key", ("capabilities", "x", "Acl", "ACL", "website2", "versionid", "prefix%00", "%3Facl"))
@pytest.mark.parametrize("level", PATHS)
async def test_guessing_reaches_what_it_would_without_the_guess(
    world: World, bucket: str, level: Level, key: str
) -> None:
    """As on S3: keys of a query that mean nothing choose nothing, however they look."""
    plain = await world.do("GET", PATHS[level])
    guess = await world.do("GET", f"{PATHS[level]}?{key}")
    assert guess.status == plain.status
    assert world.seen[-1].operation == world.seen[-2].operation
