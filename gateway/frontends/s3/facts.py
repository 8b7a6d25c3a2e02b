"""What conditions of policies may ask of an S3 request.

Source: "Actions, resources, and condition keys for Amazon S3" in the Service Authorization Reference.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from urllib.parse import parse_qsl

from gateway.auth import facts
from gateway.auth.claim import ALGORITHM
from gateway.auth.facts import Facts
from gateway.auth.policy.names import REQUEST_TAG
from gateway.auth.principals import ANONYMOUS
from gateway.frontends.s3.address import decode
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.copysource import HEADER as COPY_SOURCE
from gateway.frontends.s3.tags import DIRECTIVE, HEADER, REPLACE
from gateway.frontends.s3.text import SECOND, parse_iso8601

NOTHING: Mapping[str, str] = MappingProxyType({})

_HEADERS = {
    "referer": "aws:referer",
    "user-agent": "aws:useragent",
    "if-match": "s3:if-match",
    "if-none-match": "s3:if-none-match",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold",
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
    **{
        f"x-amz-{name}": f"s3:x-amz-{name}"
        for name in (
            "acl",
            "content-sha256",
            "expected-bucket-owner",
            "grant-full-control",
            "grant-read",
            "grant-read-acp",
            "grant-write",
            "grant-write-acp",
            "metadata-directive",
            "object-ownership",
            "server-side-encryption",
            "server-side-encryption-aws-kms-key-id",
            "server-side-encryption-customer-algorithm",
            "storage-class",
            "website-redirect-location",
        )
    },
}
"""Headers whose values are those of a key."""

REMAINING = "s3:object-lock-remaining-retention-days"
_DAY = 86_400 * SECOND

_PARAMETERS = {
    "prefix": "s3:prefix",
    "delimiter": "s3:delimiter",
    "max-keys": "s3:max-keys",
    "versionId": "s3:versionid",
}


def facts_of(call: Call, tags: str | None = None, stated: Mapping[str, str] = NOTHING) -> Facts:
    """What is known of a request. Of its document: `tags`, encoded as a query string; what is `stated` by keys."""
    request = call.request
    said = (*_stated(call), *stated.items())
    known = facts.facts_of(request.remote or "", secure=request.secure, stated=said)
    tagged = dict(parse_qsl(_tagging(call) if tags is None else tags, keep_blank_values=True))
    if not tagged:
        return known
    values = {REQUEST_TAG + name: (value,) for name, value in tagged.items()}
    return Facts({**known.values, **values, "s3:requestobjecttagkeys": tuple(tagged)})


def _tagging(call: Call) -> str:
    """The header that states tags, where it counts: a copy has its source's unless it is told otherwise."""
    if COPY_SOURCE in call.headers and call.headers.get(DIRECTIVE, "").upper() != REPLACE:
        return ""
    return call.headers.get(HEADER, "")


def _stated(call: Call) -> Iterator[tuple[str, str | None]]:
    for name, key in _HEADERS.items():
        yield key, call.headers.get(name)
    for name, key in _PARAMETERS.items():
        yield key, call.query.get(name)
    if source := call.headers.get(COPY_SOURCE):
        yield "s3:x-amz-copy-source", decode(source.partition("?versionId=")[0]).removeprefix("/")
    if until := call.headers.get("x-amz-object-lock-retain-until-date"):
        yield REMAINING, remaining_days(until)
    if call.principal is not ANONYMOUS:
        yield from _signature(call)


def remaining_days(until: str) -> str | None:
    """How many days are left until then, begun ones too; None where that is no time."""
    try:
        left = parse_iso8601(until) - time.time_ns()
    except ValueError:
        return None
    return str(-(-left // _DAY))


def _signature(call: Call) -> Iterator[tuple[str, str]]:
    kind = "REST-HEADER" if "authorization" in call.headers else "REST-QUERY-STRING"
    yield "s3:authtype", kind if call.form is None else "POST"
    if call.verified is None:
        yield "s3:signatureversion", "AWS"
        return
    signed = datetime.strptime(call.verified.context.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    yield "s3:signatureversion", ALGORITHM
    yield "s3:signatureage", str(max(0, (datetime.now(UTC) - signed) // timedelta(milliseconds=1)))
