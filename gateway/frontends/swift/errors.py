"""What Swift answers where it refuses: the statuses, their pages, and the one total table from `StoreError` to them.

Sources: RESPONSE_REASONS of OpenStack Swift's `swob`, and what its proxy server is seen to answer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.auth.resellers import in_paths
from gateway.core import errors as core

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reason:
    """The phrase of a status line, and the sentence on the page that goes with it."""

    title: str
    sentence: str = ""

    @property
    def page(self) -> bytes:
        return f"<html><h1>{self.title}</h1><p>{self.sentence}</p></html>".encode() if self.sentence else b""


REASONS: Mapping[int, Reason] = {
    200: Reason("OK"),
    201: Reason("Created"),
    202: Reason("Accepted", "The request is accepted for processing."),
    204: Reason("No Content"),
    206: Reason("Partial Content"),
    301: Reason("Moved Permanently", "The resource has moved permanently."),
    303: Reason("See Other", "The response to the request can be found under a different URI."),
    304: Reason("Not Modified"),
    307: Reason("Temporary Redirect", "The resource has moved temporarily."),
    400: Reason(
        "Bad Request",
        "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    ),
    401: Reason(
        "Unauthorized",
        "This server could not verify that you are authorized to access the document you requested.",
    ),
    403: Reason("Forbidden", "Access was denied to this resource."),
    404: Reason("Not Found", "The resource could not be found."),
    405: Reason("Method Not Allowed", "The method is not allowed for this resource."),
    406: Reason("Not Acceptable", "The resource is not available in a format acceptable to your browser."),
    408: Reason("Request Timeout", "The server has waited too long for the request to be sent by the client."),
    409: Reason("Conflict", "There was a conflict when trying to complete your request."),
    411: Reason("Length Required", "Content-Length header required."),
    412: Reason("Precondition Failed", "A precondition for this request was not met."),
    413: Reason("Request Entity Too Large", "The body of your request was too large for this server."),
    416: Reason("Requested Range Not Satisfiable", "The Range requested is not available."),
    422: Reason("Unprocessable Entity", "Unable to process the contained instructions"),
    423: Reason("Locked", "The resource is locked."),
    497: Reason("Blacklisted"),
    498: Reason("Rate Limited"),
    499: Reason("Client Disconnect", "The client was disconnected during request."),
    500: Reason(
        "Internal Error",
        "The server has either erred or is incapable of performing the requested operation.",
    ),
    501: Reason("Not Implemented", "The requested method is not implemented by this server."),
    502: Reason("Bad Gateway", "Bad gateway."),
    503: Reason("Service Unavailable", "The server is currently unavailable. Please try again at a later time."),
    507: Reason("Insufficient Storage", "There was not enough space to save the resource."),
}


class Refusal(Exception):
    """An answer that is no success. `text` stands in place of the status' own page; it is sent as plain text."""

    def __init__(self, status: int, text: str = "", *, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(text or REASONS[status].sentence)
        self.status = status
        self.text = text
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Rule:
    """How an error of the store is told: with the status' own page, or (`told`) with the error's own message."""

    status: int
    told: bool = False


STORE_ERRORS: Mapping[type[core.StoreError], Rule] = {
    core.StoreError: Rule(500),
    core.NotFound: Rule(404),
    core.NoSuchAccount: Rule(404),
    core.NoSuchBucket: Rule(404),
    core.NoSuchKey: Rule(404),
    core.DeleteMarker: Rule(404),
    core.NoSuchVersion: Rule(404),
    core.NoSuchUpload: Rule(404),
    core.AlreadyExists: Rule(409, told=True),
    core.NotEmpty: Rule(409),
    core.ConditionFailed: Rule(412),
    core.NotModified: Rule(304),
    core.BadRange: Rule(416),
    core.BrokenSegment: Rule(409),
    core.DanglingLink: Rule(404),
    core.BrokenLink: Rule(409, told=True),
    core.BadRequest: Rule(400, told=True),
    core.BadDigest: Rule(422),
    core.IncompleteBody: Rule(499),
    core.BodyTimeout: Rule(408),
    core.InvalidName: Rule(400, told=True),
    core.KeyRequired: Rule(403, told=True),
    core.KeyRefused: Rule(403, told=True),
    core.InvalidVersion: Rule(400, told=True),
    core.IsADirectory: Rule(400, told=True),
    core.NotADirectory: Rule(400, told=True),
    core.InvalidPart: Rule(400, told=True),
    core.InvalidPartOrder: Rule(400, told=True),
    core.RetentionOver: Rule(400, told=True),
    core.LocksOff: Rule(400, told=True),
    core.PartTooSmall: Rule(400, told=True),
    core.TooLarge: Rule(413, told=True),
    core.LocksOn: Rule(409, told=True),
    core.VersioningOff: Rule(409, told=True),
    core.VersionsArchived: Rule(400, told=True),
    core.NotArchived: Rule(412, told=True),
    core.QuotaExceeded: Rule(413, told=True),
    core.OutOfSpace: Rule(507),
    core.Denied: Rule(403),
    core.Locked: Rule(403, told=True),
    core.ReadOnly: Rule(405, told=True),
    core.LoginExpired: Rule(401),
    core.Unsupported: Rule(501, told=True),
    core.Corrupt: Rule(500),
    core.Unavailable: Rule(503),
    core.CredentialsRefused: Rule(503),
    core.DeadlineExceeded: Rule(503),
    core.Busy: Rule(503),
}


def of_store(error: core.StoreError) -> Refusal:
    """What Swift says of an error of the store. A class that the table lacks counts as its nearest base."""
    rule = next(STORE_ERRORS[base] for base in type(error).__mro__ if base in STORE_ERRORS)
    return Refusal(rule.status, error.message if rule.told else "", headers=_headers_of(error))


def refusal_of(error: Refusal | core.StoreError) -> Refusal:
    """What is said of either."""
    return error if isinstance(error, Refusal) else of_store(error)


def _headers_of(error: core.StoreError) -> Mapping[str, str]:
    match error:
        case core.BadRange():
            return {"Content-Range": f"bytes */{error.size}"}
        case core.Busy():
            return {"Retry-After": str(math.ceil(error.retry_after))}
        case core.BrokenLink() | core.DanglingLink() if error.place:
            return {"Content-Location": f"/v1/{in_paths(error.place)}"}
        case core.LoginExpired():
            return {"WWW-Authenticate": 'Swift realm="unknown"'}
        case _:
            return NO_HEADERS
