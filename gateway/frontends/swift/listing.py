"""Listings of accounts and containers as plain text, JSON and XML, byte by byte as Swift writes them.

They are made piece by piece, for callers who may not be held up for long.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from json.encoder import encode_basestring_ascii as quoted
from typing import TypeVar
from urllib.parse import quote

from gateway.core.buckets import BucketMeta
from gateway.core.capabilities.listings import Row
from gateway.core.links import Link, link_of
from gateway.core.manifest import static_of
from gateway.core.types import Prefix
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.policy import policy_of
from gateway.frontends.swift.properties import path_of
from gateway.frontends.swift.times import iso8601

XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

PIECE = 100
"""Rows of a piece, which takes less than a tenth of a millisecond."""

_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}
)

R = TypeVar("R")


def container_listing(
    shape: Format, container: str, rows: Sequence[Row | Prefix], account: str = ""
) -> Iterator[bytes]:
    """The objects and groups of a container. Empty for a plain listing without rows. `account`: the one it is in."""
    match shape:
        case Format.PLAIN:
            return _pieces(rows, _line)
        case Format.JSON:
            return _pieces(rows, partial(_object_json, account, container), "[", ", ", "]")
        case Format.XML | Format.TEXT_XML:
            element = f'{XML_DECLARATION}<container name="{_attribute(container)}"'
            head, tail = (f"{element}>", "</container>") if rows else (element, " />")
            return _pieces(rows, _object_xml, head, "", tail)


def account_listing(shape: Format, account: str, rows: Sequence[BucketMeta | Prefix]) -> Iterator[bytes]:
    """The containers and groups of an account."""
    match shape:
        case Format.PLAIN:
            return _pieces(rows, _line)
        case Format.JSON:
            return _pieces(rows, _container_json, "[", ", ", "]")
        case Format.XML | Format.TEXT_XML:
            head = f'{XML_DECLARATION}<account name="{_attribute(account)}">\n'
            return _pieces(rows, _container_xml, head, "", "</account>")


def _pieces(
    rows: Sequence[R], render: Callable[[R], str], head: str = "", between: str = "", tail: str = ""
) -> Iterator[bytes]:
    for start in range(0, max(len(rows), 1), PIECE):
        stop = start + PIECE
        inner = between.join(map(render, rows[start:stop]))
        yield f"{between if start else head}{inner}{'' if stop < len(rows) else tail}".encode()


def _line(row: Row | BucketMeta | Prefix) -> str:
    return f"{row.name}\n"


def _object_json(account: str, container: str, row: Row | Prefix) -> str:
    if isinstance(row, Prefix):
        return f'{{"subdir": {quoted(row.name)}}}'
    size, system, more = row.size, row.system, ""
    if system:
        if (link := link_of(system)) and not row.version:
            more = _link_json(link, account)
        if static := static_of(system):
            size, more = static.size, rf', "slo_etag": "\"{static.etag}\""'
    if row.version:
        more += _version_json(f"/v1/{account}/{container}/{row.name}", row.version)
    return (
        f'{{"bytes": {size}, "hash": {quoted(row.etag)}, "name": {quoted(row.name)}, '
        f'"content_type": {quoted(row.content_type)}, "last_modified": "{iso8601(row.modified)}"{more}}}'
    )


def _link_json(link: Link, account: str) -> str:
    more = f', "symlink_path": {quoted(path_of(link, account))}'
    if link.large:
        more = rf'{more}, "slo_etag": "\"{link.large}\""'
    return f'{more}, "symlink_etag": {quoted(link.etag)}, "symlink_bytes": {link.size}' if link.etag else more


def _version_json(path: str, version: str) -> str:
    """As Swift shows what has versions, which it keeps behind links."""
    return f', "symlink_path": "{quote(path)}?version-id={version}", "version_symlink": true'


def _object_xml(row: Row | Prefix) -> str:
    if isinstance(row, Prefix):
        return f'<subdir name="{_attribute(row.name)}"><name>{_text(row.name)}</name></subdir>'
    static = static_of(row.system) if row.system else None
    size = row.size if static is None else static.size
    return (
        f"<object><name>{_text(row.name)}</name><hash>{row.etag}</hash><bytes>{size}</bytes>"
        f"<content_type>{_text(row.content_type)}</content_type>"
        f"<last_modified>{iso8601(row.modified)}</last_modified></object>"
    )


def _container_json(row: BucketMeta | Prefix) -> str:
    if isinstance(row, Prefix):
        return f'{{"subdir": {quoted(row.name)}}}'
    return (
        f'{{"name": {quoted(row.name)}, "count": {row.objects}, "bytes": {row.used}, '
        f'"last_modified": "{iso8601(changed(row))}", "storage_policy": {quoted(policy_of(row))}}}'
    )


def _container_xml(row: BucketMeta | Prefix) -> str:
    if isinstance(row, Prefix):
        return f'<subdir name="{_attribute(row.name)}" />\n'
    return (
        f"<container><name>{_text(row.name)}</name><count>{row.objects}</count><bytes>{row.used}</bytes>"
        f"<last_modified>{iso8601(changed(row))}</last_modified><storage_policy>{_text(policy_of(row))}</storage_policy>"
        "</container>\n"
    )


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    return text.translate(_ATTRIBUTE)


CHANGED = "swift:changed"
"""The property of a container that holds the time of the last PUT or POST, in ns since the epoch."""


def changed(container: BucketMeta) -> int:
    """When a container's own properties were last written, in ns since the epoch."""
    return int(container.system.get(CHANGED) or container.created)
