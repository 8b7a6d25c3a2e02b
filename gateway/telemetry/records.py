"""How log records look: for people on a terminal, JSON otherwise. No value can forge a line or hide one."""

import logging
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.core.events import Access

ACCESS = "access"
"""The event of access lines, and the end of their logger's name."""

ACCESS_LOGGER = "portico.access"


class AccessRecord(NamedTuple):
    """An access line that is to be written. `created` is in seconds since the epoch, `level` one of logging's."""

    created: float
    level: int
    access: Access


Record = logging.LogRecord | AccessRecord


class Layout:
    """Renders a record as one line; for people, tracebacks have lines of their own."""

    def __init__(self, *, human: bool, colors: bool = False) -> None:
        self._human = human
        renderer: tuple[Processor, ...] = (structlog.processors.JSONRenderer(),)
        if human:
            renderer = (_for_people, structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=16))
        self._formatter = structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *renderer,
            ],
            foreign_pre_chain=[_facts, structlog.stdlib.ExtraAdder()],
        )

    def line(self, record: Record) -> bytes:
        """The line, without its end. Access lines in JSON, of which there are many, cost a tenth of others."""
        if isinstance(record, logging.LogRecord):
            return self._formatter.format(record).encode(errors="backslashreplace")
        if self._human:
            return self._formatter.format(_log_record(record)).encode(errors="backslashreplace")
        return _encode(_access_line(record))


class _AccessLine(msgspec.Struct, omit_defaults=True):
    """The members of an access line; those that are empty are left out."""

    timestamp: str
    level: str
    logger: str
    event: str
    request_id: str = ""
    client: str = ""
    principal: str = ""
    protocol: str = ""
    operation: str = ""
    bucket: str = ""
    key: str = ""
    status: int = -1
    received: int = -1
    sent: int = -1
    ms: float = -1
    error: str = ""


_encoder = msgspec.json.Encoder()


def _access_line(record: AccessRecord) -> _AccessLine:
    access, context = record.access, record.access.context
    return _AccessLine(
        _timestamp(record.created),
        logging.getLevelName(record.level).lower(),
        ACCESS_LOGGER,
        ACCESS,
        context.request_id,
        context.client,
        context.principal,
        context.protocol,
        access.operation,
        access.bucket,
        access.key,
        access.status,
        access.received,
        access.sent,
        round(access.seconds * 1000, 3),
        access.error,
    )


def _encode(line: _AccessLine) -> bytes:
    try:
        return _encoder.encode(line)
    except UnicodeEncodeError:  # a name that is not UTF-8, and was refused for it
        line.key, line.bucket = (name.encode(errors="backslashreplace").decode() for name in (line.key, line.bucket))
        return _encoder.encode(line)


def _log_record(record: AccessRecord) -> logging.LogRecord:
    made = logging.LogRecord(ACCESS_LOGGER, record.level, "", 0, ACCESS, None, None)
    made.created = record.created
    line = msgspec.to_builtins(_access_line(record))
    made.__dict__.update({name: value for name, value in line.items() if name not in {"timestamp", "level", "logger"}})
    return made


def _timestamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    """Of the many lines of a second, each has this in common."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _facts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record = event["_record"]
    head = {"timestamp": _timestamp(record.created), "level": record.levelname.lower(), "logger": record.name}
    return {**head, **event}


def _for_people(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The operation leads an access line. Names come from strangers: what a terminal would obey is shown escaped."""
    if event["event"] == ACCESS:
        event["event"] = event.pop("operation", ACCESS)
    for name, value in event.items():
        if name == "exception":
            event[name] = "\n".join(map(_escaped, value.split("\n")))
        elif isinstance(value, str):
            event[name] = _escaped(value)
    return event


def _escaped(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode()
