from collections.abc import Iterator
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway.frontends.s3.chunked  # noqa: F401  the errors of bodies belong to the tree
from gateway.auth.errors import AuthCode, AuthError
from gateway.core import errors
from gateway.core.errors import StoreError
from gateway.frontends.s3.codes import BY_NAME, Code
from gateway.frontends.s3.errors import STORE_ERRORS, BadBody, S3Error, error_xml, of_auth, of_store


def tree(kind: type[StoreError]) -> Iterator[type[StoreError]]:
    """The errors that a frontend may know. What a store has of its own counts as its base."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith(("gateway.core.", "gateway.frontends.s3.")):
            yield from tree(child)


def test_every_store_error_stands_in_the_table() -> None:
    assert set(tree(StoreError)) == STORE_ERRORS.keys()


class Unheard(errors.NoSuchKey):
    """A class that the table does not know."""


def test_an_unknown_class_counts_as_its_base() -> None:
    assert of_store(Unheard()).code is Code.NO_SUCH_KEY


@pytest.mark.parametrize(
    ("error", "code", "status"),
    (
        (errors.StoreError(), "InternalError", 500),
        (errors.NoSuchBucket(), "NoSuchBucket", 404),
        (errors.NoSuchKey(), "NoSuchKey", 404),
        (errors.NoSuchVersion(), "NoSuchVersion", 404),
        (errors.NoSuchUpload(), "NoSuchUpload", 404),
        (errors.NotEmpty(), "BucketNotEmpty", 409),
        (errors.ConditionFailed(), "PreconditionFailed", 412),
        (errors.ConditionFailed(missing=True), "NoSuchKey", 404),
        (errors.NotModified(), "NotModified", 304),
        (errors.BadRange(10), "InvalidRange", 416),
        (errors.BadDigest(), "BadDigest", 400),
        (errors.IncompleteBody(), "IncompleteBody", 400),
        (errors.BodyTimeout(), "RequestTimeout", 400),
        (errors.InvalidPart(), "InvalidPart", 400),
        (errors.InvalidPartOrder(), "InvalidPartOrder", 400),
        (errors.PartTooSmall(), "EntityTooSmall", 400),
        (errors.TooLarge(), "EntityTooLarge", 400),
        (errors.QuotaExceeded(), "QuotaExceeded", 507),
        (errors.OutOfSpace(), "InsufficientStorage", 507),
        (errors.Denied(), "AccessDenied", 403),
        (errors.Unsupported(), "NotImplemented", 501),
        (errors.Corrupt(), "InternalError", 500),
        (errors.Unavailable(), "ServiceUnavailable", 503),
        (errors.DeadlineExceeded(), "ServiceUnavailable", 503),
        (errors.Busy(), "SlowDown", 503),
        (BadBody(Code.MALFORMED_TRAILER), "MalformedTrailerError", 400),
    ),
)
def test_codes_of_store_errors(error: StoreError, code: str, status: int) -> None:
    found = of_store(error)
    assert (found.code, found.status) == (code, status)
    assert found.message


def test_c18_quota_and_full_device_answer_507() -> None:
    assert {of_store(errors.QuotaExceeded()).status, of_store(errors.OutOfSpace()).status} == {507}


def test_facts_of_errors_reach_headers_and_elements() -> None:
    assert of_store(errors.Busy(retry_after=1.2)).headers == {"Retry-After": "2"}
    found = of_store(errors.BadRange(10))
    assert found.headers == {"Content-Range": "bytes */10"}
    assert found.elements == {"ActualObjectSize": "10"}
    assert of_store(errors.BadDigest("crc32c")).message.startswith("The CRC32C you specified")


def test_an_internal_error_tells_nothing_of_the_inside() -> None:
    assert "secret" not in of_store(errors.Corrupt("secret path /srv/x")).message


@pytest.mark.parametrize("code", AuthCode)
def test_every_authentication_error_is_one_of_s3(code: AuthCode) -> None:
    found = of_auth(AuthError(code, "why", Region="eu"))
    assert (found.code, found.message, found.elements) == (code.value, "why", {"Region": "eu"})


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_status_and_a_text(code: Code) -> None:
    assert BY_NAME[code.value] is code
    assert 300 <= code.status < 600
    assert code.text


def test_the_document() -> None:
    error = S3Error(Code.NO_SUCH_KEY, Key='a&b<"')
    found = error_xml(error, resource="/b/a&b", request_id="tx1", host_id="h")
    assert found == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        b"<Message>The specified key does not exist.</Message><Key>a&amp;b&lt;&quot;</Key>"
        b"<Resource>/b/a&amp;b</Resource><RequestId>tx1</RequestId><HostId>h</HostId></Error>"
    )


@given(st.text(st.characters()))
def test_every_document_can_be_parsed(value: str) -> None:
    error = S3Error(Code.INVALID_ARGUMENT, value, ArgumentValue=value)
    root = fromstring(error_xml(error, resource=value, request_id="", host_id=""))
    assert root.findtext("Code") == "InvalidArgument"
    if value.isprintable():
        assert root.findtext("ArgumentValue") == value


def test_the_document_stands_in_for_what_no_xml_can_hold() -> None:
    error = S3Error(Code.INVALID_ARGUMENT, ArgumentValue="\0\ud800\uffff\x7f\n")
    root = fromstring(error_xml(error, resource="/", request_id="", host_id=""))
    assert root.findtext("ArgumentValue") == "\ufffd\ufffd\ufffd\x7f\n"


def test_not_modified_has_no_document() -> None:
    assert error_xml(S3Error(Code.NOT_MODIFIED), resource="/", request_id="", host_id="") == b""
