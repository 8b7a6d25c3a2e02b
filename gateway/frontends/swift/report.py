"""Answers about many objects: what was done, and each that failed, in the format that the client likes best.

Source: `get_heartbeat_response_body` of `swift.common.request_helpers`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from gateway.frontends.swift.accept import Format, negotiate
from gateway.frontends.swift.errors import REASONS, Refusal


def reason(status: int) -> str:
    """A status as reports name it."""
    return f"{status} {REASONS[status].title}"


def explanation(refusal: Refusal) -> str:
    """What stands in a report for the body that the refusal alone would have had."""
    return refusal.text or "\n".join(part for part in (REASONS[refusal.status].title, REASONS[refusal.status].sentence))


def liked(accept: str) -> Format | None:
    """The format that a client likes best; None where its header is malformed or accepts none of them."""
    try:
        return negotiate("", accept)
    except Refusal:
        return None


@dataclass(frozen=True, slots=True)
class Report:
    """Facts by their names, and what failed, quoted, each with what was wrong.

    `made`: containers that were asked for and stand, quoted, and whether each is new.
    """

    facts: Mapping[str, str | int]
    errors: Sequence[tuple[str, str]] = field(default=())
    made: Sequence[tuple[str, bool]] = field(default=())

    def render(self, shape: Format | None, root: str) -> bytes:
        """The body of the answer. `root` is the outermost element in XML."""
        match shape:
            case Format.JSON:
                made = {"Containers": list(self.made)} if self.made else {}
                return json.dumps({**self.facts, **made, "Errors": list(self.errors)}).encode()
            case Format.XML | Format.TEXT_XML:
                return self._xml(root).encode()
            case _:
                return self._plain().encode()

    def _plain(self) -> str:
        facts = [f"{name}: {self.facts[name]}\n" for name in sorted(self.facts)]
        made = ["Containers:\n", *(f"{name}, {_word(new)}\n" for name, new in self.made)] if self.made else []
        return "".join([*facts, *made, "Errors:\n", *(f"{name}, {status}\n" for name, status in self.errors)])

    def _xml(self, root: str) -> str:
        names = [(name.replace(" ", "_").lower(), escape(str(self.facts[name]))) for name in sorted(self.facts)]
        facts = [f"<{name}>{value}</{name}>\n" for name, value in names]
        failed = [
            f"<object><name>{escape(name)}</name><status>{escape(status)}</status></object>\n"
            for name, status in self.errors
        ]
        made = [
            f"<container><name>{escape(name)}</name><new>{_word(new)}</new></container>\n" for name, new in self.made
        ]
        return "".join([f"<{root}>\n", *facts, *made, "<errors>\n", *failed, f"</errors>\n</{root}>\n"])


def _word(new: bool) -> str:
    return str(new).lower()
