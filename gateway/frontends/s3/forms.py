"""A form on its way in: its fields at once, and its file as a body that streams.

Source: "Browser-based uploads using POST" in the Amazon S3 API Reference.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from gateway.auth.forms import POLICY, FormPolicy, parse_policy
from gateway.core.body import Body
from gateway.core.types import Key
from gateway.frontends.http.body import RequestBody
from gateway.frontends.http.formdata import (
    BadForm,
    Data,
    Event,
    Fault,
    Field,
    FileBegin,
    FileEnd,
    FormDecoder,
    boundary_of,
)
from gateway.frontends.s3 import tags
from gateway.frontends.s3.address import check_length
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import BadBody, S3Error
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.xmlin import Reader

_FILE = "file"
_FILE_NAME = "${filename}"

_FAULTS: Mapping[Fault, Code] = {
    Fault.MALFORMED: Code.MALFORMED_POST_REQUEST,
    Fault.TOO_MUCH: Code.MAX_POST_PRE_DATA_LENGTH_EXCEEDED,
}

_HEADERS: Mapping[str, str] = {
    "acl": "x-amz-acl",
    **{
        name: name
        for name in (
            "cache-control",
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-md5",
            "content-type",
            "expires",
        )
    },
}
"""Fields that mean what a header of PutObject does."""

_AMAZONS = (
    "x-amz-checksum-",
    "x-amz-grant-",
    "x-amz-meta-",
    "x-amz-object-lock-",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
)
"""What the names of Amazon's own begin with that mean the same in a form."""

_TAGGING = "tagging"
"""The field that holds tags, as a document."""

_ABOUT_CLIENT = ("host", "referer", "user-agent", "origin")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class FormFile(Body):
    """The file of a form. A policy's limits and the end of the form are checked in the stream."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events
        self.size = None
        self.sizes: tuple[int, int] | None = None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        received = 0
        is_whole = False
        async for event in self._events:
            match event:
                case Data(data):
                    received += len(data)
                    if self.sizes and received > self.sizes[1]:
                        raise BadBody(Code.ENTITY_TOO_LARGE)
                    yield data
                case FileEnd():
                    is_whole = True
                case FileBegin():
                    raise BadBody(Code.INCORRECT_NUMBER_OF_FILES_IN_POST)
                case _:
                    pass  # what follows the file counts for nothing
        if is_whole and self.sizes and received < self.sizes[0]:
            raise BadBody(Code.ENTITY_TOO_SMALL)


@dataclass(frozen=True, slots=True)
class Form:
    """A form as far as it has come. `fields` have lower-case names; of one that is sent twice the first counts."""

    fields: Mapping[str, str]
    file: FormFile

    def key(self, bucket: str) -> Key:
        """What the upload is to be called. Raises `S3Error`."""
        name = self.fields.get("key", "")
        if not name:
            raise S3Error(
                Code.INVALID_ARGUMENT,
                "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the "
                "fields.",
                ArgumentName="key",
            )
        check_length(name)
        return Key(bucket, name)

    def check(self, bucket: str) -> None:
        """Hold the fields against the form's policy, if it has one. Raises `AuthError`."""
        if POLICY not in self.fields:
            return
        policy: FormPolicy = parse_policy(self.fields[POLICY])
        policy.check({**self.fields, "bucket": bucket}, datetime.now(UTC))
        self.file.sizes = policy.sizes

    def headers(self, headers: Mapping[str, str], tagging: Reader) -> Mapping[str, str]:
        """The headers that a PutObject would have in the form's stead. `tagging` reads tags. Raises `S3Error`."""
        found = {name: headers[name] for name in _ABOUT_CLIENT if name in headers}
        for name, value in self.fields.items():
            header = name if name.startswith(_AMAZONS) else _HEADERS.get(name)
            if header is not None and value:
                if not _TOKEN.fullmatch(header) or _CONTROLS.search(value):
                    raise S3Error(Code.INVALID_ARGUMENT, ArgumentName=name)
                found[header] = value
        if document := self.fields.get(_TAGGING):
            found[tags.HEADER] = _tags(tagging(document.encode()))
        return found


def _without_folders(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _tags(document: Record | None) -> str:
    return "" if document is None else tags.of_document(document, tags.OF_OBJECT)


@asynccontextmanager
async def receiving(request: web.BaseRequest, content_type: str, stall: float) -> AsyncIterator[Form]:
    """The form in a request. Raises `S3Error`, and what a body raises."""
    boundary = boundary_of(content_type)
    if boundary is None:
        raise S3Error(
            Code.PRECONDITION_FAILED, Condition="Bucket POST must be of the enclosure-type multipart/form-data"
        )
    async with aclosing(_events(RequestBody(request, stall), boundary)) as events:
        yield await _form(events)


async def _events(body: Body, boundary: bytes) -> AsyncGenerator[Event, None]:
    decoder = FormDecoder(boundary, lambda name, _: name == _FILE)
    async with aclosing(body.chunks()) as chunks:
        async for chunk in chunks:
            try:
                events = decoder.feed(chunk)
            except BadForm as error:
                raise BadBody(_FAULTS[error.fault]) from None
            for event in events:
                yield event
    decoder.finish()


async def _form(events: AsyncIterator[Event]) -> Form:
    fields: dict[str, str] = {}
    async for event in events:
        match event:
            case Field(name, value):
                fields.setdefault(name, value)
            case FileBegin(name):
                if "key" in fields:
                    fields["key"] = fields["key"].replace(_FILE_NAME, _without_folders(name))
                return Form(fields, FormFile(events))
            case _:
                raise RuntimeError("a file goes on before it begins")
    raise S3Error(Code.INCORRECT_NUMBER_OF_FILES_IN_POST)
