import pytest

from gateway.core import errors
from gateway.core.errors import BadDigest, BadRange, Busy, ConditionFailed, DeadlineExceeded, StoreError, Unavailable


def every(kind: type[StoreError]) -> list[type[StoreError]]:
    found = [kind, *[below for child in kind.__subclasses__() for below in every(child)]]
    return [below for below in found if below.__module__ == errors.__name__]


def test_every_error_of_the_module_is_in_the_tree() -> None:
    named = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert set(every(StoreError)) == named


@pytest.mark.parametrize("kind", every(StoreError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_text_and_takes_another(kind: type[StoreError]) -> None:
    plain = BadRange(0) if kind is BadRange else kind()
    assert plain.message == kind.text == str(plain)
    assert kind.text[0].isupper()
    other = BadRange(0, "other") if kind is BadRange else kind(message="other")
    assert other.message == "other"


def test_errors_carry_what_frontends_tell() -> None:
    assert BadRange(7).size == 7
    assert BadDigest("crc32c").algorithm == "crc32c"
    assert BadDigest().algorithm == "md5"
    assert ConditionFailed(missing=True).missing
    assert not ConditionFailed().missing
    assert Busy(retry_after=2.5).retry_after == 2.5
    assert Busy().retryable
    assert DeadlineExceeded().retryable
    assert not Unavailable(retryable=False).retryable
