import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core.context import RequestContext, enter
from gateway.core.events import Access
from gateway.telemetry import logs
from gateway.telemetry.logs import log_access, logging_to

logger = logging.getLogger("portico.test")


def access(protocol: str = "s3", key: str = "k") -> Access:
    context = RequestContext(request_id="tx1", client="192.0.2.1", protocol=protocol, principal="t:u")
    return Access(context=context, operation="GetObject", status=200, seconds=0.25, bucket="b", key=key, sent=7)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    path = tmp_path / "log"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    yield fd, path
    os.close(fd)


def test_an_access_line_in_json(sink: tuple[int, Path]) -> None:
    with logging_to(sink[0], level="info", human=False):
        log_access(access(key="ä\n\x1b[2J"))
    line = json.loads(sink[1].read_text())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "portico.access",
        "event": "access",
        "request_id": "tx1",
        "client": "192.0.2.1",
        "principal": "t:u",
        "protocol": "s3",
        "operation": "GetObject",
        "bucket": "b",
        "key": "ä\n\x1b[2J",
        "status": 200,
        "received": 0,
        "sent": 7,
        "ms": 250.0,
    }


@pytest.mark.parametrize("human", (False, True))
def test_a_name_that_is_no_utf8_is_logged_escaped(sink: tuple[int, Path], human: bool) -> None:
    with logging_to(sink[0], level="info", human=human):
        log_access(access(key="bad\udcff"))
        logger.info("and %s", "bad\udcfe")
    text = sink[1].read_text()
    assert len(text.splitlines()) == 2
    assert "udcff" in text
    assert "udcfe" in text


def test_no_name_can_forge_a_line_or_move_the_cursor(sink: tuple[int, Path]) -> None:
    with logging_to(sink[0], level="info", human=True):
        log_access(access(key="x\nforged\x1b[2J\r"))
        logger.warning("said %s", "y\nforged\x1b[2J")
    text = sink[1].read_text()
    assert len(text.splitlines()) == 2
    assert "\x1b[2J" not in text


def test_levels(sink: tuple[int, Path]) -> None:
    with logging_to(sink[0], level="warning", human=False):
        log_access(access())
        logger.info("not this")
        logging.getLogger("aiohttp").info("nor this")
        logger.warning("this")
    assert [json.loads(line)["event"] for line in sink[1].read_text().splitlines()] == ["this"]


@pytest.mark.parametrize(("level", "count"), (("info", 0), ("debug", 1)))
def test_probes_are_logged_for_debugging_only(sink: tuple[int, Path], level: str, count: int) -> None:
    with logging_to(sink[0], level=level, human=False):
        log_access(access(protocol="admin"))
    assert len(sink[1].read_text().splitlines()) == count


def fail() -> None:
    raise RuntimeError("broken\x1b[2J")


@pytest.mark.parametrize("human", (False, True))
def test_exceptions_come_with_their_traceback(sink: tuple[int, Path], human: bool) -> None:
    with logging_to(sink[0], level="info", human=human):
        try:
            fail()
        except RuntimeError:
            logger.exception("bad", extra={"request_id": "tx9"})
    text = sink[1].read_text()
    assert "tx9" in text
    assert "RuntimeError" in text
    assert "in fail" in text
    assert "\x1b[2J" not in text
    assert (len(text.splitlines()) > 1) is human


async def test_lines_bear_the_id_of_the_request_that_they_are_about(sink: tuple[int, Path]) -> None:
    with logging_to(sink[0], level="info", human=False):
        enter(RequestContext(request_id="tx2"))
        logger.info("within")
        logger.info("stated", extra={"request_id": "tx3"})
    assert [json.loads(line)["request_id"] for line in sink[1].read_text().splitlines()] == ["tx2", "tx3"]


def test_arguments_are_rendered_before_they_can_change(sink: tuple[int, Path]) -> None:
    names = ["a"]
    with logging_to(sink[0], level="info", human=False):
        logger.info("names %s", names)
        names.append("b")
    assert json.loads(sink[1].read_text())["event"] == "names ['a']"


def read_all(fd: int) -> None:
    with open(fd, "rb") as file:
        file.read()


def test_a_pipe_that_nobody_reads_costs_records_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "QUEUE_RECORDS", 100)
    monkeypatch.setattr(logs, "FLUSH_SECONDS", 0.1)
    reader, writer = os.pipe()
    with logging_to(writer, level="info", human=False) as log:
        written = 0
        while not log.dropped and written < 1_000_000:
            logger.info("x" * 1000)
            written += 1
        assert log.dropped
    drain = threading.Thread(target=read_all, args=(reader,))
    drain.start()
    for thread in threading.enumerate():
        if thread.name == "portico-log":
            thread.join()
    os.close(writer)
    drain.join()


def test_what_was_dropped_is_told_when_the_reader_is_back(
    sink: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "QUEUE_RECORDS", 3)
    monkeypatch.setattr(logs, "GATHER_SECONDS", 0.2)
    with logging_to(sink[0], level="info", human=False) as log:
        for _ in range(10):
            logger.info("x")
        dropped = log.dropped
    assert dropped > 0
    last = json.loads(sink[1].read_text().splitlines()[-1])
    assert last["event"].startswith(f"{dropped} log records were dropped")


def test_a_closed_pipe_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with logging_to(writer, level="info", human=False):
        logger.info("to nobody")
    os.close(writer)


def test_logging_is_afterwards_as_it_was_before(sink: tuple[int, Path]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with logging_to(sink[0], level="debug", human=False):
        assert root.handlers != before[0]
    assert (root.handlers, root.level) == before
