"""Rules by which the objects of a bucket expire: what they say of an object, a past version, a marker, an upload.

Times are ns since the epoch. Days end at midnight UTC: what is to happen so many days after a moment is due at the
first midnight that follows it. Source: "Managing the lifecycle of objects" in the Amazon S3 User Guide.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any

from gateway.core.conditions import SECOND
from gateway.core.versions import Version

LIFECYCLE = "s3:lifecycle"
"""The property of buckets that holds their rules."""

DAY = 86_400 * SECOND

Tags = Mapping[str, str] | None
"""The tags of an object; None: they are not known, so that every demand on them counts as met."""


class Form(StrEnum):
    """How a filter was written down. It is shown again in the same way, and means the same in each."""

    PREFIX = "prefix"
    ALL = "all"
    SINGLE = "single"
    AND = "and"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a rule is about. Sizes in bytes; neither bound is itself within."""

    form: Form = Form.ALL
    prefix: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    larger: int | None = None
    smaller: int | None = None

    def admits(self, name: str, size: int, tags: Tags) -> bool:
        """Whether a rule with this filter is about such an object."""
        return (
            name.startswith(self.prefix)
            and (self.larger is None or size > self.larger)
            and (self.smaller is None or size < self.smaller)
            and (tags is None or all(tags.get(key) == value for key, value in self.tags))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `days`, or else `date`: when an object expires. `markers`: a delete marker with nothing below it goes.

    `past_days`: when a version expires that something else has replaced, `kept` of the newest apart. `upload_days`:
    when an upload is aborted.
    """

    id: str
    enabled: bool = True
    filter: Filter = Filter()
    days: int | None = None
    date: int | None = None
    markers: bool = False
    past_days: int | None = None
    kept: int = 0
    upload_days: int | None = None


@dataclass(frozen=True, slots=True)
class Expiry:
    """When something is due, and by which rule."""

    at: int
    rule: Rule


class Kind(StrEnum):
    """What a row of a listing of versions is to the rules: it stands, it once stood, or it is a marker alone."""

    CURRENT = "current"
    PAST = "past"
    MARKER = "marker"


@dataclass(frozen=True, slots=True)
class Case:
    """A row as the rules see it. `since`: when it was replaced; `newer`: how many past versions are newer."""

    kind: Kind
    row: Version
    since: int = 0
    newer: int = 0


class Succession:
    """Makes cases of versions, which come by name, the newest first. A marker is told when it is known to be alone."""

    def __init__(self) -> None:
        self._before: Version | None = None
        self._newer = 0
        self._held: Version | None = None

    def feed(self, row: Version) -> Iterator[Case]:
        """Take the next row."""
        before, self._before = self._before, row
        if before is None or before.name != row.name:
            yield from self.end()
            self._newer = 0
            if row.marker:
                self._held = row
                return
            before = row
        self._held = None
        if row.latest and not row.marker:
            yield Case(Kind.CURRENT, row)
            return
        yield Case(Kind.PAST, row, before.meta.modified, self._newer)
        self._newer += 1

    def end(self) -> Iterator[Case]:
        """There are no more rows of the last name."""
        held, self._held = self._held, None
        if held is not None:
            yield Case(Kind.MARKER, held)


def due(rules: Sequence[Rule], case: Case, tags: Tags, day: int = DAY) -> Expiry | None:
    """When a case is over by the first of the rules that end it; None: by none. `day`: how long one takes, in ns."""
    meta = case.row.meta
    ends = {Kind.CURRENT: _end, Kind.PAST: _end_past, Kind.MARKER: _end_marker}[case.kind]
    found = (
        Expiry(at, rule)
        for rule in rules
        if rule.enabled and rule.filter.admits(meta.name, meta.size, tags) and (at := ends(rule, case, day)) is not None
    )
    return min(found, key=lambda expiry: expiry.at, default=None)


def upload_due(rules: Sequence[Rule], name: str, created: int, day: int = DAY) -> Expiry | None:
    """When an upload that began at `created` is to be aborted; None: never."""
    found = (
        Expiry(_after(created, rule.upload_days, day), rule)
        for rule in rules
        if rule.enabled and rule.upload_days is not None and name.startswith(rule.filter.prefix)
    )
    return min(found, key=lambda expiry: expiry.at, default=None)


def prefixes(rules: Sequence[Rule]) -> Sequence[str]:
    """The beginnings of names that have to be walked for all rules, none within another."""
    walked: list[str] = []
    for prefix in sorted({rule.filter.prefix for rule in rules if rule.enabled}):
        if not walked or not prefix.startswith(walked[-1]):
            walked.append(prefix)
    return walked


def pack(rules: Sequence[Rule]) -> str:
    """Rules as the property holds them: what is not as it would be without a word."""
    return json.dumps([_stated(rule) for rule in rules], separators=(",", ":"))


@lru_cache(256)
def unpack(text: str) -> tuple[Rule, ...]:
    """The rules that the property holds."""
    return tuple(Rule(**{**row, "filter": _filter(row.get("filter", {}))}) for row in json.loads(text))


def _stated(record: Rule | Filter) -> Mapping[str, object]:
    values = {each.name: getattr(record, each.name) for each in fields(record)}
    stated = {each.name: values[each.name] for each in fields(record) if values[each.name] != each.default}
    return {name: _stated(value) if isinstance(value, Filter) else value for name, value in stated.items()}


def _filter(row: Mapping[str, Any]) -> Filter:
    form, tags = Form(row.get("form", Form.ALL)), tuple((key, value) for key, value in row.get("tags", ()))
    return Filter(**{**row, "form": form, "tags": tags})


def _end(rule: Rule, case: Case, day: int) -> int | None:
    return rule.date if rule.days is None else _after(case.row.meta.modified, rule.days, day)


def _end_past(rule: Rule, case: Case, day: int) -> int | None:
    if rule.past_days is None or case.newer < rule.kept:
        return None
    return _after(case.since, rule.past_days, day)


def _end_marker(rule: Rule, case: Case, day: int) -> int | None:
    """A rule that ends objects after some time ends such markers after the same time."""
    return case.row.meta.modified if rule.markers else _end(rule, case, day)


def _after(moment: int, days: int, day: int) -> int:
    return -(-(moment + days * day) // day) * day
