"""Makes `docs/settings.md` from the models of the configuration: `python -m tests.unit.config.reference`."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ByteSize, SecretStr
from pydantic.fields import FieldInfo

from gateway.config.settings import Config

KIND = "type"

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"

HEAD = """\
# Settings

This page is made from the models that check a configuration: all keys, with their defaults. What they are for is told
by topic in [configuration.md](configuration.md). Keys without a default must be stated. Sizes are in bytes, or written
as `64MiB`; times are in seconds. Every key can be set by the environment too: `frontends.s3.port` is
`PORTICO_FRONTENDS__S3__PORT`.
"""

_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "number",
    float: "number",
    str: "text",
    SecretStr: "secret",
    ByteSize: "size",
}


def page() -> str:
    sections = {id(model): _section(path, model) for path, model in reversed([*_models_below("", Config)])}
    return HEAD + "".join(reversed(sections.values()))


def undescribed() -> Iterator[str]:
    """Settings that say nothing of themselves, and are no parts with a section of their own."""
    for _, model in _models_below("", Config):
        for name, field in model.model_fields.items():
            if not (field.description or name == KIND or any(_models(field.annotation, ""))):
                yield f"{model.__name__}.{name}"


def _models_below(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """A model and those that are parts of it, each with the path at which it stands."""
    yield path, model
    for name, field in model.model_fields.items():
        for beneath, found in _models(field.annotation, f"{path}.{name}".lstrip(".")):
            yield from _models_below(beneath, found)


def _section(path: str, model: type[BaseModel]) -> str:
    kind = model.model_fields.get(KIND)
    title = (f"`{path}`" if path else "At the top") + (f" of type `{kind.default}`" if kind else "")
    rows = (_row(name, field) for name, field in model.model_fields.items())
    return f"\n## {title}\n\n{_text(model.__doc__)}\n\n| key | default | |\n|---|---|---|\n{''.join(rows)}"


def _row(name: str, field: FieldInfo) -> str:
    kinds = _kinds(field.annotation)
    told = _text(field.description) or ("What it is." if name == KIND else "See below.")
    shape = f" ({kinds}{_bounds(field)})" if kinds else ""
    return f"| `{name}` | {_default(field)} | {told}{shape} |\n"


def _is_tag(field: FieldInfo) -> bool:
    """Which model is meant is told by it, so that it has but one value."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


def _text(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip().replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.is_required() or _is_tag(field):
        return "must be stated"
    if isinstance(field.default_factory, type) and issubclass(field.default_factory, BaseModel):
        return "its own"
    if isinstance(field.default_factory, type):
        return "none"
    if field.default_factory is not None:
        return "depends on the machine"
    return f"`{_written(field.default)}`"


def _written(value: object) -> str:
    """A value as a configuration states it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case ByteSize():
            return _binary(value)
        case tuple():
            return f"[{', '.join(map(_written, value))}]"
        case float():
            return f"{value:g}" if value < 1e6 else str(int(value))
        case _:
            return str(value)


def _binary(size: int) -> str:
    """A size in the largest unit that divides it."""
    units = ["", "KiB", "MiB", "GiB"]
    while size and not size % 1024 and len(units) > 1:
        size //= 1024
        units.pop(0)
    return f"{size}{units[0]}"


def _kinds(annotation: object) -> str:
    return " or ".join(dict.fromkeys(_kind(annotation)))


def _kind(annotation: object) -> Iterator[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _kind(arguments[0])
    elif origin in {Union, UnionType}:
        for argument in arguments:
            yield from _kind(argument)
    elif origin is Literal:
        yield from (f"`{_written(value)}`" for value in arguments)
    elif origin is tuple:
        yield f"list of {_kinds(arguments[0])}" if _kinds(arguments[0]) else "list"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (f"`{value.value}`" for value in annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Path):
        yield "path"
    elif isinstance(annotation, type) and annotation in _WORDS:
        yield _WORDS[annotation]


def _bounds(field: FieldInfo) -> str:
    return "".join(f", {bound}" for item in field.metadata if (bound := _bound(item)))


def _bound(item: object) -> str:
    match item:
        case Ge(ge=bound):
            return f"from {_written(bound)}"
        case Gt(gt=bound):
            return f"above {_written(bound)}"
        case Le(le=bound):
            return f"up to {_written(bound)}"
        case _:
            return ""


def _models(annotation: object, path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models in an annotation, each with the path at which it stands."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield path, annotation
        return
    origin = get_origin(annotation)
    if origin in {Annotated, Union, UnionType, dict, tuple}:
        mark = {dict: ".<name>", tuple: "[]"}.get(origin, "")
        for argument in get_args(annotation):
            yield from _models(argument, path + mark)


if __name__ == "__main__":
    PAGE.write_text(page())
