"""Static websites of buckets, as browsers see them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.core.store import Store
from tests.frontends.s3.world import Answer, Request, S3Client, World, serving

HOST = "site.web.test"
PUBLIC = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", '
    '"Resource": "arn:aws:s3:::site/*"%s}]}'
)
CONFIGURATION: dict[str, Any] = {
    "IndexDocument": {"Suffix": "index.html"},
    "ErrorDocument": {"Key": "oops.html"},
    "RoutingRules": [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
        {
            "Condition": {"KeyPrefixEquals": "gone/", "HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {"HostName": "other.test", "Protocol": "https", "HttpRedirectCode": "302"},
        },
    ],
}
PAGES = {"index.html": b"<h1>home</h1>", "docs/index.html": b"docs", "oops.html": b"<h1>oops</h1>", "a b": b"spaced"}


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with serving(store, website_hosts=["web.test"], domain="s3.test") as world:
        yield world


@pytest.fixture
async def s3(world: World) -> AsyncIterator[S3Client]:
    """A client of alice, whose bucket `site` is a website that everybody may read."""
    async with world.client() as s3:
        await s3.create_bucket(Bucket="site")
        await s3.put_public_access_block(Bucket="site", PublicAccessBlockConfiguration={"BlockPublicPolicy": False})
        await s3.put_bucket_policy(Bucket="site", Policy=PUBLIC % "")
        await s3.put_bucket_website(Bucket="site", WebsiteConfiguration=CONFIGURATION)
        for name, body in PAGES.items():
            await s3.put_object(Bucket="site", Key=name, Body=body, ContentType="text/html")
        yield s3


async def visit(world: World, path: str, method: str = "GET", host: str = HOST, **headers: str) -> Answer:
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.send(Request(method, path, b"", {"Host": host, **stated}))


@pytest.mark.parametrize(
    ("path", "body"),
    (("/", b"<h1>home</h1>"), ("/docs/", b"docs"), ("/docs/index.html", b"docs"), ("/a%20b?x=1", b"spaced")),
)
async def test_pages(world: World, s3: S3Client, path: str, body: bytes) -> None:
    answer = await visit(world, path)
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, body, "text/html")
    head = await visit(world, path, "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(body)))
    seen = await world.record(len(world.seen))
    assert (seen.operation, seen.bucket, seen.context.principal) == ("WebsiteGet", "site", "anonymous")


async def test_ranges_and_conditions(world: World, s3: S3Client) -> None:
    answer = await visit(world, "/", Range="bytes=1-2")
    assert (answer.status, answer.body) == (206, b"h1")
    same = await visit(world, "/", If_None_Match=answer.headers["ETag"])
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", answer.headers["ETag"])


async def test_a_directory_without_its_slash_is_redirected(world: World, s3: S3Client) -> None:
    answer = await visit(world, "/docs")
    assert (answer.status, answer.headers["Location"]) == (302, "/docs/")


async def test_what_is_missing_is_answered_by_the_error_page(world: World, s3: S3Client) -> None:
    await s3.put_bucket_policy(
        Bucket="site",
        Policy=PUBLIC.replace('"s3:GetObject"', '["s3:GetObject", "s3:ListBucket"]').replace(
            '"arn:aws:s3:::site/*"', '["arn:aws:s3:::site", "arn:aws:s3:::site/*"]'
        )
        % "",
    )
    answer = await visit(world, "/missing", Range="bytes=0-1", If_None_Match="*")
    assert (answer.status, answer.body) == (404, b"<h1>oops</h1>")
    assert (await visit(world, "/missing", "HEAD")).status == 404
    moved = await visit(world, "/gone/x")
    assert (moved.status, moved.headers["Location"]) == (302, "https://other.test/gone/x")
    await s3.delete_object(Bucket="site", Key="oops.html")
    answer = await visit(world, "/<b>missing")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"<li>Code: NoSuchKey</li>" in answer.body
    assert b"&lt;b&gt;missing" in answer.body
    assert b"could not be had either" in answer.body


async def test_who_may_not_list_learns_nothing_of_what_is_missing(world: World, s3: S3Client) -> None:
    assert (await visit(world, "/missing")).status == 403


async def test_rules_redirect_before_anything_is_looked_at(world: World, s3: S3Client) -> None:
    answer = await visit(world, "/old/page")
    assert (answer.status, answer.headers["Location"]) == (301, f"http://{HOST}/new/page")


async def test_pages_are_for_nobody_but_the_public(world: World, s3: S3Client) -> None:
    """Neither is a signature looked at, nor does a private bucket show anything."""
    await s3.delete_bucket_policy(Bucket="site")
    request = Request("GET", "/", b"", {"Host": HOST}).sign("alice")
    answer = await world.send(request)
    assert (answer.status, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert b"home" not in answer.body
    await s3.put_object(Bucket="site", Key="index.html", Body=b"shown", ACL="public-read")
    assert (await visit(world, "/")).body == b"shown"


async def test_conditions_of_policies_see_the_browser(world: World, s3: S3Client) -> None:
    condition = ', "Condition": {"StringLike": {"aws:Referer": "http://friend.test/*"}}'
    await s3.put_bucket_policy(Bucket="site", Policy=PUBLIC % condition)
    assert (await visit(world, "/")).status == 403
    assert (await visit(world, "/", Referer="http://friend.test/x")).status == 200


@pytest.mark.parametrize("method", ("PUT", "POST", "DELETE", "OPTIONS"))
async def test_websites_are_only_read(world: World, s3: S3Client, method: str) -> None:
    answer = await visit(world, "/new", method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert "site/new" not in await world.contents()


async def test_queries_are_no_operations(world: World, s3: S3Client) -> None:
    for query in ("?acl", "?policy", "?versions", "?list-type=2", "?uploads", "?response-content-type=x"):
        answer = await visit(world, "/" + query)
        assert (answer.status, answer.body) == (200, b"<h1>home</h1>")


@pytest.mark.parametrize(
    ("host", "code"),
    (
        ("nobody.web.test", "NoSuchBucket"),
        ("web.test", "NoSuchBucket"),
        ("plain.web.test", "NoSuchWebsiteConfiguration"),
    ),
)
async def test_hosts_that_are_no_websites(world: World, s3: S3Client, host: str, code: str) -> None:
    await s3.create_bucket(Bucket="plain")
    answer = await visit(world, "/", host=host)
    assert answer.status == 404
    assert f"Code: {code}".encode() in answer.body


async def test_a_bucket_of_the_hosts_name(store: Store) -> None:
    async with serving(store, website_hosts=["www.shop.test"]) as world, world.client() as s3:
        await s3.create_bucket(Bucket="www.shop.test")
        everything = {"RedirectAllRequestsTo": {"HostName": "shop.test", "Protocol": "https"}}
        await s3.put_bucket_website(Bucket="www.shop.test", WebsiteConfiguration=everything)
        assert {
            name: value
            for name, value in (await s3.get_bucket_website(Bucket="www.shop.test")).items()
            if name != "ResponseMetadata"
        } == everything
        answer = await visit(world, "/a%20b?x=1", host="www.shop.test")
        assert (answer.status, answer.headers["Location"]) == (301, "https://shop.test/a%20b?x=1")


async def test_the_configuration_is_put_got_and_deleted(world: World, s3: S3Client) -> None:
    found = await s3.get_bucket_website(Bucket="site")
    del found["ResponseMetadata"]
    rules = found.pop("RoutingRules")
    assert found == {name: value for name, value in CONFIGURATION.items() if name != "RoutingRules"}
    assert rules[1] == CONFIGURATION["RoutingRules"][1]
    assert rules[0]["Redirect"] == {"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "301"}
    for _ in range(2):
        await s3.delete_bucket_website(Bucket="site")
    with pytest.raises(ClientError, match="NoSuchWebsiteConfiguration"):
        await s3.get_bucket_website(Bucket="site")
    assert (await visit(world, "/")).status == 404
    with pytest.raises(ClientError, match="InvalidArgument"):
        await s3.put_bucket_website(Bucket="site", WebsiteConfiguration={"IndexDocument": {"Suffix": "a/b"}})
    async with world.client("olga") as other:
        for call in (other.get_bucket_website, other.delete_bucket_website):
            with pytest.raises(ClientError, match="AccessDenied"):
                await call(Bucket="site")


async def test_objects_that_redirect(world: World, s3: S3Client) -> None:
    there = {"Bucket": "site", "Key": "there"}
    await s3.put_object(**there, Body=b"", WebsiteRedirectLocation="https://other.test/x?y=1")
    answer = await visit(world, "/there")
    assert (answer.status, answer.headers["Location"]) == (301, "https://other.test/x?y=1")
    assert (await s3.get_object(**there))["WebsiteRedirectLocation"] == "https://other.test/x?y=1"
    copy = {"Bucket": "site", "Key": "copy"}
    await s3.copy_object(**copy, CopySource=there)
    assert "WebsiteRedirectLocation" not in await s3.head_object(**copy)
    await s3.copy_object(**copy, CopySource=copy, WebsiteRedirectLocation="/docs/")
    assert (await s3.head_object(**copy))["WebsiteRedirectLocation"] == "/docs/"
    upload = await s3.create_multipart_upload(**copy, WebsiteRedirectLocation="/index.html")
    named = {**copy, "UploadId": upload["UploadId"]}
    part = await s3.upload_part(**named, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    await s3.complete_multipart_upload(**named, MultipartUpload=parts)
    assert (await visit(world, "/copy")).headers["Location"] == "/index.html"
    for wrong in ("other.test", "ftp://x", "", "/" + "x" * 2048):
        answer = await world.do("PUT", "/site/wrong", b"", {"x-amz-website-redirect-location": wrong})
        assert (answer.status, answer.code) == (400, "InvalidRedirectLocation")


async def test_the_api_stays_where_it_was(world: World, s3: S3Client) -> None:
    answer = await world.send(Request("GET", "/?list-type=2", b"", {"Host": "site.s3.test"}).sign("alice"))
    assert answer.status == 200
    assert b"<ListBucketResult" in answer.body
