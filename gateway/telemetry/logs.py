"""Logging that never holds up the event loop: a thread of its own formats and writes, from a bounded queue."""

import logging
import os
import queue
import select
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler

from gateway.core.context import current
from gateway.core.events import Access
from gateway.telemetry.records import ACCESS_LOGGER, AccessRecord, Layout, Record

QUEUE_RECORDS = 20_000
GATHER_SECONDS = 0.02
"""How long records are gathered before they are written together: waking a thread for each costs more than the line."""
FLUSH_SECONDS = 2.0
"""How long the end of the process waits for a reader of the log that has stopped to read."""

ROOT = "portico"
PROBES = "admin"
"""The protocol whose requests are probes: their access lines are logged at level debug."""

_access_logger = logging.getLogger(ACCESS_LOGGER)


class RecordQueue:
    """A bounded queue of records between any thread and one writer."""

    def __init__(self, limit: int) -> None:
        self._records: deque[Record] = deque()
        self._limit = limit
        self._filled = threading.Event()

    def put_nowait(self, record: Record) -> None:
        """Add a record. Raises `queue.Full`."""
        if len(self._records) >= self._limit:
            raise queue.Full
        self._records.append(record)
        self.wake()

    def wake(self) -> None:
        """Let `wait` return."""
        if not self._filled.is_set():
            self._filled.set()

    def wait(self) -> None:
        """Block until something may be there."""
        self._filled.wait()
        self._filled.clear()

    def take(self) -> list[Record]:
        """All records that are there."""
        return [self._records.popleft() for _ in range(len(self._records))]


class LogQueue(QueueHandler):
    """Hands records to the writer. A full queue drops them, and counts what it drops."""

    def __init__(self, records: RecordQueue) -> None:
        super().__init__(records)  # type: ignore[arg-type] # any object with put_nowait, as the library says
        self._records = records
        self.dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Fix what may change before the record is written; the costly part is left to the writer."""
        if record.args:
            record.msg, record.args = record.getMessage(), None
        if "request_id" not in record.__dict__ and (request_id := current().request_id) != "-":
            record.__dict__["request_id"] = request_id
        return record

    def enqueue(self, record: Record) -> None:
        """Queue a record, or count it as lost."""
        try:
            self._records.put_nowait(record)
        except queue.Full:
            self.dropped += 1


class Writer:
    """The thread at the other end of the queue, which writes lines to a file descriptor.

    It is a daemon and writes without Python's buffers, so a pipe that nobody reads can't keep the process from ending.
    """

    def __init__(self, records: RecordQueue, handler: LogQueue, fd: int, layout: Layout) -> None:
        self._records = records
        self._handler = handler
        self._fd = fd
        self._layout = layout
        self._reported = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="portico-log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, for up to `FLUSH_SECONDS`."""
        self._stopping = True
        self._records.wake()
        self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            self._records.wait()
            stopping = self._stopping
            if not stopping:
                time.sleep(GATHER_SECONDS)
            lines = [self._layout.line(record) for record in (*self._records.take(), *self._loss())]
            self._write(b"".join([line + b"\n" for line in lines]))

    def _loss(self) -> Iterator[logging.LogRecord]:
        """A record that tells how many were dropped since the last one."""
        count, self._reported = self._handler.dropped - self._reported, self._handler.dropped
        if count:
            message = f"{count} log records were dropped: they came faster than they could be written"
            yield logging.LogRecord("portico.log", logging.WARNING, "", 0, message, None, None)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:  # somebody else made the descriptor non-blocking
                select.select((), (self._fd,), ())
            except OSError:
                return  # nobody is there to be told


@contextmanager
def logging_to(fd: int, *, level: str, human: bool) -> Iterator[LogQueue]:
    """Send all logging to a file descriptor for as long as the context lasts."""
    records = RecordQueue(QUEUE_RECORDS)
    handler = LogQueue(records)
    writer = Writer(records, handler, fd, Layout(human=human, colors=human and "NO_COLOR" not in os.environ))
    root, own = logging.getLogger(), logging.getLogger(ROOT)
    before = root.level, own.level, root.handlers[:]
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    own.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    writer.start()
    try:
        yield handler
    finally:
        logging.captureWarnings(capture=False)
        root.setLevel(before[0])
        own.setLevel(before[1])
        root.handlers[:] = before[2]
        writer.stop()


def log_access(access: Access) -> None:
    """Write the access line of a request. Costs the event loop a microsecond: the rest is left to the writer."""
    level = logging.DEBUG if access.context.protocol == PROBES else logging.INFO
    if not _access_logger.isEnabledFor(level):
        return
    for handler in logging.root.handlers:
        if isinstance(handler, LogQueue):
            handler.enqueue(AccessRecord(time.time(), level, access))
