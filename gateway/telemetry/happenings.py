"""From the access events of all frontends to what has happened to files, and the audit log."""

import logging
from collections.abc import Callable, Mapping

from gateway.core.events import Access, Happened, Kind, Kinds

logger = logging.getLogger("portico.audit")

Listener = Callable[[Happened], None]


class Herald:
    """Tells a listener what has happened. `kinds` are those of each frontend, by the protocol's name."""

    def __init__(self, kinds: Mapping[str, Kinds], tell: Listener) -> None:
        self._kinds = kinds
        self._tell = tell

    def observe(self, access: Access) -> None:
        """What was refused or broken off has not happened."""
        kind = self._kinds.get(access.context.protocol, {}).get(access.operation)
        if kind is not None and not access.error and 200 <= access.status < 300:
            self._tell(_happened(kind, access))


def _happened(kind: Kind, access: Access) -> Happened:
    size = access.sent if kind is Kind.DOWNLOAD else access.received if kind is Kind.UPLOAD else 0
    return Happened(kind, access.context, access.bucket, access.key, size, access.seconds, access.source)


def log_audit(happened: Happened) -> None:
    """Write a line of the audit log."""
    context = happened.context
    facts = {
        "request_id": context.request_id,
        "client": context.client,
        "principal": context.principal,
        "protocol": context.protocol,
        "kind": happened.kind.value,
        "bucket": happened.bucket,
        "key": happened.key,
        "size": happened.size,
        "ms": round(happened.seconds * 1000, 3),
        "source": happened.source,
    }
    logger.info("audit", extra={name: value for name, value in facts.items() if value != ""})
