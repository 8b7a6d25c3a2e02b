import pytest

from gateway.frontends.s3 import model, quirks
from gateway.frontends.s3.operations import OPERATIONS
from gateway.frontends.s3.refused import REASONS
from gateway.frontends.s3.route import not_implemented
from tests.unit.s3.reference import BESIDE, PAGE, page


def test_the_page_of_operations_is_the_table_of_operations() -> None:
    assert PAGE.read_text() == page(), "make it anew: python -m tests.unit.s3.reference"


def test_every_operation_of_the_model_has_one_row() -> None:
    rows = [line.split(" ")[1] for line in page().splitlines() if line.startswith("| ")]
    names = set(model.load().operations) - BESIDE | quirks.UNREACHABLE
    assert sorted(row for row in rows if row != "operation") == sorted(names)


def test_reasons_are_those_of_operations_that_are_refused() -> None:
    assert REASONS.keys() <= model.load().operations.keys()
    assert not REASONS.keys() & OPERATIONS.keys()


@pytest.mark.parametrize("name", ("GetObjectTorrent", "SelectObjectContent"))
def test_a_refusal_names_the_operation_and_says_why(name: str) -> None:
    message = not_implemented(model.load().operations[name]).message
    assert message == f"The operation {name} is not implemented: {REASONS[name]}."
