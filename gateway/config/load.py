"""From a file, the environment and options to a `Config`, or to everything that is wrong with them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from pydantic import ValidationError

from gateway.config import references, sentences
from gateway.config.document import Document, read
from gateway.config.overrides import apply_environment, apply_option
from gateway.config.problems import ConfigError, Fault, Origin, Path, Problem, dotted, locate
from gateway.config.settings import DEFAULT, DEFAULT_DATA, MAIN, Config


@dataclass(frozen=True, slots=True)
class Option:
    """A command line option that sets a value of the configuration."""

    name: str
    path: Path
    value: object


def load(
    file: FilePath | None,
    *,
    data: FilePath | None = None,
    options: Sequence[Option] = (),
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """The configuration: options go before the environment, and that goes before the file.

    Where none of them names a store, an embedded one in `data` serves the namespace `default`. Raises `ConfigError`.
    """
    document = read(file) if file else Document(origins={(): Origin("configuration")})
    apply_environment(document, environ, Config.model_fields)
    for option in options:
        apply_option(document, option.name, option.path, option.value)
    _complete(document, data or DEFAULT_DATA)
    return _validate(document)


def _complete(document: Document, data: FilePath) -> None:
    document.tree.setdefault("stores", {MAIN: {"type": "catalog", "path": str(data)}})
    document.tree.setdefault("namespaces", {DEFAULT: {"store": MAIN}})


def _validate(document: Document) -> Config:
    faults = list(references.faults(document.tree))
    try:
        config = Config.model_validate(document.tree)
    except ValidationError as error:
        faults += sentences.faults(error, Config)
    else:
        if not faults and not document.problems:
            return config
    problems = document.problems + [_problem(fault, document.origins) for fault in faults]
    raise ConfigError(
        sorted(problems, key=lambda problem: (problem.origin.source, problem.origin.line, problem.origin.column))
    )


def _problem(fault: Fault, origins: Mapping[Path, Origin]) -> Problem:
    origin = locate(fault.path, origins)
    return Problem(origin, f"`{dotted(_plain(fault.path, origins))}` {fault.sentence}")


def _plain(path: Path, origins: Mapping[Path, Origin]) -> Path:
    """`path` without the tags of unions, which pydantic puts in."""
    here: Path = ()
    for index, part in enumerate(path):
        if (*here, part) in origins or index == len(path) - 1:
            here = (*here, part)
    return here
