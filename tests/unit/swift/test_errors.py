from collections.abc import Iterator

import pytest

from gateway.core import errors as core
from gateway.frontends.swift.answers import refused
from gateway.frontends.swift.errors import REASONS, STORE_ERRORS, Refusal, of_store


def descendants(kind: type[core.StoreError]) -> Iterator[type[core.StoreError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == core.__name__:
            yield from descendants(child)


def made(kind: type[core.StoreError]) -> core.StoreError:
    return kind(7) if kind is core.BadRange else kind()


@pytest.mark.parametrize("kind", tuple(descendants(core.StoreError)))
def test_every_error_of_a_store_has_an_answer(kind: type[core.StoreError]) -> None:
    refusal = of_store(made(kind))
    assert kind in STORE_ERRORS
    assert refusal.status in REASONS
    assert refused(refusal).status == refusal.status


@pytest.mark.parametrize(
    ("error", "status"),
    (
        (core.NoSuchBucket(), 404),
        (core.NoSuchKey(), 404),
        (core.NotEmpty(), 409),
        (core.AlreadyExists(), 409),
        (core.ConditionFailed(), 412),
        (core.NotModified(), 304),
        (core.BadDigest(), 422),
        (core.IncompleteBody(), 499),
        (core.BodyTimeout(), 408),
        (core.InvalidName(), 400),
        (core.TooLarge(), 413),
        (core.QuotaExceeded(), 413),
        (core.OutOfSpace(), 507),
        (core.Denied(), 403),
        (core.Unsupported(), 501),
        (core.Corrupt(), 500),
        (core.Unavailable(), 503),
    ),
)
def test_statuses(error: core.StoreError, status: int) -> None:
    assert of_store(error).status == status


def test_a_class_that_the_table_lacks_counts_as_its_base() -> None:
    class Odd(core.NoSuchKey):
        pass

    assert of_store(Odd()).status == 404


def test_headers_that_errors_bring() -> None:
    assert of_store(core.BadRange(10)).headers == {"Content-Range": "bytes */10"}
    assert of_store(core.Busy(retry_after=1.2)).headers == {"Retry-After": "2"}


def test_the_page_is_swifts_own() -> None:
    answer = refused(Refusal(404))
    assert answer.body == b"<html><h1>Not Found</h1><p>The resource could not be found.</p></html>"
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert refused(Refusal(304)).body == b""


def test_texts_are_escaped_in_html() -> None:
    answer = refused(Refusal(400, "Bad <script>alert('é & \udcff')</script>"))
    assert answer.body == "Bad &lt;script&gt;alert('é &amp; ?')&lt;/script&gt;".encode()


def test_who_has_to_log_in_again_is_told_how() -> None:
    refusal = of_store(core.LoginExpired())
    assert (refusal.status, refusal.headers) == (401, {"WWW-Authenticate": 'Swift realm="unknown"'})
