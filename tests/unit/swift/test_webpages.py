import pytest

from gateway.frontends.swift.webpages import css_of, size_of


@pytest.mark.parametrize(
    ("size", "text"),
    ((0, "0"), (1023, "1023"), (1024, "1Ki"), (1535, "1Ki"), (1537, "2Ki"), (10 << 20, "10Mi"), (3 << 40, "3Ti")),
)
def test_sizes(size: int, text: str) -> None:
    assert size_of(size) == text


@pytest.mark.parametrize(
    ("sheet", "prefix", "reference"),
    (
        ("", "a/", ""),
        ("a b.css", "", "a%20b.css"),
        ("look.css", "a/b/", "../../look.css"),
        ("/look.css", "a/", "/look.css"),
        ("https://example.org/look.css", "a/", "https://example.org/look.css"),
    ),
)
def test_sheets(sheet: str, prefix: str, reference: str) -> None:
    assert css_of(sheet, prefix) == reference
