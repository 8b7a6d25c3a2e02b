"""Replies (RFC 959, section 4.2): their wire form, and the one table from store errors to codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from gateway.core import errors
from gateway.frontends.ftp.names import UTF8, encoded

INVALID_OFFSET = 554

NAME_REFUSED = "Files of this name are not taken from you"

_LINE_ENDS = re.compile(r"[\r\n\0]")


class Then(Enum):
    """What becomes of the control connection once a reply was sent."""

    GO_ON = auto()
    CLOSE = auto()
    PROTECT = auto()
    """TLS begins."""
    UNPROTECT = auto()
    """TLS ends."""


class Reply(NamedTuple):
    """A reply of one line; with a `head` one of several, where `lines` stand indented between it and the text.

    `encoding`: see `names.encoded`.
    """

    code: int
    text: str
    head: str = ""
    lines: tuple[str, ...] = ()
    then: Then = Then.GO_ON
    encoding: str = UTF8

    def encode(self) -> bytes:
        last = f"{self.code} {one_line(self.text)}\r\n"
        if not self.head:
            return encoded(last, self.encoding)
        middle = "".join(f" {one_line(line)}\r\n" for line in self.lines)
        return encoded(f"{self.code}-{one_line(self.head)}\r\n{middle}{last}", self.encoding)


class Refused(Exception):
    """A handler's way to end its command with a reply from any depth."""

    def __init__(self, code: int, text: str, then: Then = Then.GO_ON) -> None:
        super().__init__(text)
        self.reply = Reply(code, text, then=then)


def one_line(text: str) -> str:
    """`text` without what ends a line, so that no name can forge one; no other name is changed."""
    return text if text.isprintable() else _LINE_ENDS.sub("?", text)


def quoted(path: str) -> str:
    """A path as 257 carries it: in quotes, those in it doubled (RFC 959, appendix II)."""
    return '"' + path.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Failure:
    """What a kind of store error is to an FTP client: a code, and words that stand before the error's own message."""

    code: int
    words: str


FAILURES: Mapping[type[errors.StoreError], Failure] = {
    errors.StoreError: Failure(451, "I/O error"),
    errors.NotFound: Failure(550, "Not found"),
    errors.NoSuchAccount: Failure(550, "Not found"),
    errors.NoSuchBucket: Failure(550, "Not found"),
    errors.NoSuchKey: Failure(550, "Not found"),
    errors.DeleteMarker: Failure(550, "Not found"),
    errors.NoSuchVersion: Failure(550, "Not found"),
    errors.NoSuchUpload: Failure(550, "Not found"),
    errors.AlreadyExists: Failure(550, "Exists already"),
    errors.NotEmpty: Failure(550, "Not empty"),
    errors.KeyRequired: Failure(550, "Access denied"),
    errors.KeyRefused: Failure(550, "Access denied"),
    errors.InvalidVersion: Failure(550, "Not permitted"),
    errors.IsADirectory: Failure(550, "Not permitted"),
    errors.NotADirectory: Failure(550, "Not permitted"),
    errors.ConditionFailed: Failure(450, "Changed meanwhile"),
    errors.NotModified: Failure(450, "Not changed"),
    errors.BadRange: Failure(INVALID_OFFSET, "Invalid offset"),
    errors.BrokenSegment: Failure(451, "Broken file"),
    errors.DanglingLink: Failure(550, "No such file"),
    errors.BrokenLink: Failure(451, "Broken file"),
    errors.BadRequest: Failure(550, "Not permitted"),
    errors.BadDigest: Failure(550, "Damaged on the way"),
    errors.IncompleteBody: Failure(426, "Transfer aborted"),
    errors.BodyTimeout: Failure(426, "Transfer aborted"),
    errors.InvalidName: Failure(553, "Invalid name"),
    errors.InvalidPart: Failure(550, "Not permitted"),
    errors.InvalidPartOrder: Failure(550, "Not permitted"),
    errors.RetentionOver: Failure(550, "Not permitted"),
    errors.LocksOff: Failure(550, "Not permitted"),
    errors.PartTooSmall: Failure(550, "Not permitted"),
    errors.TooLarge: Failure(552, "Too large"),
    errors.LocksOn: Failure(550, "Not permitted"),
    errors.VersioningOff: Failure(550, "Not permitted"),
    errors.VersionsArchived: Failure(550, "Not permitted"),
    errors.NotArchived: Failure(550, "Not permitted"),
    errors.QuotaExceeded: Failure(552, "Quota exceeded"),
    errors.OutOfSpace: Failure(452, "Out of space"),
    errors.Denied: Failure(550, "Access denied"),
    errors.Locked: Failure(550, "Access denied"),
    errors.ReadOnly: Failure(550, "Access denied"),
    errors.LoginExpired: Failure(530, "Not logged in"),
    errors.Unsupported: Failure(550, "Not supported"),
    errors.Corrupt: Failure(451, "I/O error"),
    errors.Unavailable: Failure(451, "I/O error"),
    errors.CredentialsRefused: Failure(451, "I/O error"),
    errors.DeadlineExceeded: Failure(451, "I/O error"),
    errors.Busy: Failure(450, "Busy"),
}


def failure_reply(error: errors.StoreError) -> Reply:
    """The reply to what the store raised."""
    failure = next(FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)
    return Reply(failure.code, f"{failure.words}: {error.message}")
