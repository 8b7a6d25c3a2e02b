"""Values that environment variables and command line options put over the file's."""

import re
from collections.abc import Collection, Iterator, Mapping

from gateway.config.document import MAX_DEPTH, Document, parse
from gateway.config.problems import ConfigError, Origin, Path, Problem

PREFIX = "PORTICO_"
SEPARATOR = "__"
ROOT_ACCOUNT = "admin"
ROOT_USER = "PORTICO_ROOT_USER"
ROOT_SECRET = "PORTICO_ROOT_SECRET"  # noqa: S105

_OTHERS = {ROOT_USER, ROOT_SECRET}
_KUBERNETES = re.compile(r".*_(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_.*)?)")
"""What Kubernetes sets for a service whose name begins with `portico`."""


def apply_environment(document: Document, environ: Mapping[str, str], settings: Collection[str]) -> None:
    """Put `PORTICO_*` variables over the document: `PORTICO_FRONTENDS__S3__PORT` sets `frontends.s3.port`.

    Parts of a name are found without regard to case; a number is a position in a list. A value is text that the setting
    converts, except `null` and what begins with `[` or `{`, which are read as YAML. An empty variable counts as unset.
    """
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or name in _OTHERS or not text:
            continue
        parts = name.removeprefix(PREFIX).split(SEPARATOR)
        if parts[0].lower() in settings:
            _apply_variable(document, name, parts, text)
        elif len(parts) > 1 or not _KUBERNETES.fullmatch(name):
            document.problems.append(Problem(Origin(name), "this variable sets nothing; correct its name or unset it"))


def apply_option(document: Document, option: str, path: Path, value: object) -> None:
    """Put the value of a command line option over the document."""
    _set(document, path, value, Origin(option))


def _apply_variable(document: Document, name: str, parts: list[str], text: str) -> None:
    origin = Origin(name)
    if len(parts) > MAX_DEPTH or not all(parts):
        document.problems.append(Problem(origin, "this variable sets nothing; correct its name or unset it"))
        return
    try:
        value = _read(text)
    except ConfigError:
        document.problems.append(
            Problem(origin, "begins as a YAML list or mapping, but is none (or has a key twice); correct or unset it")
        )
        return
    _set(document, tuple(_resolve(document.tree, parts)), value, origin)


def _read(text: str) -> object:
    if text == "null":
        return None
    if text[0] not in "[{":
        return text
    read = parse(f"value: {text}".encode(), "")
    if read.problems:
        raise ConfigError(read.problems)
    return read.tree["value"]


def _resolve(node: object, parts: list[str]) -> Iterator[str | int]:
    """The path that the parts of a variable's name stand for, in the spelling of the keys that are there."""
    for part in parts:
        if isinstance(node, list) and part.isdecimal():
            index = int(part)
            node = node[index] if index < len(node) else None
            yield index
            continue
        known = node if isinstance(node, dict) else {}
        key = next((key for key in known if key.lower() == part.lower()), part.lower())
        node = known.get(key)
        yield key


def _set(document: Document, path: Path, value: object, origin: Origin) -> None:
    node: object = document.tree
    for depth, part in enumerate(path[:-1], 1):
        child = _get(node, part)
        if not isinstance(child, dict | list):
            child = {}
            if not _put(node, part, child):
                _refuse(document, origin)
                return
            document.origins[path[:depth]] = origin
        node = child
    if not _put(node, path[-1], value):
        _refuse(document, origin)
        return
    for known in [known for known in document.origins if known[: len(path)] == path]:
        del document.origins[known]
    document.origins[path] = origin


def _refuse(document: Document, origin: Origin) -> None:
    document.problems.append(Problem(origin, "names a position that the list does not have; count from 0"))


def _get(node: object, part: str | int) -> object:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


def _put(node: object, part: str | int, value: object) -> bool:
    """Set a key or a position; the position behind the last one adds to the list."""
    if isinstance(node, dict):
        node[part] = value
    elif isinstance(node, list) and isinstance(part, int) and part <= len(node):
        node[part : part + 1] = [value]
    else:
        return False
    return True
