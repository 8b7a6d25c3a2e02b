"""Patterns in policies: `*` stands for any text, `?` for one character, `${name}` for what a request says."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

Values = Mapping[str, tuple[str, ...]]
"""What is known of a request, by condition key in lower case."""

_STAR = "*"
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_LITERALS = frozenset("*?$")
"""Variables that stand for the characters that have a meaning of their own."""


def matches(pattern: str, text: str, values: Values | None = None) -> bool:
    """Whether a whole `text` is of a pattern; variables are replaced if `values` are given.

    A pattern with a variable that has no value, or several, matches nothing.
    """
    if values is None or "${" not in pattern:
        return _plain(pattern).fullmatch(text) is not None
    atoms: list[str] = []
    for index, part in enumerate(_VARIABLE.split(pattern)):
        if index % 2 == 0:
            atoms += _atoms(part)
        elif (value := _value(part, values)) is not None:
            atoms += map(re.escape, value)
        else:
            return False
    return _compiled(atoms).fullmatch(text) is not None


def resolve(text: str, values: Values) -> str | None:
    """`text` with its variables replaced; None where one has no value, or several."""
    if "${" not in text:
        return text
    found = [_value(part, values) if index % 2 else part for index, part in enumerate(_VARIABLE.split(text))]
    known = [part for part in found if part is not None]
    return "".join(known) if len(known) == len(found) else None


def _value(name: str, values: Values) -> str | None:
    if name in _LITERALS:
        return name
    found = values.get(name.strip().lower(), ())
    return found[0] if len(found) == 1 else None


def _atoms(pattern: str) -> Iterator[str]:
    """Each character as a regular expression has it, apart from stars."""
    for character in pattern:
        yield character if character == _STAR else "." if character == "?" else re.escape(character)


@lru_cache(1024)
def _plain(pattern: str) -> re.Pattern[str]:
    return _compiled([*_atoms(pattern)])


def _compiled(atoms: list[str]) -> re.Pattern[str]:
    """An expression in which each star takes the least that will do, and never tries anew.

    For patterns of this kind that is right, and it takes no more steps than the product of both lengths.
    """
    stretches = [""]
    for atom in atoms:
        if atom == _STAR:
            stretches.append("")
        else:
            stretches[-1] += atom
    first, *rest = stretches
    if not rest:
        return re.compile(first, re.DOTALL)
    middle = "".join(f"(?>.*?{stretch})" for stretch in rest[:-1] if stretch)
    return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL)
