import pytest

from gateway.config.document import parse
from gateway.config.problems import ConfigError, Origin


def values(text: str) -> object:
    return parse(text.encode(), "f").tree


def test_values_and_where_they_stand() -> None:
    document = parse(b"a:\n  - b: 1\n    c: x\nd: {e: null}\n", "f.yaml")
    assert document.tree == {"a": [{"b": 1, "c": "x"}], "d": {"e": None}}
    assert document.origins["a", 0, "c"] == Origin("f.yaml", 3, 5)
    assert document.origins["d", "e"] == Origin("f.yaml", 4, 5)
    assert not document.problems


def test_an_empty_file_is_an_empty_configuration() -> None:
    assert values("# nothing yet\n") == {}


@pytest.mark.parametrize(
    ("text", "value"),
    (
        ("no", "no"),
        ("on", "on"),
        ("2026-01-31", "2026-01-31"),
        ("12:30:45", "12:30:45"),
        ("30000-30099", "30000-30099"),
        ("010", 10),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("9" * 40, "9" * 40),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("'true'", "true"),
        ("", None),
        ("~", None),
        (".inf", ".inf"),
    ),
)
def test_only_the_core_types_are_implicit(text: str, value: object) -> None:
    assert values(f"key: {text}") == {"key": value}


def test_doubled_keys_are_problems_on_every_level() -> None:
    document = parse(b"a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n", "f")
    assert [str(problem) for problem in document.problems] == [
        "f:3:1: `a` stands a second time (first in line 1); remove one",
        "f:2:17: `b.c` stands a second time (first in line 2); remove one",
    ]


def test_anchors_and_merge_keys_work_and_are_no_doubles() -> None:
    document = parse(b"x: &x {p: 1, q: 2}\ny: &y {<<: *x, q: 3}\nz: *y\n", "f")
    assert document.tree == {"x": {"p": 1, "q": 2}, "y": {"p": 1, "q": 3}, "z": {"p": 1, "q": 3}}
    assert not document.problems


@pytest.mark.parametrize(
    ("text", "where", "words"),
    (
        ("a: b: c", "f:1:5", "mapping values are not allowed"),
        ("a:\n\t- b", "f:2:1", "not valid YAML"),
        ("a: {b: 1", "f:1:9", "not valid YAML"),
        ("- a\n- b", "f:1:1", "must be a mapping"),
        ("just text", "f:1:1", "must be a mapping"),
        ("? [a]\n: 1", "f:1:3", "a key must be plain text"),
        ("a: 1\n---\nb: 2", "f:2:1", "not valid YAML"),
        ("a: &a [*a]", "f:1:4", "deeper than"),
        ("a: \x07", "f:", "not valid YAML in UTF-8"),
    ),
)
def test_what_is_no_configuration_is_refused_with_its_place(text: str, where: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        values(text)
    (problem,) = caught.value.problems
    assert str(problem).startswith(where)
    assert words in problem.sentence


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(ConfigError, match="UTF-8"):
        parse(b"a: \xff\xfe", "f")


@pytest.mark.parametrize(
    "text", ("secret: *hunter2", "secret: !hunter2 x", 'secret: "hunter2\\q"', "secret: !!python/object:hunter2 {}")
)
def test_complaints_do_not_repeat_the_text(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        values(text)
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith("f:1:")


def test_aliases_of_aliases_do_not_blow_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match="holds more than"):
        values("\n".join(lines))
