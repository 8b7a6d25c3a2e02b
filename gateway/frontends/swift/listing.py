"""Listings of accounts and containers as plain text, JSON and XML, byte by byte as Swift writes them."""

from collections.abc import Callable, Sequence
from json.encoder import encode_basestring_ascii as quoted

from gateway.core.links import Link, link_of
from gateway.core.manifest import static_of
from gateway.core.types import BucketMeta, Meta, Prefix
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.policy import policy_of
from gateway.frontends.swift.properties import path_of
from gateway.frontends.swift.times import iso8601

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}
)

Objects = Sequence[Meta | Prefix]
Containers = Sequence[BucketMeta | Prefix]


def container_listing(shape: Format, container: str, rows: Objects, account: str = "") -> bytes:
    """The objects and groups of a container. Empty for a plain listing without rows. `account`: the one it is in."""
    if shape is Format.JSON:
        return _objects_json(account, rows).encode()
    return _OBJECTS[shape](container, rows).encode()


def account_listing(shape: Format, account: str, rows: Containers) -> bytes:
    """The containers and groups of an account."""
    return _CONTAINERS[shape](account, rows).encode()


def _plain(rows: Objects | Containers) -> str:
    return "".join([f"{row.name}\n" for row in rows])


def _objects_plain(container: str, rows: Objects) -> str:
    return _plain(rows)


def _objects_json(account: str, rows: Objects) -> str:
    return f"[{', '.join([_object_json(row, account) for row in rows])}]"


def _object_json(row: Meta | Prefix, account: str) -> str:
    if isinstance(row, Prefix):
        return f'{{"subdir": {quoted(row.name)}}}'
    size, more = row.size, ""
    if row.props.system and (link := link_of(row.props.system)):
        more = _link_json(link, account)
    if row.props.system and (static := static_of(row.props.system)):
        size, more = static.size, rf', "slo_etag": "\"{static.etag}\""'
    return (
        f'{{"bytes": {size}, "hash": {quoted(row.etag)}, "name": {quoted(row.name)}, '
        f'"content_type": {quoted(row.props.content_type)}, "last_modified": "{iso8601(row.modified)}"{more}}}'
    )


def _link_json(link: Link, account: str) -> str:
    more = f', "symlink_path": {quoted(path_of(link, account))}'
    if link.large:
        more = rf'{more}, "slo_etag": "\"{link.large}\""'
    return f'{more}, "symlink_etag": {quoted(link.etag)}, "symlink_bytes": {link.size}' if link.etag else more


def _objects_xml(container: str, rows: Objects) -> str:
    return _document("container", container, "".join([_object_xml(row) for row in rows]))


def _object_xml(row: Meta | Prefix) -> str:
    if isinstance(row, Prefix):
        return f'<subdir name="{_attribute(row.name)}"><name>{_text(row.name)}</name></subdir>'
    static = static_of(row.props.system) if row.props.system else None
    size = row.size if static is None else static.size
    return (
        f"<object><name>{_text(row.name)}</name><hash>{row.etag}</hash><bytes>{size}</bytes>"
        f"<content_type>{_text(row.props.content_type)}</content_type>"
        f"<last_modified>{iso8601(row.modified)}</last_modified></object>"
    )


def _containers_plain(account: str, rows: Containers) -> str:
    return _plain(rows)


def _containers_json(account: str, rows: Containers) -> str:
    return f"[{', '.join([_container_json(row) for row in rows])}]"


def _container_json(row: BucketMeta | Prefix) -> str:
    if isinstance(row, Prefix):
        return f'{{"subdir": {quoted(row.name)}}}'
    return (
        f'{{"name": {quoted(row.name)}, "count": {row.objects}, "bytes": {row.bytes}, '
        f'"last_modified": "{iso8601(changed(row))}", "storage_policy": {quoted(policy_of(row))}}}'
    )


def _containers_xml(account: str, rows: Containers) -> str:
    inner = "".join([f"{_container_xml(row)}\n" for row in rows])
    return _document("account", account, f"\n{inner}")


def _container_xml(row: BucketMeta | Prefix) -> str:
    if isinstance(row, Prefix):
        return f'<subdir name="{_attribute(row.name)}" />'
    return (
        f"<container><name>{_text(row.name)}</name><count>{row.objects}</count><bytes>{row.bytes}</bytes>"
        f"<last_modified>{iso8601(changed(row))}</last_modified><storage_policy>{_text(policy_of(row))}</storage_policy>"
        "</container>"
    )


def _document(element: str, name: str, inner: str) -> str:
    head = f'{XML_DECLARATION}<{element} name="{_attribute(name)}"'
    return f"{head}>{inner}</{element}>" if inner else f"{head} />"


def _text(text: str) -> str:
    return text.translate(_TEXT)


def _attribute(text: str) -> str:
    return text.translate(_ATTRIBUTE)


CHANGED = "swift:changed"
"""The property of a container that holds the time of the last PUT or POST, in ns since the epoch."""


def changed(container: BucketMeta) -> int:
    """When a container's own properties were last written, in ns since the epoch."""
    return int(container.system.get(CHANGED) or container.created)


_OBJECTS: dict[Format, Callable[[str, Objects], str]] = {
    Format.PLAIN: _objects_plain,
    Format.XML: _objects_xml,
    Format.TEXT_XML: _objects_xml,
}

_CONTAINERS: dict[Format, Callable[[str, Containers], str]] = {
    Format.PLAIN: _containers_plain,
    Format.JSON: _containers_json,
    Format.XML: _containers_xml,
    Format.TEXT_XML: _containers_xml,
}
