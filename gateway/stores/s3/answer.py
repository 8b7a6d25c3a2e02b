"""The remote's answers, typed: botocore parses them into dictionaries of anything."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from gateway.core.versions import NULL

SECOND = 1_000_000_000


def parse_time(text: object) -> int:
    """A time of S3 (ISO 8601 or a date of HTTP) in ns since the epoch, whole seconds: HEAD tells no more.

    Raises `ValueError`.
    """
    stated = str(text)
    moment = datetime.fromisoformat(stated) if stated[4:5] == "-" else parsedate_to_datetime(stated)
    return int(moment.timestamp()) * SECOND


class Answer:
    """The members of an answer, or of a structure in one. What is missing is empty."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str) -> str:
        return str(self._members.get(name) or "")

    def etag(self, name: str = "ETag") -> str:
        """An entity tag without quotes."""
        return self.text(name).removeprefix("W/").strip('"')

    def version(self, name: str = "VersionId") -> str | None:
        """The id of a version; None for the one without."""
        stated = self.text(name)
        return stated if stated and stated != NULL else None

    def number(self, name: str) -> int:
        return int(self._members.get(name) or 0)

    def flag(self, name: str) -> bool:
        return bool(self._members.get(name))

    def time(self, name: str) -> int:
        """In ns since the epoch; 0 where it is missing. The client's timestamp parser is `parse_time`."""
        return self.number(name)

    def rows(self, name: str) -> Sequence["Answer"]:
        return [Answer(row) for row in self._members.get(name) or ()]

    def row(self, name: str) -> "Answer":
        return Answer(self._members.get(name) or {})

    def raw(self, name: str) -> Any:
        """The member as botocore gives it: a stream, the text of an entry."""
        return self._members.get(name)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, under lower-case names."""
        found: Mapping[str, str] = self._members.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return found

    @property
    def date(self) -> int:
        """When the remote answered, in ns since the epoch, whole seconds; 0 where it does not say."""
        try:
            return parse_time(self.headers["date"])
        except (KeyError, ValueError):
            return 0
