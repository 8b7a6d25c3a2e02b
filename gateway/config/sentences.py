"""What pydantic found wrong, said so that a person knows what to do. No value that could be a secret is repeated."""

import difflib
from collections.abc import Collection, Iterator
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.config.problems import Fault


def suggestion(word: str, known: Collection[str]) -> str:
    """What to put instead of a word that isn't known."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is {', '.join(sorted(known))}" if known else ""


def faults(error: ValidationError, model: type[BaseModel]) -> Iterator[Fault]:
    """The faults that the validation of `model` found."""
    for details in error.errors(include_input=False, include_url=False):
        yield Fault(details["loc"], _sentence(details, model))


def _sentence(details: ErrorDetails, model: type[BaseModel]) -> str:
    path = details["loc"]
    match details["type"]:
        case "extra_forbidden":
            name, known = str(path[-1]), _known_keys(model, path[:-1])
            if name in known:
                return "is a key of another `type` only; remove it, or choose that type"
            return "is not a key that is known here" + suggestion(name, known)
        case "missing":
            return "is missing; add it"
        case "string_type":
            return "should be text; put it in quotes"
        case "string_pattern_mismatch":
            return "holds a character that is not allowed in it, or is empty or too long"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "should be a mapping of keys"
        case "tuple_type" | "list_type":
            return "should be a list"
        case "union_tag_not_found":
            return "has no `type`; add one"
        case "union_tag_invalid":
            return f"has a type that is not known; there is {details['ctx']['expected_tags']}"
        case _:
            words = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
            return words[0].lower() + words[1:]


def _known_keys(model: type[BaseModel], path: tuple[str | int, ...]) -> Collection[str]:
    """The keys that the mapping at `path` may have."""
    models = [model]
    for part in path:
        annotations = [_below(found, part) for found in models]
        models = [below for annotation in annotations for below in _models(annotation)] or models
    return {name for found in models for name in found.model_fields}


def _below(model: type[BaseModel], part: str | int) -> object:
    field = model.model_fields.get(part) if isinstance(part, str) else None
    return field.annotation if field else None


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """The models in an annotation, whatever lists, mappings and unions are around them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Annotated, Union, UnionType, dict, tuple, list}:
        for argument in get_args(annotation):
            yield from _models(argument)
