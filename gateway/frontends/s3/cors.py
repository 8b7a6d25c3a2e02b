"""What a bucket allows to pages of other origins: its rules, and which of them a request meets.

Sources: "Using cross-origin resource sharing (CORS)" in the Amazon S3 User Guide; the CORS protocol of the Fetch
standard.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from functools import lru_cache

from gateway.frontends.s3.call import Pairs
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.xmlout import Members

CORS = "s3:cors"
"""The property of buckets that holds their rules."""

MAX_RULES = 100
MAX_ID = 255
MAX_ASKED = 100
"""Headers that a request may ask for: each is held against each pattern."""

METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Origins and headers are patterns with at most one star; headers are in lower case.

    `max_age`: seconds for which browsers may remember it.
    """

    id: str | None = None
    methods: tuple[str, ...]
    origins: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None

    def allows(self, origin: str, method: str, asked: Collection[str]) -> bool:
        """Whether a page of `origin` may use `method` with the headers that it asks for, in lower case."""
        return (
            method in self.methods
            and _matches(self.origins, origin)
            and len(asked) <= MAX_ASKED
            and all(_matches(self.headers, name) for name in asked)
        )

    def granted(self, origin: str, asked: Collection[str]) -> Pairs:
        """The headers that tell a browser what is allowed."""
        anyone = "*" in self.origins
        pairs = [
            ("Access-Control-Allow-Origin", "*" if anyone else origin),
            ("Access-Control-Allow-Methods", ", ".join(self.methods)),
        ]
        if asked:
            pairs.append(("Access-Control-Allow-Headers", ", ".join(asked)))
        if self.exposed:
            pairs.append(("Access-Control-Expose-Headers", ", ".join(self.exposed)))
        if self.max_age is not None:
            pairs.append(("Access-Control-Max-Age", str(self.max_age)))
        if not anyone:
            pairs.append(("Access-Control-Allow-Credentials", "true"))
        return tuple(pairs)


def parse(document: Record) -> tuple[Rule, ...]:
    """The rules of a `CORSConfiguration`. Raises `S3Error`."""
    found = document.records("CORSRules")
    if len(found) > MAX_RULES:
        raise _invalid(f"The number of CORS rules should not exceed allowed limit of {MAX_RULES} rules.")
    return tuple(_rule(record) for record in found)


def _rule(record: Record) -> Rule:
    rule = Rule(
        id=record.text("ID"),
        methods=record.texts("AllowedMethods"),
        origins=record.texts("AllowedOrigins"),
        headers=tuple(name.lower() for name in record.texts("AllowedHeaders")),
        exposed=record.texts("ExposeHeaders"),
        max_age=record.integer("MaxAgeSeconds"),
    )
    if rule.id is not None and len(rule.id) > MAX_ID:
        raise _invalid(f"The ID of a CORS rule should not exceed allowed limit of {MAX_ID} characters.")
    for method in rule.methods:
        if method not in METHODS:
            raise _invalid(f"Found unsupported HTTP method in CORS config. Unsupported method is {method}")
    for kind, patterns in (("AllowedOrigin", rule.origins), ("AllowedHeader", rule.headers)):
        for pattern in patterns:
            if pattern.count("*") > 1:
                raise _invalid(f'{kind} "{pattern}" can not have more than one wildcard.')
    for name in rule.exposed:
        if "*" in name or not _TOKEN.fullmatch(name):
            raise _invalid(f'ExposeHeader "{name}" is no header name; wildcards are not supported for ExposeHeader.')
    if rule.max_age is not None and rule.max_age < 0:
        raise S3Error(Code.MALFORMED_XML)
    return rule


def pack(rules: Iterable[Rule]) -> str:
    """Rules as a property holds them."""
    return json.dumps([astuple(rule) for rule in rules], separators=(",", ":"))


@lru_cache(256)
def unpack(text: str) -> tuple[Rule, ...]:
    """The rules that a property holds."""
    return tuple(
        Rule(
            id=id_,
            methods=tuple(methods),
            origins=tuple(origins),
            headers=tuple(headers),
            exposed=tuple(exposed),
            max_age=max_age,
        )
        for id_, methods, origins, headers, exposed, max_age in json.loads(text)
    )


def shown(rule: Rule) -> Members:
    """A rule as a document shows it."""
    return {
        "ID": rule.id,
        "AllowedHeaders": rule.headers,
        "AllowedMethods": rule.methods,
        "AllowedOrigins": rule.origins,
        "ExposeHeaders": rule.exposed,
        "MaxAgeSeconds": rule.max_age,
    }


def find(rules: Iterable[Rule], origin: str, method: str, asked: Collection[str]) -> Rule | None:
    """The first rule that allows it."""
    return next((rule for rule in rules if rule.allows(origin, method, asked)), None)


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(_is_like(pattern, text) for pattern in patterns)


def _is_like(pattern: str, text: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) >= len(head) + len(tail) and text.startswith(head) and text.endswith(tail)


def _invalid(message: str) -> S3Error:
    return S3Error(Code.INVALID_REQUEST, message)
