"""What a bucket's website is: read from a document, held by a property, shown again. Without I/O.

Source: PutBucketWebsite in the Amazon S3 API Reference.
"""

import json
import re
from dataclasses import asdict, dataclass
from functools import lru_cache

from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.xmlout import Members

WEBSITE = "s3:website"
"""The property of buckets that holds their website."""

MAX_RULES = 50

_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_CODES_OF_ERRORS = range(400, 600)
_CODES_OF_REDIRECTS = range(301, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a redirect leads: what is None stays as it was in the request. `key` takes the place of the whole key,
    `prefix` of what the rule's condition states of it.
    """

    host: str | None = None
    protocol: str | None = None
    status: int = 301
    key: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Requests for keys with `prefix` are redirected; with `error`, those that would be answered by that status."""

    target: Target
    prefix: str = ""
    error: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Website:
    """`index` ends the key of a directory's page. `error` is the key of the page for errors. With `elsewhere` all
    requests are redirected, and there is nothing else.
    """

    index: str = ""
    error: str | None = None
    elsewhere: Target | None = None
    rules: tuple[Rule, ...] = ()


def parse(document: Record) -> Website:
    """The website of a `WebsiteConfiguration`. Raises `S3Error`."""
    rules = document.records("RoutingRules")
    elsewhere = document.record("RedirectAllRequestsTo")
    if elsewhere is not None:
        if rules or "IndexDocument" in document or "ErrorDocument" in document:
            raise _invalid("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.")
        return Website(elsewhere=Target(host=_host(elsewhere), protocol=elsewhere.text("Protocol")))
    if len(rules) > MAX_RULES:
        raise _invalid(f"{len(rules)} routing rules provided, the number of routing rules is limited to {MAX_RULES}.")
    return Website(index=_index(document), error=_error(document), rules=tuple(_rule(rule) for rule in rules))


def _index(document: Record) -> str:
    found = document.record("IndexDocument")
    if found is None:
        raise _argument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
    suffix = found.text("Suffix") or ""
    if not suffix or "/" in suffix:
        raise _argument("The IndexDocument Suffix is not well formed")
    return suffix


def _error(document: Record) -> str | None:
    found = document.record("ErrorDocument")
    if found is None:
        return None
    if not (key := found.text("Key")):
        raise _argument("The ErrorDocument Key is not well formed")
    return key


def _rule(record: Record) -> Rule:
    condition, redirect = record.record("Condition"), record.record("Redirect")
    if redirect is None:
        raise S3Error(Code.MALFORMED_XML)
    if condition is None:
        return Rule(target=_target(redirect))
    prefix, error = condition.text("KeyPrefixEquals"), condition.text("HttpErrorCodeReturnedEquals")
    if prefix is error is None:
        raise _invalid(
            "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't "
            "be present."
        )
    return Rule(
        target=_target(redirect),
        prefix=prefix or "",
        error=None if error is None else _code(error, _CODES_OF_ERRORS, "error", "4XX or 5XX"),
    )


def _target(record: Record) -> Target:
    key, prefix, status = (
        record.text("ReplaceKeyWith"),
        record.text("ReplaceKeyPrefixWith"),
        record.text("HttpRedirectCode"),
    )
    if key is not None and prefix is not None:
        raise _invalid("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
    if key is prefix is status is None and "HostName" not in record and "Protocol" not in record:
        raise _invalid("The Redirect element of a routing rule cannot be empty.")
    return Target(
        host=_host(record) if "HostName" in record else None,
        protocol=record.text("Protocol"),
        status=301 if status is None else _code(status, _CODES_OF_REDIRECTS, "redirect", "3XX except 300"),
        key=key,
        prefix=prefix,
    )


def _host(record: Record) -> str:
    host = record.text("HostName") or ""
    if not _HOST.fullmatch(host):
        raise _invalid("The HostName of a redirect is no name of a host.")
    return host


def _code(text: str, allowed: range, kind: str, valid: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 3 and int(text) in allowed):
        raise _invalid(f"The provided HTTP {kind} code ({text}) is not valid. Valid codes are {valid}.")
    return int(text)


def pack(website: Website) -> str:
    """A website as a property holds it."""
    return json.dumps(asdict(website), separators=(",", ":"))


@lru_cache(256)
def unpack(text: str) -> Website:
    """The website that a property holds."""
    found = json.loads(text)
    elsewhere = found["elsewhere"]
    return Website(
        index=found["index"],
        error=found["error"],
        elsewhere=None if elsewhere is None else Target(**elsewhere),
        rules=tuple(Rule(**{**rule, "target": Target(**rule["target"])}) for rule in found["rules"]),
    )


def shown(website: Website) -> Members:
    """A website as a document shows it."""
    if website.elsewhere is not None:
        target = website.elsewhere
        return {"RedirectAllRequestsTo": {"HostName": target.host, "Protocol": target.protocol}}
    return {
        "IndexDocument": {"Suffix": website.index},
        "ErrorDocument": None if website.error is None else {"Key": website.error},
        "RoutingRules": [_shown(rule) for rule in website.rules] or None,
    }


def _shown(rule: Rule) -> Members:
    target = rule.target
    condition = {
        "KeyPrefixEquals": rule.prefix or None,
        "HttpErrorCodeReturnedEquals": None if rule.error is None else str(rule.error),
    }
    return {
        "Condition": condition if rule.prefix or rule.error else None,
        "Redirect": {
            "HostName": target.host,
            "Protocol": target.protocol,
            "HttpRedirectCode": str(target.status),
            "ReplaceKeyWith": target.key,
            "ReplaceKeyPrefixWith": target.prefix,
        },
    }


def _invalid(message: str) -> S3Error:
    return S3Error(Code.INVALID_REQUEST, message)


def _argument(message: str) -> S3Error:
    return S3Error(Code.INVALID_ARGUMENT, message)
