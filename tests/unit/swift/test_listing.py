import json
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.buckets import STORAGE_POLICY, BucketMeta
from gateway.core.links import LINK, Link
from gateway.core.types import Key, Meta, Prefix, Props
from gateway.frontends.swift import listing
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.listing import CHANGED, PIECE
from gateway.frontends.swift.times import iso8601

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
TIMES = st.integers(0, 4_000_000_000 * 10**9)

OBJECTS = st.builds(
    lambda name, size, kind, modified: Meta(
        key=Key("c", name),
        size=size,
        etag="5d41402abc4b2a76b9719d911017c592",
        modified=modified,
        props=Props(content_type=kind),
    ),
    TEXT,
    st.integers(0, 2**60),
    TEXT,
    TIMES,
)
CONTAINERS = st.builds(
    lambda name, count, used, created, system: BucketMeta(
        name=name, owner="o", created=created, objects=count, bytes=used, system=system
    ),
    TEXT,
    st.integers(0, 10**9),
    st.integers(0, 2**60),
    TIMES,
    st.sampled_from([{}, {STORAGE_POLICY: "gold & silver"}]),
)
PREFIXES = st.builds(Prefix, TEXT)


def container_listing(shape: Format, container: str, rows: Sequence[Meta | Prefix]) -> bytes:
    return b"".join(listing.container_listing(shape, container, rows))


def account_listing(shape: Format, account: str, rows: Sequence[BucketMeta | Prefix]) -> bytes:
    return b"".join(listing.account_listing(shape, account, rows))


def object_record(row: Meta | Prefix) -> dict[str, object]:
    """A row as Swift's container server has it."""
    if isinstance(row, Prefix):
        return {"subdir": row.name}
    return {
        "bytes": row.size,
        "hash": row.etag,
        "name": row.name,
        "content_type": row.props.content_type,
        "last_modified": iso8601(row.modified),
    }


def container_record(row: BucketMeta | Prefix) -> dict[str, object]:
    """A row as Swift's account server has it."""
    if isinstance(row, Prefix):
        return {"subdir": row.name}
    return {
        "name": row.name,
        "count": row.objects,
        "bytes": row.bytes,
        "last_modified": iso8601(row.created),
        "storage_policy": row.system.get(STORAGE_POLICY, "Policy-0"),
    }


def declared(element: Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(element, encoding="unicode").encode()


@given(st.lists(OBJECTS | PREFIXES, max_size=4), TEXT)
def test_a_container_as_json_is_what_the_json_module_writes(rows: list[Meta | Prefix], name: str) -> None:
    expected = json.dumps([object_record(row) for row in rows]).encode()
    assert container_listing(Format.JSON, name, rows) == expected


@given(st.lists(CONTAINERS | PREFIXES, max_size=4), TEXT)
def test_an_account_as_json_is_what_the_json_module_writes(rows: list[BucketMeta | Prefix], name: str) -> None:
    expected = json.dumps([container_record(row) for row in rows]).encode()
    assert account_listing(Format.JSON, name, rows) == expected


@given(st.lists(OBJECTS | PREFIXES, max_size=4), TEXT)
def test_a_container_as_xml_is_what_elementtree_writes(rows: list[Meta | Prefix], name: str) -> None:
    document = Element("container", name=name)
    for row in rows:
        if isinstance(row, Prefix):
            SubElement(SubElement(document, "subdir", name=row.name), "name").text = row.name
            continue
        element, record = SubElement(document, "object"), object_record(row)
        for field in ("name", "hash", "bytes", "content_type", "last_modified"):
            SubElement(element, field).text = str(record[field])
    assert container_listing(Format.XML, name, rows) == declared(document)
    assert container_listing(Format.TEXT_XML, name, rows) == declared(document)


@given(st.lists(CONTAINERS | PREFIXES, max_size=4), TEXT)
def test_an_account_as_xml_is_what_elementtree_writes(rows: list[BucketMeta | Prefix], name: str) -> None:
    document = Element("account", name=name)
    document.text = "\n"
    for row in rows:
        if isinstance(row, Prefix):
            element = SubElement(document, "subdir", name=row.name)
        else:
            element = SubElement(document, "container")
            for field, value in container_record(row).items():
                SubElement(element, field).text = str(value)
        element.tail = "\n"
    assert account_listing(Format.XML, name, rows) == declared(document)


def test_an_object_with_versions_is_shown_as_a_link_to_one() -> None:
    link = Props(system={LINK: Link(container="c", name="other", etag="x").packed})
    row = Meta(key=Key("c", 'é "'), size=1, etag="x", modified=0, props=link, version="1f")
    (shown,) = json.loads(b"".join(listing.container_listing(Format.JSON, "c", [row], "AUTH_a")))
    assert (shown["symlink_path"], shown["version_symlink"]) == ("/v1/AUTH_a/c/%C3%A9%20%22?version-id=1f", True)
    assert "symlink_etag" not in shown


def test_plain_listings_are_names_in_lines() -> None:
    row = Meta(key=Key("c", "é"), size=1, etag="x", modified=0)
    assert container_listing(Format.PLAIN, "c", [Prefix("a/"), row]) == "a/\né\n".encode()
    assert container_listing(Format.PLAIN, "c", []) == b""
    assert account_listing(Format.PLAIN, "a", [Prefix("a-")]) == b"a-\n"


def test_an_empty_listing_is_a_whole_document() -> None:
    assert container_listing(Format.JSON, "c", []) == b"[]"
    assert container_listing(Format.XML, "c", []).endswith(b'<container name="c" />')
    assert account_listing(Format.XML, "a", []).endswith(b'<account name="a">\n</account>')


@pytest.mark.parametrize("count", (PIECE - 1, PIECE, PIECE + 1, 3 * PIECE))
def test_pieces_make_one_document(count: int) -> None:
    rows = [Meta(key=Key("c", str(number)), size=number, etag="x", modified=number) for number in range(count)]
    pieces = list(listing.container_listing(Format.JSON, "c", rows))
    assert len(pieces) == -(-count // PIECE)
    assert json.loads(b"".join(pieces)) == [object_record(row) for row in rows]
    assert container_listing(Format.PLAIN, "c", rows) == b"".join(b"%d\n" % number for number in range(count))
    document = fromstring(container_listing(Format.XML, "c", rows))
    assert [name.text for name in document.findall("object/name")] == [row.name for row in rows]


@pytest.mark.parametrize("shape", (Format.JSON, Format.XML))
def test_a_container_is_dated_by_its_last_change(shape: Format) -> None:
    row = BucketMeta(name="c", owner="o", created=10**18, objects=0, bytes=0, system={CHANGED: str(2 * 10**18)})
    assert iso8601(2 * 10**18).encode() in account_listing(shape, "a", [row])
