"""Temporary URLs."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import pytest

from gateway.auth.rules import POLICY
from gateway.core.types import PropsChange
from tests.frontends.swift.world import Answer, World

KEY, SECOND = "account-key", "second-key"
INVALID = b"401 Unauthorized: Temp URL invalid\n"
SOON = int(time.time()) + 3600
NOTHING: Mapping[str, str] = {}


async def given(world: World, level: str = "account") -> None:
    await world.container("box", "dir/thing")
    keys = {f"X-{level}-Meta-Temp-URL-Key": KEY, f"X-{level}-Meta-Temp-URL-Key-2": SECOND}
    assert (await world.do("POST", *(("box",) if level == "container" else ()), headers=keys)).status == 204


def signed(
    method: str = "GET",
    path: str = "/v1/AUTH_test/box/dir/thing",
    *,
    key: str = KEY,
    digest: str = "sha256",
    ip: str = "",
    prefix: str | None = None,
    expires: int = SOON,
    more: Mapping[str, str] = NOTHING,
) -> str:
    """The query of a temporary URL."""
    message = f"{method}\n{expires}\n" + (path if prefix is None else f"prefix:/v1/AUTH_test/box/{prefix}")
    message = f"ip={ip}\n{message}" if ip else message
    fields = {
        "temp_url_sig": hmac.digest(key.encode(), message.encode(), digest).hex(),
        "temp_url_expires": str(expires),
        **({} if prefix is None else {"temp_url_prefix": prefix}),
        **({"temp_url_ip_range": ip} if ip else {}),
    }
    return urlencode({**fields, **more})


async def visit(
    world: World,
    query: str,
    method: str = "GET",
    path: str = "/v1/AUTH_test/box/dir/thing",
    body: bytes | None = None,
    **headers: str,
) -> Answer:
    return await world.raw(method, f"{quote(path)}?{query}", body, **headers)


@pytest.mark.parametrize("level", ("account", "container"))
@pytest.mark.parametrize("key", (KEY, SECOND))
@pytest.mark.parametrize("digest", ("sha1", "sha256", "sha512"))
async def test_a_key_of_account_or_container_opens(world: World, level: str, key: str, digest: str) -> None:
    await given(world, level)
    answer = await visit(world, signed(key=key, digest=digest))
    assert (answer.status, answer.body) == (200, b"dir/thing")


async def test_signatures_in_base64(world: World) -> None:
    await given(world)
    message = f"GET\n{SOON}\n/v1/AUTH_test/box/dir/thing".encode()
    for digest in ("sha1", "sha256", "sha512"):
        raw = hmac.digest(KEY.encode(), message, digest)
        for text in (base64.b64encode(raw), base64.urlsafe_b64encode(raw), base64.b64encode(raw).rstrip(b"=")):
            query = urlencode({"temp_url_sig": f"{digest}:{text.decode()}", "temp_url_expires": SOON})
            assert (await visit(world, query)).status == 200


async def test_times_as_dates(world: World) -> None:
    await given(world)
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(SOON))
    query = signed().replace(f"temp_url_expires={SOON}", f"temp_url_expires={quote(date)}")
    assert (await visit(world, query)).status == 200


@pytest.mark.parametrize(
    ("stated", "allowed"),
    (
        ("GET", {"GET", "HEAD"}),
        ("HEAD", {"HEAD"}),
        ("PUT", {"PUT", "HEAD"}),
        ("POST", {"POST", "HEAD"}),
        ("DELETE", {"DELETE"}),
    ),
)
async def test_methods(world: World, stated: str, allowed: set[str]) -> None:
    await given(world)
    for method in ("GET", "HEAD", "PUT", "POST", "COPY", "DELETE"):
        body = b"new" if method == "PUT" else None
        answer = await visit(world, signed(stated), method, body=body, Destination="box/copy")
        assert (answer.status == 401) == (method not in allowed), (stated, method)
    assert (await world.do("GET", "box", "copy")).status == 404


async def test_what_does_not_hold_is_refused_in_one_way(world: World) -> None:
    await given(world)
    other = "/v1/AUTH_test/box/other"
    assert (await world.do("PUT", "box", "other", body=b"x")).status == 201
    good = signed()
    for query, path in (
        (good, other),
        (signed(expires=int(time.time()) - 1), "/v1/AUTH_test/box/dir/thing"),
        (signed(key="wrong"), "/v1/AUTH_test/box/dir/thing"),
        (signed(key=""), "/v1/AUTH_test/box/dir/thing"),
        (good.replace("temp_url_sig=", "temp_url_sig=0"), "/v1/AUTH_test/box/dir/thing"),
        (good.replace("temp_url_sig=", "temp_url_sig=md5:"), "/v1/AUTH_test/box/dir/thing"),
        (good.partition("&")[0], "/v1/AUTH_test/box/dir/thing"),
        (good.partition("&")[2], "/v1/AUTH_test/box/dir/thing"),
        (good.replace(str(SOON), str(SOON + 1)), "/v1/AUTH_test/box/dir/thing"),
        (good.replace(str(SOON), "soon"), "/v1/AUTH_test/box/dir/thing"),
        (good.replace(str(SOON), "9" * 5000), "/v1/AUTH_test/box/dir/thing"),
        (f"{good}&temp_url_prefix=dir", "/v1/AUTH_test/box/dir/thing"),
        (f"{good}&temp_url_ip_range=127.0.0.1", "/v1/AUTH_test/box/dir/thing"),
        (signed(path="/v1/AUTH_test/box"), "/v1/AUTH_test/box"),
        (signed(path="/v1/AUTH_test"), "/v1/AUTH_test"),
        (signed(path="/v1/AUTH_other/box/dir/thing"), "/v1/AUTH_other/box/dir/thing"),
        (signed(path="/v1/AUTH_nobody/box/x"), "/v1/AUTH_nobody/box/x"),
    ):
        answer = await visit(world, query, path=path)
        assert (answer.status, answer.body) == (401, INVALID), query
        assert answer.headers["WWW-Authenticate"].startswith("Swift realm=")
    assert (await visit(world, good)).status == 200


async def test_a_prefix_opens_what_lies_below(world: World) -> None:
    await given(world)
    assert (await visit(world, signed(prefix="dir/"))).status == 200
    assert (await visit(world, signed(prefix=""))).status == 200
    assert (await visit(world, signed(prefix="dir/"), path="/v1/AUTH_test/box/other")).status == 401
    path = "/v1/AUTH_test/box/dir/new"
    assert (await visit(world, signed("PUT", prefix="dir/"), "PUT", path, b"x")).status == 201


async def test_networks(world: World) -> None:
    await given(world)
    for network, status in (("127.0.0.1", 200), ("127.0.0.0/8", 200), ("10.0.0.0/8", 401), ("nowhere", 401)):
        assert (await visit(world, signed(ip=network))).status == status


async def test_file_names(world: World) -> None:
    await given(world)
    for more, disposition in (
        ({}, "attachment; filename=\"thing\"; filename*=UTF-8''thing"),
        ({"filename": 'a "b" é'}, "attachment; filename=\"a %22b%22 %C3%A9\"; filename*=UTF-8''a%20%22b%22%20%C3%A9"),
        ({"inline": ""}, "inline"),
        ({"inline": "", "filename": "x"}, "inline; filename=\"x\"; filename*=UTF-8''x"),
    ):
        for method in ("GET", "HEAD"):
            answer = await visit(world, signed(more=more), method)
            assert answer.headers["Content-Disposition"] == disposition
            assert answer.headers["Expires"] == time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(SOON))
    await world.do("POST", "box", "dir/thing", headers={"Content-Disposition": "x; y"})
    assert (await visit(world, signed())).headers["Content-Disposition"] == "x; y"
    assert (await visit(world, signed(more={"filename": "z"}))).headers["Content-Disposition"].startswith("attachment")
    answer = await visit(world, signed(), path="/v1/AUTH_test/box/dir/thing", If_None_Match="*")
    assert (answer.status, "Content-Disposition" in answer.headers) == (304, False)


async def test_metadata_is_for_the_owner_but_what_is_public(world: World) -> None:
    await given(world)
    stated = {"X-Object-Meta-Secret": "s", "X-Object-Meta-Public-Note": "p"}
    await world.do("POST", "box", "dir/thing", headers=stated)
    for method in ("GET", "HEAD"):
        headers = (await visit(world, signed(), method)).headers
        assert "X-Object-Meta-Secret" not in headers
        assert headers["X-Object-Meta-Public-Note"] == "p"


@pytest.mark.parametrize("header", ("X-Object-Manifest", "X-Symlink-Target", "X-Copy-From"))
async def test_writes_point_nowhere_else(world: World, header: str) -> None:
    await given(world)
    answer = await visit(world, signed("PUT"), "PUT", body=b"", **{header.replace("-", "_"): "box/secret"})
    assert (answer.status, answer.body.decode()) == (400, f"The header '{header}' is not allowed in this tempurl")
    assert (await world.do("GET", "box", "dir/thing")).body == b"dir/thing"


async def test_no_other_parameter_counts(world: World) -> None:
    await given(world)
    query = signed("PUT", more={"multipart-manifest": "put"})
    assert (await visit(world, query, "PUT", body=b"[]")).status == 201
    assert (await world.do("GET", "box", "dir/thing")).body == b"[]"
    query = signed("DELETE", more={"bulk-delete": "", "multipart-manifest": "delete"})
    assert (await visit(world, query, "DELETE")).status == 204


async def test_a_key_of_a_container_does_not_open_another(world: World) -> None:
    await given(world, "container")
    await world.container("vault", "secret")
    rows = json.dumps([{"path": "vault/secret"}]).encode()
    assert (await world.do("PUT", "box", "slo", body=rows, query="multipart-manifest=put")).status == 201
    assert (await world.do("PUT", "box", "dlo", body=b"", headers={"X-Object-Manifest": "vault/s"})).status == 201
    for name, status in (("slo", 409), ("dlo", 401)):
        path = f"/v1/AUTH_test/box/{name}"
        assert (await visit(world, signed(path=path), path=path)).status == status
    assert (
        await visit(world, signed(path="/v1/AUTH_test/vault/secret"), path="/v1/AUTH_test/vault/secret")
    ).status == 401
    await given(world, "account")
    for name in ("slo", "dlo"):
        path = f"/v1/AUTH_test/box/{name}"
        assert (await visit(world, signed(path=path), path=path)).body == b"secret"


async def test_a_policy_that_denies_holds(world: World) -> None:
    await given(world)
    policy = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}}'
    await world.store.update_bucket("box", PropsChange(system={POLICY: policy}))
    assert (await visit(world, signed())).status == 401


async def test_whoever_is_let_in_by_a_list_sees_no_key(world: World) -> None:
    await given(world, "container")
    await world.do("POST", "box", headers={"X-Container-Read": "other-account"})
    assert "X-Container-Meta-Temp-Url-Key" in (await world.do("HEAD", "box")).headers
    for user in ("olga", "rita"):
        assert "X-Container-Meta-Temp-Url-Key" not in (await world.do("HEAD", "box", user=user)).headers


async def test_odd_names(world: World) -> None:
    await given(world)
    name = "é\n \"%2F?&#'"
    path = f"/v1/AUTH_test/box/{name}"
    assert (await visit(world, signed("PUT", path), "PUT", path, b"odd")).status == 201
    answer = await visit(world, signed(path=path), path=path)
    assert (answer.status, answer.body) == (200, b"odd")
    assert "\n" not in answer.headers["Content-Disposition"]


async def test_info_tells_of_it(world: World) -> None:
    told = json.loads((await world.raw("GET", "/info")).body)["tempurl"]
    assert told["methods"] == ["GET", "HEAD", "PUT", "POST", "DELETE"]
    assert (told["allowed_digests"], told["deprecated_digests"]) == (["sha1", "sha256", "sha512"], ["sha1"])
    assert all(hashlib.new(digest) for digest in told["allowed_digests"])


async def website(world: World, **settings: str) -> None:
    """The container `box` as a website, to which only who has a signature gets."""
    await given(world, "container")
    assert (await world.do("PUT", "box", "dir/sub/deep", body=b"deep")).status == 201
    fields = {f"X-Container-Meta-Web-{name}": value for name, value in settings.items()}
    assert (await world.do("POST", "box", headers=fields)).status == 204


BOX = "/v1/AUTH_test/box"


async def test_one_for_a_container_leads_to_its_website(world: World) -> None:
    await website(world, Listings="true")
    query = signed(prefix="", more={"inline": ""}).removesuffix("=")
    answer = await visit(world, query, path=BOX)
    assert (answer.status, answer.headers["Location"]) == (301, f"http://127.0.0.1:{world.port}{BOX}/?{query}")
    answer = await visit(world, query, path=f"{BOX}/")
    page = answer.body.decode()
    assert (answer.status, answer.headers["Content-Disposition"]) == (200, "inline")
    assert answer.headers["Expires"]
    assert "../" not in page
    href = page.partition('<a href="./dir/?')[2].partition('"')[0]
    assert "&amp;" in href
    followed = href.replace("&amp;", "&")
    assert '<a href="../?temp_url' in (await visit(world, followed, path=f"{BOX}/dir/")).body.decode()
    thing = await visit(world, followed)
    assert (thing.body, thing.headers["Content-Disposition"]) == (b"dir/thing", "inline")
    assert (await visit(world, query, "HEAD", f"{BOX}/")).status == 200
    assert (await visit(world, query, "DELETE", f"{BOX}/")).status == 401


async def test_one_for_a_directory_leads_nowhere_above_it(world: World) -> None:
    await website(world, Listings="true")
    query = signed(prefix="dir/")
    page = (await visit(world, query, path=f"{BOX}/dir/")).body.decode()
    assert '<a href="./sub/?temp_url_prefix=dir/&amp;' in page
    assert 'href="..' not in page
    page = (await visit(world, query, path=f"{BOX}/dir/sub/")).body.decode()
    assert '<a href="../?temp_url_prefix=dir/&amp;' in page
    assert [(await visit(world, query, path=path)).status for path in (BOX, f"{BOX}/", f"{BOX}/other")] == [401] * 3


async def test_an_index_is_shown_to_visitors(world: World) -> None:
    await website(world, Index="index.html")
    for name in ("index.html", "dir/index.html"):
        assert (await world.do("PUT", "box", name, body=name.encode())).status == 201
    for path, body in ((f"{BOX}/", b"index.html"), (f"{BOX}/dir/", b"dir/index.html")):
        answer = await visit(world, signed(prefix=""), path=path)
        assert (answer.status, answer.body, answer.headers["Content-Disposition"]) == (200, body, "inline")


async def test_a_container_that_is_no_website_is_not_shown_to_visitors(world: World) -> None:
    await website(world)
    query = signed(prefix="")
    for path in (BOX, f"{BOX}/"):
        answer = await visit(world, query, path=path)
        assert (answer.status, answer.body) == (401, INVALID)
    assert (await visit(world, query, path=f"{BOX}/dir/")).status == 404
    assert (await visit(world, query)).body == b"dir/thing"
