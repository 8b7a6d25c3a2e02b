"""Which bucket's website a host is, which key a path means, and where a request is redirected. Without I/O."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from gateway.frontends.s3.address import bucket_of_host
from gateway.frontends.s3.website.configuration import Rule, Target, Website


@dataclass(frozen=True, slots=True)
class Redirect:
    """The answer that sends a browser elsewhere."""

    status: int
    location: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: over which protocol, for which host, which key and, still encoded, query."""

    protocol: str
    host: str
    key: str
    query: str = ""


def bucket_of(host: str, names: Collection[str]) -> str:
    """The bucket whose website is asked for on `host`; empty where none is.

    `names` are hosts: one is the website of the bucket that is called so, and `<bucket>.<name>` that of any other.
    """
    stated = host.lower().partition(":")[0]
    for name in names:
        if stated == name:
            return name
        if bucket := bucket_of_host(host, name):
            return bucket
    return ""


def page_of(website: Website, key: str) -> str:
    """The key of what is served where `key` is asked for."""
    return key + website.index if not key or key.endswith("/") else key


def path_of(key: str) -> str:
    """The path of a key on its own host, which no browser takes for another host's."""
    return "/%2F" + quote(key[1:]) if key.startswith("/") else "/" + quote(key)


def everything(website: Website, asked: Asked) -> Redirect | None:
    """Where all requests are redirected."""
    if website.elsewhere is None:
        return None
    found = _redirect(website.elsewhere, asked, asked.key)
    return Redirect(found.status, f"{found.location}?{asked.query}") if asked.query else found


def before(website: Website, asked: Asked) -> Redirect | None:
    """Where a request is redirected whatever would come of it."""
    return _first((rule for rule in website.rules if rule.error is None), asked)


def after(website: Website, asked: Asked, status: int) -> Redirect | None:
    """Where a request is redirected that would be answered by the error `status`."""
    return _first((rule for rule in website.rules if rule.error == status), asked)


def _first(rules: Iterable[Rule], asked: Asked) -> Redirect | None:
    rule = next((rule for rule in rules if asked.key.startswith(rule.prefix)), None)
    if rule is None:
        return None
    target = rule.target
    if target.key is not None:
        return _redirect(target, asked, target.key)
    return _redirect(
        target, asked, asked.key if target.prefix is None else target.prefix + asked.key[len(rule.prefix) :]
    )


def _redirect(target: Target, asked: Asked, key: str) -> Redirect:
    location = f"{target.protocol or asked.protocol}://{target.host or asked.host}/{quote(key)}"
    return Redirect(target.status, location)
