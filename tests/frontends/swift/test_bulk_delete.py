"""`?bulk-delete`: many names in one request, and a report of what became of each."""

import json

import pytest
from defusedxml import ElementTree

from gateway.frontends.swift.bulk import MAX_DELETES, MAX_FAILED_DELETES
from tests.frontends.swift.world import Answer, World


async def bulk(world: World, *names: str, method: str = "POST", **options: str) -> dict[str, object]:
    """Delete these names; the report."""
    answer = await world.do(
        method, query="bulk-delete", body="\n".join(names).encode(), headers={"Accept": "application/json"}, **options
    )
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    return told(answer)


def told(answer: Answer) -> dict[str, object]:
    report: dict[str, object] = json.loads(answer.body)
    return report


@pytest.mark.parametrize("method", ("POST", "DELETE"))
async def test_objects_go_and_then_their_containers(world: World, method: str) -> None:
    await world.container("box", "a", "b c", "é/ü")
    await world.container("other", "a")
    report = await bulk(
        world, "box", "/box/a", "box/b%20c", "", "box/%C3%A9/%C3%BC", "box/none", "none/a", method=method
    )
    assert report == {
        "Response Status": "200 OK",
        "Response Body": "",
        "Number Deleted": 4,
        "Number Not Found": 2,
        "Errors": [],
    }
    assert await world.contents() == {"other", "other/a"}


async def test_a_container_that_holds_something_stays(world: World) -> None:
    await world.container("box", "a", "b")
    report = await bulk(world, "box", "box/a", "none")
    assert report["Errors"] == [["box", "409 Conflict"]]
    assert (report["Response Status"], report["Number Deleted"], report["Number Not Found"]) == (
        "400 Bad Request",
        1,
        1,
    )
    assert await world.contents() == {"box", "box/b"}


async def test_the_report_comes_in_the_format_that_is_liked(world: World) -> None:
    await world.container("box", "a")
    plain = await world.do("POST", query="bulk-delete", body=b"box\nbox/none")
    assert plain.body == (
        b"Number Deleted: 0\nNumber Not Found: 1\nResponse Body: \nResponse Status: 400 Bad Request\n"
        b"Errors:\nbox, 409 Conflict\n"
    )
    xml = await world.do("POST", query="bulk-delete", body=b"box/a", headers={"Accept": "application/xml"})
    root = ElementTree.fromstring(xml.body)
    assert (root.tag, root.findtext("number_deleted"), root.findtext("response_status")) == ("delete", "1", "200 OK")
    none = await world.do("POST", query="bulk-delete", body=b"box/b", headers={"Accept": "image/png"})
    assert b"Response Status: 406 Not Acceptable" in none.body


@pytest.mark.parametrize("name", ("box/%ff", "box/a%00b", "%ff", "box/\udcff"))
async def test_names_that_are_none_are_told(world: World, name: str) -> None:
    await world.container("box", "a")
    body = f"{name}\nbox/a".encode(errors="surrogateescape")
    report = told(await world.do("POST", query="bulk-delete", body=body, headers={"Accept": "application/json"}))
    assert [status for _, status in report["Errors"]] == ["412 Precondition Failed"]  # type: ignore[attr-defined]
    assert report["Number Deleted"] == 1


async def test_dots_lead_nowhere(world: World) -> None:
    await world.container("box", "a")
    report = await bulk(world, "box/../box/a", "../box/a", "box/./a")
    assert report["Number Deleted"] == 0
    assert await world.contents() == {"box", "box/a"}


async def test_limits(world: World) -> None:
    await world.container("box", "a")
    over = await bulk(world, *(f"box/{number}" for number in range(MAX_DELETES)), "box/a")
    assert over["Response Status"] == "413 Request Entity Too Large"
    assert over["Response Body"] == f"Maximum Bulk Deletes: {MAX_DELETES} per request"
    long = await bulk(world, "box/a", "x" * 3000)
    assert (long["Response Status"], long["Response Body"]) == ("400 Bad Request", "Invalid File Name")
    endless = await bulk(world, "box/a" * 100_000)
    assert endless["Response Body"] == "Invalid File Name"
    wrong = await bulk(world, *(["box/%ff"] * (MAX_FAILED_DELETES + 1)), "box/a")
    assert wrong["Response Body"] == "Max delete failures exceeded"
    assert await world.contents() == {"box", "box/a"}


async def test_what_is_no_list_of_names_is_refused(world: World) -> None:
    await world.container("box", "a")
    typed = await world.do("POST", query="bulk-delete", body=b"box/a", headers={"Content-Type": "application/json"})
    assert b"Response Status: 406 Not Acceptable" in typed.body
    empty = await world.do("POST", query="bulk-delete", body=b"\n\n")
    assert b"Response Body: Invalid bulk delete.\nResponse Status: 400 Bad Request" in empty.body
    async with world.wire() as wire:
        token = world.token("alice").encode()
        await wire.send(b"POST /v1/AUTH_test?bulk-delete HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + token + b"\r\n\r\n")
        assert b"411 Length Required" in (await wire.answer()).body
    assert await world.contents() == {"box", "box/a"}


async def test_each_name_needs_the_right_to_delete_it(world: World) -> None:
    await world.container("box", "a", "b")
    for user in ("rita", "nina", "olga"):
        report = await bulk(world, "box/a", "box", "none/x", user=user)
        assert report["Errors"][:2] == [["box/a", "403 Forbidden"], ["none/x", "403 Forbidden"]]  # type: ignore[index]
        assert (report["Number Deleted"], report["Number Not Found"]) == (0, 0)
    report = await bulk(world, "box/a", "box/b", "box", user="walter")
    assert (report["Number Deleted"], report["Errors"]) == (2, [["box", "403 Forbidden"]])
    anonymous = await world.raw("POST", "/v1/AUTH_test?bulk-delete", b"box/a")
    assert anonymous.status == 401


async def test_ten_thousand_names(world: World) -> None:
    await world.container("box", *(f"{number}" for number in range(50)))
    report = await bulk(world, *(f"box/{number}" for number in range(MAX_DELETES)))
    assert (report["Number Deleted"], report["Number Not Found"]) == (50, MAX_DELETES - 50)
    assert await world.contents() == {"box"}


async def test_info_tells_the_limits(world: World) -> None:
    info = json.loads((await world.raw("GET", "/info")).body)
    assert info["bulk_delete"] == {"max_deletes_per_request": 10_000, "max_failed_deletes": 1000}
    assert info["bulk_upload"] == {"max_containers_per_extraction": 10_000, "max_failed_extractions": 1000}
