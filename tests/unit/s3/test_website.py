"""What a website's configuration makes of requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.website.configuration import Rule, Target, Website, pack, parse, shown, unpack
from gateway.frontends.s3.website.routing import Asked, Redirect, after, before, bucket_of, everything, page_of, path_of

HOSTS = ("web.example.com", "www.shop.example")


@pytest.mark.parametrize(
    ("host", "bucket"),
    (
        ("pages.web.example.com", "pages"),
        ("Pages.Web.Example.com:9000", "pages"),
        ("a.b.web.example.com", "a.b"),
        ("web.example.com", "web.example.com"),
        ("www.shop.example:80", "www.shop.example"),
        ("example.com", ""),
        ("otherweb.example.com", ""),
        ("127.0.0.1", ""),
        ("[::1]:9000", ""),
        ("", ""),
    ),
)
def test_hosts_and_the_buckets_that_they_are(host: str, bucket: str) -> None:
    assert bucket_of(host, HOSTS) == bucket


@pytest.mark.parametrize(
    ("key", "page"), (("", "index.html"), ("a/", "a/index.html"), ("a", "a"), ("a/b.html", "a/b.html"))
)
def test_directories_have_an_index(key: str, page: str) -> None:
    assert page_of(Website(index="index.html"), key) == page


def asked(key: str, query: str = "") -> Asked:
    return Asked("http", "pages.web.example.com:9000", key, query)


SITE = Website(
    index="index.html",
    rules=(
        Rule(prefix="docs/", target=Target(prefix="documents/")),
        Rule(prefix="images/", error=403, target=Target(key="denied.html")),
        Rule(prefix="images/", target=Target(key="folder deleted.html", status=302)),
        Rule(error=404, target=Target(host="other.example", protocol="https", prefix="report-404/")),
        Rule(error=500, target=Target(host="other.example")),
    ),
)
HERE = "http://pages.web.example.com:9000/"


@pytest.mark.parametrize(
    ("key", "found"),
    (
        ("docs/a é.html", Redirect(301, HERE + "documents/a%20%C3%A9.html")),
        ("docs/", Redirect(301, HERE + "documents/")),
        ("images/x.png", Redirect(302, HERE + "folder%20deleted.html")),
        ("docs", None),
        ("", None),
    ),
)
def test_rules_without_an_error_come_first(key: str, found: Redirect | None) -> None:
    assert before(SITE, asked(key)) == found


@pytest.mark.parametrize(
    ("key", "status", "found"),
    (
        ("images/x.png", 403, Redirect(301, HERE + "denied.html")),
        ("other/x.png", 403, None),
        ("a/b", 404, Redirect(301, "https://other.example/report-404/a/b")),
        ("a/b", 500, Redirect(301, "http://other.example/a/b")),
        ("a/b", 416, None),
    ),
)
def test_rules_for_errors(key: str, status: int, found: Redirect | None) -> None:
    assert after(SITE, asked(key), status) == found


def test_everything_is_redirected_with_its_path_and_query() -> None:
    site = Website(elsewhere=Target(host="other.example"))
    assert everything(site, asked("a b", "x=1")) == Redirect(301, "http://other.example/a%20b?x=1")
    assert everything(Website(elsewhere=Target(host="h", protocol="https")), asked("")) == Redirect(301, "https://h/")
    assert everything(SITE, asked("a")) is None


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_no_path_is_another_host(key: str) -> None:
    path = path_of(key)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isascii()


def structure(**members: object) -> Record:
    return Record(members)  # type: ignore[arg-type]


INDEX = structure(Suffix="index.html")
GOES = structure(HostName="h")

WRONG = {
    "nothing": structure(),
    "a slash in the suffix": structure(IndexDocument=structure(Suffix="a/index.html")),
    "an empty suffix": structure(IndexDocument=structure(Suffix="")),
    "an empty error document": structure(IndexDocument=INDEX, ErrorDocument=structure(Key="")),
    "both kinds": structure(IndexDocument=INDEX, RedirectAllRequestsTo=GOES),
    "no host": structure(RedirectAllRequestsTo=structure(HostName="")),
    "no name of a host": structure(RedirectAllRequestsTo=structure(HostName="h/x\r\ny")),
    "too many rules": structure(IndexDocument=INDEX, RoutingRules=[structure(Redirect=GOES)] * 51),
}
WRONG_RULES = {
    "no redirect": structure(Condition=structure(KeyPrefixEquals="a")),
    "an empty redirect": structure(Redirect=structure()),
    "an empty condition": structure(Condition=structure(), Redirect=GOES),
    "two keys": structure(Redirect=structure(ReplaceKeyWith="a", ReplaceKeyPrefixWith="b")),
    "no error": structure(Condition=structure(HttpErrorCodeReturnedEquals="200"), Redirect=GOES),
    "no redirecting": structure(Redirect=structure(HttpRedirectCode="300")),
    "no number": structure(Redirect=structure(HttpRedirectCode="3o1")),
}


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG)
def test_configurations_that_are_refused(document: Record) -> None:
    with pytest.raises(S3Error):
        parse(document)


@pytest.mark.parametrize("rule", WRONG_RULES.values(), ids=WRONG_RULES)
def test_rules_that_are_refused(rule: Record) -> None:
    with pytest.raises(S3Error):
        parse(structure(IndexDocument=INDEX, RoutingRules=[rule]))


@pytest.mark.parametrize("site", (SITE, Website(index="i", error="e"), Website(elsewhere=Target(host="h"))))
def test_a_website_is_kept_as_it_is(site: Website) -> None:
    assert unpack(pack(site)) == site
    assert shown(site)
