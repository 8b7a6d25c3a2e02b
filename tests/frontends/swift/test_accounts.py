"""Accounts: totals, metadata, listings of containers."""

import time

import pytest

from gateway.core.buckets import BucketProps
from tests.frontends.swift.world import World


async def test_o02_totals_are_right_at_once(world: World) -> None:
    empty = await world.do("HEAD")
    assert empty.status == 204
    assert empty.headers["X-Account-Container-Count"] == "0"
    assert 0 < float(empty.headers["X-Timestamp"]) <= time.time()
    await world.container("a", "1", "22")
    await world.container("b", "333")
    full = await world.do("HEAD")
    assert [full.headers[f"X-Account-{name}"] for name in ("Container-Count", "Object-Count", "Bytes-Used")] == [
        "2",
        "3",
        "6",
    ]
    assert full.headers["X-Account-Storage-Policy-Policy-0-Bytes-Used"] == "6"
    await world.do("DELETE", "b", "333")
    assert (await world.do("HEAD")).headers["X-Account-Bytes-Used"] == "3"


async def test_o04_metadata_is_set_kept_and_removed(world: World) -> None:
    assert (await world.do("POST", X_Account_Meta_One="1", X_Account_Meta_Two="2")).status == 204
    assert (await world.do("POST", X_Account_Meta_Two="zwei", X_Account_Meta_Three="drei é")).status == 204
    answer = await world.do("HEAD")
    assert answer.headers["X-Account-Meta-One"] == "1"
    assert answer.headers["X-Account-Meta-Two"] == "zwei"
    assert answer.headers["X-Account-Meta-Three"] == "drei é"
    assert (await world.do("POST", X_Account_Meta_One="", X_Remove_Account_Meta_Two="x")).status == 204
    answer = await world.do("GET")
    assert "X-Account-Meta-One" not in answer.headers
    assert "X-Account-Meta-Two" not in answer.headers
    assert answer.headers["X-Account-Meta-Three"] == "drei é"


async def test_metadata_over_the_limits_changes_nothing(world: World) -> None:
    await world.do("POST", headers={f"X-Account-Meta-N{number}": "v" for number in range(90)})
    for headers in (
        {"X-Account-Meta-More": "v"},
        {"X-Account-Meta-N0": "v" * 257},
        {"X-Account-Meta-" + "n" * 129: "v"},
        {"X-Account-Meta-": "v"},
    ):
        assert (await world.do("POST", headers={**headers, "X-Account-Meta-N1": "changed"})).status == 400
    answer = await world.do("HEAD")
    assert answer.headers["X-Account-Meta-N1"] == "v"
    assert "X-Account-Meta-More" not in answer.headers


async def test_keys_of_temporary_urls_are_not_for_readers(world: World) -> None:
    await world.do("POST", X_Account_Meta_Temp_URL_Key="hidden", X_Account_Meta_Other="shown")
    assert (await world.do("HEAD")).headers["X-Account-Meta-Temp-Url-Key"] == "hidden"
    answer = await world.do("HEAD", user="rita")
    assert "X-Account-Meta-Temp-Url-Key" not in answer.headers
    assert answer.headers["X-Account-Meta-Other"] == "shown"


async def test_a_listing_without_rows(world: World) -> None:
    plain = await world.do("GET")
    assert (plain.status, plain.body, plain.headers["Content-Length"]) == (204, b"", "0")
    assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert plain.headers["Vary"] == "Accept"
    answer = await world.do("GET", query="format=json")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (
        200,
        b"[]",
        "application/json; charset=utf-8",
    )
    assert (await world.do("GET", Accept="text/xml")).headers["Content-Type"] == "text/xml; charset=utf-8"
    assert (await world.do("GET", Accept="image/png")).status == 406
    assert (await world.do("GET", Accept="nonsense")).status == 400


async def test_containers_in_rows(world: World) -> None:
    await world.container("b", "12345")
    await world.container("a&<>\"'")
    answer = await world.do("GET", query="format=json")
    first, second = answer.rows
    assert list(second) == ["name", "count", "bytes", "last_modified", "storage_policy"]
    assert (second["name"], second["count"], second["bytes"], second["storage_policy"]) == ("b", 1, 5, "Policy-0")
    assert first["name"] == "a&<>\"'"
    assert b"<name>a&amp;&lt;&gt;\"'</name>" in (await world.do("GET", query="format=xml")).body


async def test_other_accounts_containers_are_not_listed(world: World) -> None:
    await world.container("mine")
    await world.do("PUT", "hers", user="olga", account="AUTH_other")
    assert (await world.do("GET")).names == ["mine"]


async def test_buckets_that_another_frontend_made_are_containers(world: World) -> None:
    await world.store.create_bucket("from-s3", BucketProps(owner="test"))
    assert (await world.do("GET")).names == ["from-s3"]
    assert (await world.do("HEAD", "from-s3")).status == 204


@pytest.mark.parametrize(
    ("query", "expected"),
    (
        ("", ["a-1", "a-2", "b", "c-1", "d"]),
        ("limit=2", ["a-1", "a-2"]),
        ("limit=0", []),
        ("marker=a-2", ["b", "c-1", "d"]),
        ("marker=a-2&end_marker=d", ["b", "c-1"]),
        ("prefix=a", ["a-1", "a-2"]),
        ("delimiter=-", ["a-", "b", "c-", "d"]),
        ("delimiter=-&marker=a-", ["b", "c-", "d"]),
        ("delimiter=-&limit=2", ["a-", "b"]),
        ("delimiter=-&prefix=a-", ["a-1", "a-2"]),
        ("reverse=true", ["d", "c-1", "b", "a-2", "a-1"]),
        ("reverse=1&marker=c-1&end_marker=a-1", ["b", "a-2"]),
        ("reverse=off", ["a-1", "a-2", "b", "c-1", "d"]),
        ("reverse=on&delimiter=-", ["d", "c-", "b", "a-"]),
    ),
)
async def test_which_containers_are_listed(world: World, query: str, expected: list[str]) -> None:
    for name in ("a-1", "a-2", "b", "c-1", "d"):
        await world.container(name)
    assert (await world.do("GET", query=query)).names == expected
    rows = (await world.do("GET", query=f"{query}&format=json")).rows
    assert [row.get("name", row.get("subdir")) for row in rows] == expected


async def test_more_rows_than_the_limit_are_refused(world: World) -> None:
    answer = await world.do("GET", query="limit=10001")
    assert (answer.status, answer.body) == (412, b"Maximum limit is 10000")
    assert (await world.do("GET", query="limit=10000")).status == 204
    assert (await world.do("GET", query="marker=%FF")).status == 400


async def test_o03_many_containers(world: World) -> None:
    answers = [await world.do("PUT", f"c{number:03}") for number in range(250)]
    assert {answer.status for answer in answers} == {201}
    again = [await world.do("PUT", f"c{number:03}") for number in range(0, 250, 50)]
    assert {answer.status for answer in again} == {202}
    assert len((await world.do("GET")).names) == 250
