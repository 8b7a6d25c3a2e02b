"""What needs no remote: properties in headers and tags, settings, the table of errors."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError, SSLError
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.body import Body
from gateway.core.digest import Algorithm
from gateway.core.errors import (
    AlreadyExists,
    BadRange,
    BadRequest,
    Busy,
    ConditionFailed,
    CredentialsRefused,
    Denied,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NotEmpty,
    OutOfSpace,
    StoreError,
    Unavailable,
    Unsupported,
)
from gateway.core.ranges import Span
from gateway.core.types import Key, ListQuery, Props, PropsChange
from gateway.stores.s3.answer import Answer, parse_time
from gateway.stores.s3.buckets import Buckets
from gateway.stores.s3.client import Client
from gateway.stores.s3.failures import store_error
from gateway.stores.s3.metadata import META, Stated, meta_of, stated_by
from gateway.stores.s3.reading import S3Reader
from gateway.stores.s3.settings import S3StoreSettings
from gateway.stores.s3.streamed import Streamed
from gateway.stores.s3.tags import BucketTags, unpack

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
KNOWN = {
    "ContentType": "content-type",
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentLanguage": "content-language",
}


def carried(stated: Stated) -> Stated:
    """What a remote gives back of what it is given: names in lower case, values as they are."""
    parameters = stated.parameters()
    headers = {META + name: value for name, value in parameters["Metadata"].items()}
    headers |= {KNOWN[name]: value for name, value in parameters.items() if name in KNOWN}
    if "Expires" in parameters:
        headers["expires"] = parameters["Expires"].strftime("%a, %d %b %Y %H:%M:%S GMT")
    for name, value in headers.items():
        assert name == name.lower()
        assert value.isascii()
        assert value.isprintable()
        assert value == value.strip()
    return stated_by(Answer({"ResponseMetadata": {"HTTPHeaders": headers}}))


@given(
    user=st.dictionaries(NAMES, TEXT, max_size=4),
    system=st.dictionaries(
        st.one_of(NAMES, st.sampled_from(["http:cache-control", "http:expires", "http:content-encoding"])), TEXT
    ),
    content_type=TEXT,
    modified=st.one_of(st.none(), st.integers(0, 2**62)),
)
def test_what_is_written_is_read_back_exactly(
    user: dict[str, str], system: dict[str, str], content_type: str, modified: int | None
) -> None:
    props = Props(content_type=content_type, user=user, system=system)
    stated = Stated(props=props, modified=modified, checksums={"sha256": "abc="}, mark="m")
    assert carried(stated) == stated


def test_an_object_that_is_to_vanish_is_refused() -> None:
    with pytest.raises(Unsupported, match="rules of the bucket"):
        Stated(props=Props(expires=1)).parameters()


EXPIRES = ("Thu, 01 Dec 1994 16:00:00 GMT", "0", "Thu, 1 Dec 1994 16:00:00 GMT", "Thursday, 01-Dec-94 16:00:00 GMT")


@pytest.mark.parametrize("value", EXPIRES)
def test_expiry_dates_of_every_form_are_kept(value: str) -> None:
    stated = Stated(props=Props(system={"http:expires": value}))
    assert carried(stated) == stated


def test_plain_metadata_is_plain_to_everybody() -> None:
    props = Props(content_type="text/plain", user={"color": "blue"}, system={"http:cache-control": "no-cache"})
    parameters = Stated(props=props).parameters()
    assert parameters == {"ContentType": "text/plain", "CacheControl": "no-cache", "Metadata": {"color": "blue"}}


@pytest.mark.parametrize(
    "value", ("plain", "=?UTF-8?B?not base64?=", "=?UTF-8?Q?a=20b?=", "=?ISO-8859-1?B?4A==?=", "x =?UTF-8?B?YQ==?=")
)
def test_what_others_wrote_is_shown_as_it_is(value: str) -> None:
    found = stated_by(Answer({"ResponseMetadata": {"HTTPHeaders": {"x-amz-meta-a": value}}}))
    assert found.props.user == {"a": value}


def test_an_answer_without_a_time_is_no_object() -> None:
    with pytest.raises(ValueError, match="date value"):
        meta_of(Key("b", "k"), Answer({"ETag": '"a"', "ResponseMetadata": {"HTTPHeaders": {}}}), 1)


@pytest.mark.parametrize("text", ("2026-11-21T03:14:22.000Z", "2026-11-21T03:14:22Z", "Sat, 21 Nov 2026 03:14:22 GMT"))
def test_times_are_whole_seconds(text: str) -> None:
    assert parse_time(text) == 1795230862 * 10**9


@given(st.dictionaries(NAMES, TEXT, max_size=5), st.dictionaries(NAMES, TEXT, max_size=5))
def test_tags_hold_what_they_are_given(user: dict[str, str], system: dict[str, str]) -> None:
    tags = BucketTags(user, system, {"team": "storage"})
    try:
        pairs = tags.pack()
    except BadRequest:
        assert any(len(text) > 20 for text in map(ascii, [*user, *user.values(), *system, *system.values()]))
        return
    assert unpack(pairs) == tags
    for name, value in pairs:
        assert set(name + value) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-=._:/@ ")


def test_tags_have_limits() -> None:
    with pytest.raises(BadRequest):
        BucketTags({"a": "v" * 257}).pack()
    with pytest.raises(BadRequest):
        BucketTags({str(number): "" for number in range(51)}).pack()


def answered(status: int, code: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation")


TABLE = {
    (404, "NoSuchBucket"): NoSuchBucket,
    (404, "NoSuchKey"): NoSuchKey,
    (404, "404"): NoSuchKey,
    (404, "NoSuchUpload"): NoSuchUpload,
    (403, "AccessDenied"): Denied,
    (403, "403"): Denied,
    (403, "SignatureDoesNotMatch"): CredentialsRefused,
    (403, "RequestTimeTooSkewed"): CredentialsRefused,
    (409, "BucketNotEmpty"): NotEmpty,
    (409, "BucketAlreadyOwnedByYou"): AlreadyExists,
    (409, "ConditionalRequestConflict"): ConditionFailed,
    (409, "OperationAborted"): Unavailable,
    (412, "PreconditionFailed"): ConditionFailed,
    (412, "412"): ConditionFailed,
    (416, "InvalidRange"): BadRange,
    (429, ""): Busy,
    (500, "InternalError"): Unavailable,
    (501, "NotImplemented"): Unsupported,
    (502, ""): Unavailable,
    (503, "SlowDown"): Busy,
    (503, ""): Busy,
    (507, ""): OutOfSpace,
    (418, "Teapot"): Unavailable,
}


@pytest.mark.parametrize(("answer", "error"), TABLE.items(), ids=str)
def test_errors_mean_what_the_table_says(answer: tuple[int, str], error: type[StoreError]) -> None:
    assert type(store_error(answered(*answer))) is error


def test_errors_of_the_connection_are_no_answers() -> None:
    assert store_error(ConnectTimeoutError(endpoint_url="http://secret")).message == Unavailable.text
    for raised in (NoCredentialsError(), SSLError(endpoint_url="https://x", error="expired")):
        error = store_error(raised)
        assert isinstance(error, Unavailable)
        assert not error.retryable


AT = {"last-modified": "Sat, 21 Nov 2026 00:00:00 GMT"}


class Connection:
    """The body of an answer."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("told", "span", "error"),
    (
        ({"content-length": "ten", **AT}, None, Unavailable),
        ({"content-length": "10", **AT}, Span(3, 5), Unavailable),
        ({"content-range": "bytes 0-3/4", **AT}, Span(7), BadRange),
    ),
)
def test_an_answer_that_is_refused_keeps_no_connection(
    told: dict[str, str], span: Span | None, error: type[StoreError]
) -> None:
    connection = Connection()
    answer = Answer({"Body": connection, "ResponseMetadata": {"HTTPHeaders": told}})
    with pytest.raises(error):
        S3Reader(Key("bucket", "object"), answer, span)
    assert connection.closed


class Endless(Body):
    """A body that takes its time to be closed."""

    def __init__(self) -> None:
        self.closing, self.closed = asyncio.Event(), asyncio.Event()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0)
        finally:
            self.closing.set()
            await self.closed.wait()


async def test_who_is_cancelled_while_his_body_is_closed_learns_of_it() -> None:
    body = Endless()

    async def send() -> None:
        async with Streamed(body, {Algorithm.MD5}) as stream:
            async for _ in stream:
                return

    task = asyncio.create_task(send())
    await body.closing.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    body.closed.set()
    with pytest.raises(asyncio.CancelledError):
        await task


class Repeating(Client):
    """A remote whose list of buckets never ends."""

    async def call(self, operation: str, **parameters: object) -> Answer:
        return Answer({"Buckets": [{"Name": "bucket", "CreationDate": 1}], "ContinuationToken": "again"})


async def test_a_list_of_buckets_that_repeats_itself_comes_to_an_end() -> None:
    settings = S3StoreSettings.model_validate({})
    with pytest.raises(Unavailable, match="repeats"):
        await Buckets(Repeating(settings), settings, "owner").list(ListQuery(), None)


class Tagged(Client):
    """A remote with one bucket, which takes its time to tell how old that is to the first who asks."""

    def __init__(self, settings: S3StoreSettings) -> None:
        super().__init__(settings)
        self.tags: list[object] = []
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def call(self, operation: str, **parameters: object) -> Answer:
        if operation == "list_buckets" and not self.asked.is_set():
            self.asked.set()
            await self.answers.wait()
        if operation == "put_bucket_tagging":
            assert isinstance(parameters["Tagging"], dict)
            self.tags = parameters["Tagging"]["TagSet"]
        return Answer({"TagSet": self.tags} if operation == "get_bucket_tagging" else {})


async def test_what_was_asked_before_a_change_is_not_believed_after_it() -> None:
    settings = S3StoreSettings.model_validate({})
    remote = Tagged(settings)
    buckets = Buckets(remote, settings, "owner")
    async with asyncio.TaskGroup() as tasks:
        early = tasks.create_task(buckets.stat("bucket"))
        await remote.asked.wait()
        await buckets.update("bucket", PropsChange(user={"color": "blue"}))
        remote.answers.set()
    assert early.result().user == {}
    assert (await buckets.stat("bucket")).user == {"color": "blue"}
