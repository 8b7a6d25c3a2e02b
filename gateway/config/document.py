"""YAML files, read with the place of every value; doubled keys are refused."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

import yaml

from gateway.config.problems import ConfigError, Origin, Path, Problem, dotted

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 100_000

_TAG = "tag:yaml.org,2002:"

Tree = dict[str, object]
"""What YAML yields: mappings, lists and scalars."""


_SCALARS: Mapping[str, Callable[[str], object]] = {
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: text.lower() == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": float,
    f"{_TAG}str": str,
}


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a configuration and where each of them stands. `problems`: what was wrong while it was read."""

    tree: Tree = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """The scalars of YAML 1.2's core schema: `no` and `2026-01-31` are text, and `010` is ten."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the base class declares it so


for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]{1,18}", list("-+0123456789")),
    ("float", r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"{_TAG}{tag}", re.compile(rf"^(?:{pattern})$"), first)


def read(file: FilePath) -> Document:
    """Read a file. Raises `ConfigError` where it can't be read or is no YAML; doubled keys are told by the document."""
    source = str(file)
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(Origin(source), f"cannot be read: {error.strerror or error}")]) from None
    if len(data) > MAX_BYTES:
        raise ConfigError([Problem(Origin(source), f"is larger than {MAX_BYTES} bytes; this is no configuration")])
    return parse(data, source)


def parse(data: bytes, source: str) -> Document:
    """The document in `data`; `source` is what problems call it. Raises as `read`."""
    try:
        loader = _Loader(data)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
        return _Reader(loader, source).document(root)
    except yaml.MarkedYAMLError as error:
        origin = _origin(source, error.problem_mark or error.context_mark)
        raise ConfigError([Problem(origin, _syntax(error))]) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError([Problem(Origin(source), "is not valid YAML in UTF-8; save it as a text file")]) from None


def _origin(source: str, mark: yaml.error.Mark | None) -> Origin:
    return Origin(source, mark.line + 1, mark.column + 1) if mark else Origin(source)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """The parser's complaint without any text of the file, which may be a secret."""
    problem = (error.problem or "").partition("'")[0].partition('"')[0].strip(" ,:")
    if isinstance(error, yaml.composer.ComposerError):
        problem += "; put text that begins with '*' or '&' in quotes"
    return f"is not valid YAML here ({problem}); check indentation, colons and quotes"


class _Reader:
    """Turns nodes into values and notes where each begins."""

    def __init__(self, loader: _Loader, source: str) -> None:
        self._loader = loader
        self._source = source
        self._document = Document()
        self._checked: set[int] = set()

    def document(self, root: yaml.Node | None) -> Document:
        self._document.origins[()] = Origin(self._source, 1, 1)
        if root is None:
            return self._document
        value = self._value(root, ())
        if not isinstance(value, dict):
            raise ConfigError([Problem(self._at(root), "must be a mapping of keys, as `stores: ...`")])
        self._document.tree.update(value)
        return self._document

    def _at(self, node: yaml.Node) -> Origin:
        return _origin(self._source, node.start_mark)

    def _value(self, node: yaml.Node, path: Path) -> object:
        if len(path) > MAX_DEPTH:
            raise ConfigError([Problem(self._at(node), f"is nested deeper than {MAX_DEPTH} levels")])
        match node:
            case yaml.MappingNode(tag=tag) if tag == f"{_TAG}map":
                return dict(self._pairs(node, path))
            case yaml.SequenceNode(tag=tag) if tag == f"{_TAG}seq":
                return [self._item(child, (*path, index)) for index, child in enumerate(node.value)]
            case yaml.ScalarNode(tag=tag) if tag in _SCALARS:
                return self._scalar(node, path)
            case _:
                raise self._tagged(node, path)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        try:
            return _SCALARS[node.tag](node.value)
        except ValueError:
            raise self._tagged(node, path) from None

    def _tagged(self, node: yaml.Node, path: Path) -> ConfigError:
        sentence = f"`{dotted(path)}` begins with a YAML tag; put text that begins with '!' in quotes"
        return ConfigError([Problem(self._at(node), sentence)])

    def _item(self, node: yaml.Node, path: Path) -> object:
        self._note(path, node)
        return self._value(node, path)

    def _note(self, path: Path, node: yaml.Node) -> None:
        if len(self._document.origins) > MAX_VALUES:  # aliases of aliases can stand for any number
            raise ConfigError(
                [Problem(self._at(node), f"holds more than {MAX_VALUES} values; this is no configuration")]
            )
        self._document.origins[path] = self._at(node)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, object]]:
        self._refuse_doubles(node, path)
        self._loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self._key(key_node)
            self._note((*path, key), key_node)
            yield key, self._value(value_node, (*path, key))

    def _refuse_doubles(self, node: yaml.MappingNode, path: Path) -> None:
        if id(node) in self._checked:  # an alias; what it merged into itself is no double
            return
        self._checked.add(id(node))
        seen: dict[str, yaml.Node] = {}
        for key_node, _ in node.value:
            key = self._key(key_node)
            first = seen.setdefault(key, key_node)
            if first is not key_node:
                line = self._at(first).line
                sentence = f"`{dotted((*path, key))}` stands a second time (first in line {line}); remove one"
                self._document.problems.append(Problem(self._at(key_node), sentence))

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ConfigError([Problem(self._at(node), "a key must be plain text")])
        return str(node.value)
