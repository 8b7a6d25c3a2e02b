import pytest

from gateway.frontends.swift.operations import OPERATIONS, Operation
from tests.unit.swift.reference import PAGE, note, page


def test_page() -> None:
    assert PAGE.read_text() == page(), "make it anew: python -m tests.unit.swift.reference"


@pytest.mark.parametrize(
    ("method", "operation"), [(method, each) for rows in OPERATIONS.values() for method, each in rows.items()]
)
def test_every_operation_is_told(method: str, operation: Operation) -> None:
    assert note(method, operation).endswith(".")
