import pytest

from gateway.core.conditions import SECOND
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.expiry import LAST, expires_of

NOW = 1_800_000_000.5


@pytest.mark.parametrize(
    ("headers", "expected"),
    (
        ({}, None),
        ({"X-Delete-At": "1800000001"}, 1_800_000_001),
        ({"X-Delete-At": " 1900000000 "}, 1_900_000_000),
        ({"X-Delete-At": "1" * 100}, LAST),
        ({"X-Delete-After": "1"}, 1_800_000_001),
        ({"X-Delete-After": "9" * 20}, LAST),
        ({"X-Delete-After": "60", "X-Delete-At": "nonsense"}, 1_800_000_060),
    ),
)
def test_when_an_object_vanishes(headers: dict[str, str], expected: int | None) -> None:
    assert expires_of(headers, NOW) == (None if expected is None else expected * SECOND)


@pytest.mark.parametrize(
    ("headers", "text"),
    (
        ({"X-Delete-At": "soon"}, "Non-integer X-Delete-At"),
        ({"X-Delete-At": ""}, "Non-integer X-Delete-At"),
        ({"X-Delete-At": "1.5"}, "Non-integer X-Delete-At"),
        ({"X-Delete-At": "9" * 5000}, "Non-integer X-Delete-At"),
        ({"X-Delete-At": "1800000000"}, "X-Delete-At in past"),
        ({"X-Delete-At": "-1"}, "X-Delete-At in past"),
        ({"X-Delete-After": "soon"}, "Non-integer X-Delete-After"),
        ({"X-Delete-After": "0"}, "X-Delete-After in past"),
        ({"X-Delete-After": "-60"}, "X-Delete-After in past"),
    ),
)
def test_times_that_cannot_be(headers: dict[str, str], text: str) -> None:
    with pytest.raises(Refusal) as refused:
        expires_of(headers, NOW)
    assert (refused.value.status, refused.value.text) == (400, text)
