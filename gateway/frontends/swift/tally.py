"""Answers that tell what became of many objects: how many were done, and what is wrong with each of the others."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

from aiohttp import hdrs, web

from gateway.core.errors import StoreError
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.errors import Refusal, of_store
from gateway.frontends.swift.heartbeat import patient
from gateway.frontends.swift.report import Report, explanation, liked, reason

XML_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

BAD_GATEWAY = 502
"""What a report says where the store failed, and not the client."""


@dataclass(slots=True)
class Tally(ABC):
    """What became of many objects. `failed`: each that was refused, quoted, with what it was told."""

    root: ClassVar[str]
    """The outermost element of the report in XML."""
    done: ClassVar[int]
    """The status that is told where nothing failed."""
    idle: ClassVar[str]
    """What is said where there was nothing to do; empty: that is well."""

    failed: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    @property
    @abstractmethod
    def counts(self) -> dict[str, int]:
        """What was done, by the names that reports have for it."""

    def fail(self, path: str, status: int, text: str = "") -> None:
        """An object was refused, and what is told of it."""
        self.broken = self.broken or status >= 500
        self.failed.append((quote(path, errors="surrogateescape"), text or reason(status)))

    def report(self, refusal: Refusal | None = None) -> Report:
        """What is told of it all; `refusal` ended it early."""
        counts, status, text = self.counts, self.done, ""
        if refusal is not None:
            status, text = refusal.status, explanation(refusal)
        elif self.failed:
            status = BAD_GATEWAY if self.broken else 400
        elif self.idle and not any(counts.values()):
            status, text = 400, self.idle
        return Report({"Response Status": reason(status), "Response Body": text, **counts}, self.failed)


@dataclass(slots=True)
class Deletions(Tally):
    """What became of many deletes."""

    root = "delete"
    done = 200
    idle = "Invalid bulk delete."

    deleted: int = 0
    missing: int = 0

    @property
    def counts(self) -> dict[str, int]:
        return {"Number Deleted": self.deleted, "Number Not Found": self.missing}

    def met(self, path: str, refusal: Refusal, text: str = "") -> None:
        """A delete was refused. `text`: what is told of it in place of the status."""
        if refusal.status == 404:
            self.missing += 1
        else:
            self.fail(path, refusal.status, text)


@dataclass(slots=True)
class Removals(Deletions):
    """The same of deletes that nobody named one by one."""

    idle = ""


async def told(call: Call, tally: Tally, work: Callable[[], Awaitable[None]]) -> web.StreamResponse:
    """An answer (200) with the report of `work`, which adds to `tally` and may end early by a `Refusal`."""
    shape = liked(call.headers.get(hdrs.ACCEPT, ""))

    async def reported() -> bytes:
        refusal = None
        try:
            if shape is None:
                raise Refusal(406)
            await work()
        except Refusal as early:
            refusal = early
        except StoreError as error:
            refusal = of_store(error)
        return tally.report(refusal).render(shape, tally.root)

    lead = XML_DECLARATION if shape in {Format.XML, Format.TEXT_XML} else b" "
    return await patient(call, (shape or Format.PLAIN).value, reported(), lead=lead)
