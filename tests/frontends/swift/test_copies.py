"""Copies: COPY and X-Copy-From, inside of a container, across containers, accounts and stores."""

from urllib.parse import quote

import pytest

from tests.frontends.swift.world import World, md5

SOURCE = {
    "Content-Type": "text/x",
    "Content-Encoding": "gzip",
    "X-Object-Meta-One": "1",
    "X-Object-Meta-Two": "2",
}


@pytest.fixture(autouse=True)
async def containers(world: World) -> None:
    await world.container("box")
    await world.container("other")
    assert (await world.do("PUT", "box", "a b/%é", body=b"hello", headers=SOURCE)).status == 201


@pytest.mark.parametrize("destination", ("other/c%C3%B6py", "/other/c%C3%B6py", "other/cöpy"))
async def test_o16_a_copy_has_all_that_its_source_has(world: World, destination: str) -> None:
    answer = await world.do("COPY", "box", "a b/%é", headers={"Destination": destination})
    assert (answer.status, answer.headers["Etag"]) == (201, md5(b"hello"))
    assert answer.headers["X-Copied-From"] == quote("box/a b/%é")
    assert answer.headers["X-Copied-From-Account"] == "AUTH_test"
    assert answer.headers["X-Copied-From-Last-Modified"]
    assert answer.headers["X-Object-Meta-One"] == "1"
    copy = await world.do("GET", "other", "cöpy")
    assert copy.body == b"hello"
    assert {name: copy.headers[name] for name in SOURCE} == SOURCE
    await world.do("DELETE", "box", "a b/%é")
    assert (await world.do("GET", "other", "cöpy")).body == b"hello"


@pytest.mark.parametrize("reference", (quote("box/a b/%é"), quote("/box/a b/%é")))
async def test_a_put_may_copy(world: World, reference: str) -> None:
    answer = await world.do("PUT", "other", "copy", headers={"X-Copy-From": reference, "Content-Length": "0"})
    assert answer.status == 201
    assert (await world.do("GET", "other", "copy")).body == b"hello"


async def test_metadata_of_the_request_goes_over_the_sources(world: World) -> None:
    changed = {"Destination": "other/copy", "X-Object-Meta-Two": "zwei", "Content-Type": "text/y"}
    await world.do("COPY", "box", "a b/%é", headers=changed)
    headers = (await world.do("HEAD", "other", "copy")).headers
    assert [headers[name] for name in SOURCE] == ["text/y", "gzip", "1", "zwei"]


async def test_fresh_metadata_leaves_the_sources_behind(world: World) -> None:
    fresh = {"Destination": "other/copy", "X-Object-Meta-Three": "3", "X-Fresh-Metadata": "true"}
    await world.do("COPY", "box", "a b/%é", headers=fresh)
    headers = (await world.do("HEAD", "other", "copy")).headers
    assert headers["Content-Type"] == "text/x"
    assert headers["X-Object-Meta-Three"] == "3"
    assert not {"X-Object-Meta-One", "X-Object-Meta-Two", "Content-Encoding"} & set(headers)


async def test_a_copy_onto_itself_changes_metadata(world: World) -> None:
    answer = await world.do(
        "COPY", "box", "a b/%é", headers={"Destination": quote("box/a b/%é"), "Content-Type": "x/y"}
    )
    assert answer.status == 201
    after = await world.do("GET", "box", "a b/%é")
    assert (after.body, after.headers["Content-Type"]) == (b"hello", "x/y")


async def test_a_copy_of_a_range(world: World) -> None:
    await world.do("COPY", "box", "a b/%é", Destination="other/part", Range="bytes=1-3")
    part = await world.do("GET", "other", "part")
    assert (part.body, part.headers["Etag"], part.headers["X-Object-Meta-One"]) == (b"ell", md5(b"ell"), "1")
    assert (await world.do("COPY", "box", "a b/%é", Destination="other/p", Range="bytes=9-")).status == 416
    assert (await world.do("COPY", "box", "a b/%é", Destination="other/p", Range="bytes=0-0,2-2")).status == 400


async def test_what_is_not_there_cannot_be_copied(world: World) -> None:
    for path, destination in (
        (("box", "none"), "other/copy"),
        (("none", "a"), "other/copy"),
        (("box", "a b/%é"), "none/copy"),
    ):
        assert (await world.do("COPY", *path, Destination=destination)).status == 404
        reference = quote("/".join(path))
        container, name = destination.split("/")
        assert (await world.do("PUT", container, name, X_Copy_From=reference, Content_Length="0")).status == 404
    assert await world.contents() == {"box", "other", "box/a b/%é"}


async def test_where_to_and_where_from_have_a_form(world: World) -> None:
    assert (await world.do("COPY", "box", "a b/%é")).status == 412
    for bad in ("other", "//copy", "other/", "%FF/x"):
        assert (await world.do("COPY", "box", "a b/%é", Destination=bad)).status == 412
        assert (await world.do("PUT", "other", "copy", X_Copy_From=bad, Content_Length="0")).status == 412
    assert (await world.do("COPY", "box", "a b/%é", Destination="a/b", Destination_Account="x/y")).status == 412
    long = await world.do("COPY", "box", "a b/%é", Destination="other/" + "x" * 1025)
    assert (long.status, b"longer than 1024" in long.body) == (400, True)


async def test_the_manifest_of_a_plain_object_is_the_object(world: World) -> None:
    manifest = "multipart-manifest=get"
    assert (await world.do("COPY", "box", "a b/%é", query=manifest, Destination="other/1")).status == 201
    put = await world.do("PUT", "other", "2", query=manifest, X_Copy_From=quote("box/a b/%é"), Content_Length="0")
    assert put.status == 201
    assert (await world.do("GET", "other", "2", query=manifest)).body == b"hello"


async def test_a_copy_has_no_body_of_its_own(world: World) -> None:
    answer = await world.do("PUT", "other", "copy", body=b"x", X_Copy_From=quote("box/a b/%é"))
    assert (answer.status, answer.body) == (400, b"Copy requests require a zero byte body")


async def test_conditions_of_copies(world: World) -> None:
    path = "box", "a b/%é"
    assert (await world.do("COPY", *path, Destination="other/c", If_Match="x")).status == 412
    assert (await world.do("COPY", *path, Destination="other/c", If_None_Match=md5(b"hello"))).status == 304
    assert (await world.do("COPY", *path, Destination="other/c", If_Match=md5(b"hello"))).status == 201
    assert (await world.do("COPY", *path, Destination="other/c", If_None_Match="*")).status == 412
    assert (await world.do("COPY", *path, Destination="other/d", If_None_Match="*")).status == 201


@pytest.mark.parametrize(("account", "user"), (("AUTH_other", "olga"), ("AUTH_far", "fred")))
async def test_o16_copies_across_accounts_need_rights_in_both(world: World, account: str, user: str) -> None:
    await world.do("PUT", "theirs", user=user, account=account)
    there = {"Destination": "theirs/copy", "Destination-Account": account}
    assert (await world.do("COPY", "box", "a b/%é", headers=there)).status == 403
    here = {"X-Copy-From": quote("box/a b/%é"), "X-Copy-From-Account": "AUTH_test", "Content-Length": "0"}
    assert (await world.do("PUT", "theirs", "copy", user=user, account=account, headers=here)).status == 403
    assert (await world.do("GET", "theirs", user=user, account=account)).names == []
    assert (await world.do("COPY", "box", "a b/%é", user="opal", headers=there)).status == 201
    assert (await world.do("PUT", "theirs", "again", user="opal", account=account, headers=here)).status == 201
    for name in ("copy", "again"):
        copy = await world.do("GET", "theirs", name, user=user, account=account)
        assert (copy.body, copy.headers["X-Object-Meta-One"]) == (b"hello", "1")


async def test_a_reader_cannot_copy_and_a_writer_cannot_copy_what_it_cannot_read(world: World) -> None:
    assert (await world.do("COPY", "box", "a b/%é", user="rita", Destination="other/copy")).status == 403
    reference = {"X-Copy-From": "box/x", "X-Copy-From-Account": "AUTH_other", "Content-Length": "0"}
    assert (await world.do("PUT", "other", "copy", user="walter", headers=reference)).status == 403
    assert (await world.do("COPY", "box", "a b/%é", user="walter", Destination="other/copy")).status == 201


@pytest.mark.parametrize("reference", ("box/../other/k", "box/%2E%2E/other/k", "../other/k", "box/a/./k"))
async def test_n04_references_that_lead_elsewhere(world: World, reference: str) -> None:
    before = await world.contents()
    copies = (
        await world.do("COPY", "box", "a b/%é", Destination=reference),
        await world.do("PUT", "box", "copy", X_Copy_From=reference, Content_Length="0"),
    )
    assert [copy.status for copy in copies] == [400, 400]
    assert await world.contents() == before


async def test_what_is_wrong_with_the_source_is_told_first(world: World) -> None:
    await world.do("PUT", "theirs", user="olga", account="AUTH_other")
    denied = {"Destination-Account": "AUTH_other", "Destination": "theirs/copy"}
    for path in (("box", "nothing"), ("nowhere", "a")):
        assert (await world.do("COPY", *path, headers=denied)).status == 404
    foreign = {"X-Copy-From-Account": "AUTH_other", "X-Copy-From": "theirs/a", "Content-Length": "0"}
    assert (await world.do("PUT", "nowhere", "copy", headers=foreign)).status == 403
    missing = {"X-Copy-From-Account": "AUTH_test", "X-Copy-From": "box/nothing", "Content-Length": "0"}
    assert (await world.do("PUT", "theirs", "copy", account="AUTH_other", headers=missing)).status == 404
