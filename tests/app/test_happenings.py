import pytest

from gateway.core.context import RequestContext
from gateway.core.events import Access, Happened, Kind
from gateway.frontends.ftp.commands import COMMANDS
from gateway.frontends.ftp.frontend import FtpFrontend
from gateway.frontends.s3.frontend import S3Frontend
from gateway.frontends.s3.operations import OPERATIONS as S3_OPERATIONS
from gateway.frontends.s3.website.site import OPERATION as WEBSITE
from gateway.frontends.swift.frontend import SwiftFrontend
from gateway.frontends.swift.operations import MANY
from gateway.frontends.swift.operations import OPERATIONS as SWIFT_OPERATIONS
from gateway.telemetry.happenings import Herald

CONTEXT = RequestContext("tx1", "192.0.2.1", "s3", "t:u")


def told(operation: str, status: int = 200, error: str = "") -> list[Happened]:
    found: list[Happened] = []
    access = Access(CONTEXT, operation, status, 0.5, "b", "k", received=3, sent=7, error=error, source="/b/j")
    Herald({"s3": S3Frontend.kinds}, found.append).observe(access)
    return found


@pytest.mark.parametrize(
    ("operation", "kind", "size"),
    (("PutObject", Kind.UPLOAD, 3), ("GetObject", Kind.DOWNLOAD, 7), ("RenameObject", Kind.RENAME, 0)),
)
def test_what_has_succeeded_is_told(operation: str, kind: Kind, size: int) -> None:
    assert told(operation) == [Happened(kind, CONTEXT, "b", "k", size, 0.5, "/b/j")]


@pytest.mark.parametrize(
    ("operation", "status", "error"),
    (("ListObjectsV2", 200, ""), ("GetObject", 304, ""), ("PutObject", 403, "Denied"), ("GetObject", 200, "Cancelled")),
)
def test_nothing_else_is_told(operation: str, status: int, error: str) -> None:
    assert told(operation, status, error) == []


def test_the_operations_that_are_told_of_exist() -> None:
    swift = {operation.name for level in SWIFT_OPERATIONS.values() for operation in level.values()}
    assert set(SwiftFrontend.kinds) <= swift | {operation.name for _, operation in MANY.values()}
    assert set(S3Frontend.kinds) <= {*S3_OPERATIONS, WEBSITE}
    assert all(getattr(COMMANDS[verb], "told", False) for verb in FtpFrontend.kinds)
