import json

import pytest

from tests.frontends.swift.world import Answer, World

PUBLIC = {"X-Container-Read": ".r:*,.rlistings"}
READABLE = {"X-Container-Read": ".r:*"}


async def site(world: World, *objects: str, read: dict[str, str] = PUBLIC, **settings: str) -> None:
    """A container `www` with these objects, whose settings are `web_...`."""
    metadata = {f"X-Container-Meta-{name.replace('_', '-')}": value for name, value in settings.items()}
    assert (await world.do("PUT", "www", headers={**read, **metadata})).status == 201
    for name in objects:
        assert (await world.do("PUT", "www", name, body=f"this is {name}".encode())).status == 201


async def browse(world: World, path: str, method: str = "GET", **headers: str) -> Answer:
    return await world.raw(method, f"/v1/AUTH_test/{path}", **headers)


async def test_an_index_stands_for_the_container_and_for_directories(world: World) -> None:
    await site(world, "index.html", "dir/index.html", "plain", web_index="index.html")
    answer = await browse(world, "www/")
    assert (answer.status, answer.body) == (200, b"this is index.html")
    assert answer.headers["Content-Type"] == "text/html"
    assert (await browse(world, "www/dir/")).body == b"this is dir/index.html"
    assert (await browse(world, "www/plain")).body == b"this is plain"
    head = await browse(world, "www/", "HEAD")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "18", b"")


async def test_a_directory_without_a_slash_leads_to_it(world: World) -> None:
    await site(world, "a b/index.html", "other/file", web_index="index.html", web_listings="true")
    for path in ("www", "www/a%20b", "www/other"):
        answer = await browse(world, path)
        location = f"http://127.0.0.1:{world.port}/v1/AUTH_test/{path}/"
        assert (answer.status, answer.headers["Location"]) == (301, location)
    assert (await browse(world, "www/missing")).status == 404


async def test_listings(world: World) -> None:
    await site(world, "one&two", "dir/file.txt", "dir/sub/file", web_listings="yes")
    answer = await browse(world, "www/")
    page = answer.body.decode()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert "<title>Listing of /v1/AUTH_test/www/</title>" in page
    assert '<a href="./one%26two">one&amp;two</a>' in page
    assert '<a href="./dir/">dir/</a>' in page
    assert "../" not in page
    page = (await browse(world, "www/dir/")).body.decode()
    assert '<a href="../">../</a>' in page
    assert '<a href="./file%2Etxt">file.txt</a>' in page
    assert 'class="item type-text type-plain"' in page
    assert '<td class="colsize">20</td>' in page
    assert '<a href="./sub/">sub/</a>' in page
    assert (await browse(world, "www/missing/")).status == 404


async def test_listings_have_a_label_and_a_sheet(world: World) -> None:
    await site(world, "dir/file", web_listings="t", web_listings_label="My <site>", web_listings_css="look.css")
    page = (await browse(world, "www/dir/")).body.decode()
    assert "Listing of My &lt;site&gt;/dir/" in page
    assert '<link rel="stylesheet" type="text/css" href="../look.css" />' in page
    sheet = "https://example.org/look.css"
    assert (await world.do("POST", "www", X_Container_Meta_Web_Listings_CSS=sheet)).status == 204
    assert f'href="{sheet}"' in (await browse(world, "www/dir/")).body.decode()


async def test_names_run_nothing(world: World) -> None:
    await site(world, "<script>x</script>/javascript:alert(1)", '"><b>', web_listings="true")
    page = (await browse(world, "www/")).body.decode()
    assert "<script>" not in page
    assert "<b>" not in page
    assert 'href="./javascript' in (await browse(world, "www/%3Cscript%3Ex%3C/script%3E/")).body.decode()


async def test_a_listing_that_is_not_enabled(world: World) -> None:
    await site(world, "dir/file", web_index="index.html")
    answer = await browse(world, "www/")
    assert answer.status == 404
    assert b"Web Listing Disabled" in answer.body
    assert b"index.html" in answer.body
    assert (await browse(world, "www/dir/")).status == 404


async def test_pages_for_errors(world: World) -> None:
    await site(world, "404error.html", "401error.html", read=READABLE, web_index="none", web_error="error.html")
    answer = await browse(world, "www/missing")
    assert (answer.status, answer.body) == (404, b"this is 404error.html")
    answer = await browse(world, "www/")
    assert (answer.status, answer.body) == (401, b"this is 401error.html")
    assert (await world.do("DELETE", "www", "404error.html")).status == 204
    assert b"could not be found" in (await browse(world, "www/missing")).body


async def test_who_may_read_but_not_list_is_shown_pages_and_no_listing(world: World) -> None:
    await site(world, "dir/index.html", "other/file", read=READABLE, web_index="index.html", web_listings="true")
    assert (await browse(world, "www/dir/")).body == b"this is dir/index.html"
    assert (await browse(world, "www/dir")).status == 301
    for path in ("www/", "www/other/"):
        assert (await browse(world, path)).status == 401
    assert (await browse(world, "www/other")).status == 404


async def test_what_is_not_public_stays_so(world: World) -> None:
    await site(world, "index.html", read={}, web_index="index.html", web_listings="true", web_error="error.html")
    for path in ("www", "www/", "www/index.html", "www/missing", "none/", "none/file"):
        assert (await browse(world, path)).status == 401


@pytest.mark.parametrize("kind", ("application/directory", "text/directory"))
async def test_an_object_may_stand_for_a_directory(world: World, kind: str) -> None:
    await site(world, "dir/file", web_listings="true", web_directory_type=kind)
    assert (await world.do("PUT", "www", "dir", body=b"", Content_Type=kind)).status == 201
    assert (await browse(world, "www/dir")).status == 301
    assert (await world.do("POST", "www", X_Remove_Container_Meta_Web_Listings="x")).status == 204
    assert (await browse(world, "www/dir")).status == 200


async def test_who_comes_with_a_token_is_shown_a_website_if_he_says_so(world: World) -> None:
    await site(world, "index.html", read={}, web_index="index.html")
    assert (await world.do("GET", "www")).names == ["index.html"]
    answer = await world.do("GET", "www", "", X_Web_Mode="true")
    assert (answer.status, answer.body) == (200, b"this is index.html")
    await world.container("plain", "a")
    assert (await world.do("GET", "plain", "", X_Web_Mode="true")).status == 404
    assert (await world.do("GET", "plain", "a", X_Web_Mode="true")).body == b"a"
    assert (await world.do("GET", "none", "", X_Web_Mode="true")).status == 404


async def test_containers_that_are_no_websites_are_as_ever(world: World) -> None:
    await site(world, "a")
    assert (await browse(world, "www")).names == ["a"]
    assert (await browse(world, "www/missing")).status == 404
    assert json.loads((await browse(world, "www?format=json")).body)[0]["name"] == "a"


async def test_info_tells_of_websites(world: World) -> None:
    assert json.loads((await world.raw("GET", "/info")).body)["staticweb"] == {}
