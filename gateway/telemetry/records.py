"""How log records look: for people on a terminal, JSON otherwise. No value can forge a line or hide one."""

import json
import logging
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.core.events import Access

ACCESS = "access"
"""The message of access lines, and the attribute of their records that holds the `Access`."""


def formatter(*, human: bool, colors: bool = False) -> logging.Formatter:
    """Renders a record as one line; for people, tracebacks have lines of their own."""
    if not human:
        return _JsonFormatter(_structlog(structlog.processors.JSONRenderer()))
    renderer = structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=16)
    return _structlog(_for_people, renderer)


def _structlog(*last: Processor) -> logging.Formatter:
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        processors=[meta, structlog.processors.format_exc_info, *last],
        foreign_pre_chain=[_facts, structlog.stdlib.ExtraAdder(), _access],
    )


class _JsonFormatter(logging.Formatter):
    """JSON lines. Access lines, of which there are many, go past structlog: that makes them three times as cheap."""

    def __init__(self, others: logging.Formatter) -> None:
        super().__init__()
        self._others = others

    def format(self, record: logging.LogRecord) -> str:
        access = record.__dict__.get(ACCESS)
        if not isinstance(access, Access):
            return self._others.format(record)
        return json.dumps({**_head(record), "event": record.msg, **_fields(access)})


def _head(record: logging.LogRecord) -> EventDict:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"timestamp": time.replace("+00:00", "Z"), "level": record.levelname.lower(), "logger": record.name}


def _facts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**_head(event["_record"]), **event}


def _access(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    access = event.pop(ACCESS, None)
    if isinstance(access, Access):
        event.update(_fields(access))
    return event


def _fields(access: Access) -> EventDict:
    context = access.context
    fields: EventDict = {
        "request_id": context.request_id,
        "client": context.client,
        "principal": context.principal,
        "protocol": context.protocol,
        "operation": access.operation,
        "bucket": access.bucket,
        "key": access.key,
        "status": access.status,
        "received": access.received,
        "sent": access.sent,
        "ms": round(access.seconds * 1000, 3),
        "error": access.error,
    }
    return {name: value for name, value in fields.items() if value != ""}


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
