"""Properties of objects and containers in Swift's headers, both ways.

Users' metadata stands in `X-Object-Meta-<name>`, as every client of Swift expects it. What Swift has no header for, or
could not hold as it is (names in other than token characters, long values, the product's own properties, checksums),
is packed together as JSON in ASCII and cut into `X-Object-Meta-Portico-<n>`, each within Swift's 256 bytes.

A stated time, ETag and size stand as parameters of the content type, the one field that container listings show:
Swift itself tells the size of large objects there in the same way (`swift_bytes`). Clients of the gateway never see
them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from gateway.core.errors import BadRequest
from gateway.core.types import DEFAULT_TYPE, Props

SECOND = 1_000_000_000

KEPT = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires", "X-Robots-Tag")
"""Headers that Swift keeps with an object; here system properties `http:<name>`."""
HTTP = "http:"

PACKED = "portico-"
PIECE = 256
"""Bytes of a value of metadata that every Swift takes."""
MAX_OVERALL = 4096
"""Bytes of all names and values, by Swift's default."""
MAX_NATIVE = 60
"""Of Swift's 90 items, so many at most are users' own; more are packed."""

_NAME = re.compile(r"[a-z0-9!#$%&'*.^`|~-]{1,100}")
_MARK = re.compile(r";\s*portico_(etag|modified|size)=([^;]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Headers = Mapping[str, str]


class Packed(msgspec.Struct, omit_defaults=True):
    """What Swift has no header for. `upload` is the id under which an object's segments lie."""

    user: dict[str, str] = {}
    system: dict[str, str] = {}
    checksums: dict[str, str] = {}
    type: str | None = None
    expires: int | None = None
    upload: str = ""
    owner: str = ""


class Stated(msgspec.Struct, omit_defaults=True, frozen=True):
    """What was stated of an object instead of what Swift tells of it: its ETag, and its time in ns since the epoch.

    `size`: of a DLO, whose row in a listing tells none.
    """

    etag: str = ""
    modified: int | None = None
    size: int | None = None


def content_type(props: Props, stated: Stated) -> str:
    """The type as Swift is to keep it. Raises `BadRequest` where it looks like one with marks already."""
    if _MARK.search(props.content_type):
        raise BadRequest("A parameter of the content type is kept for the gateway")
    text = props.content_type if _fits(props.content_type) else DEFAULT_TYPE
    if stated.etag:
        text += f";portico_etag={stated.etag}"
    if stated.modified is not None:
        text += f";portico_modified={stated.modified}"
    if stated.size is not None:
        text += f";portico_size={stated.size}"
    return text


def read_content_type(text: str) -> tuple[str, Stated]:
    """The type as its writer stated it, and the marks."""
    marks = dict(_MARK.findall(text))
    stated = Stated(marks.get("etag", ""), _number(marks.get("modified", "")), _number(marks.get("size", "")))
    return _MARK.sub("", text), stated


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


def of_object(props: Props, stated: Stated, checksums: Headers, upload: str) -> dict[str, str]:
    """All the headers that an object is written or changed with: what is not there is gone afterwards."""
    headers = {"Content-Type": content_type(props, stated)}
    packed = Packed(checksums=dict(checksums), upload=upload, expires=props.expires)
    if not _fits(props.content_type):
        packed.type = props.content_type
    for name, value in props.system.items():
        header = _KEPT_BY_NAME.get(name)
        if header is not None and _fits(value):
            headers[header] = value
        else:
            packed.system[name] = value
    if props.expires is not None:
        headers["X-Delete-At"] = str(-(-props.expires // SECOND))
    headers.update(_meta(props.user, packed, "Object"))
    return headers


def props_of(headers: Headers) -> tuple[Props, Stated, Packed]:
    """The properties that an object's headers tell."""
    kind, stated = read_content_type(headers.get("Content-Type", DEFAULT_TYPE))
    user, packed = _read_meta(headers, "Object")
    system = {name: headers[header] for name, header in _KEPT_BY_NAME.items() if header in headers}
    delete_at = headers.get("X-Delete-At", "")
    expires = packed.expires
    if delete_at.isascii() and delete_at.isdigit():
        exact = expires is not None and -(-expires // SECOND) == int(delete_at)
        expires = expires if exact else int(delete_at) * SECOND
    props = Props(
        content_type=kind if packed.type is None else packed.type,
        user={**user, **packed.user},
        system={**system, **packed.system},
        expires=expires,
    )
    return props, stated, packed


def of_container(user: Headers, system: Headers, owner: str, kind: str = "Container") -> dict[str, str]:
    """The metadata of a container or account."""
    return _meta(user, Packed(system=dict(system), owner=owner), kind)


def read_container(headers: Headers, kind: str = "Container") -> tuple[dict[str, str], Packed]:
    """The user's metadata of a container or account, and what is packed beside it."""
    user, packed = _read_meta(headers, kind)
    return {**user, **packed.user}, packed


def removing(old: Headers, new: Headers, kind: str = "Container") -> dict[str, str]:
    """`new`, and empty values for what only `old` has: a POST to a container or account keeps what it does not name."""
    prefix = f"x-{kind.lower()}-meta-"
    kept = {name.lower() for name in new}
    return {**{name: "" for name in old if name.lower().startswith(prefix) and name.lower() not in kept}, **new}


def timestamp(text: str) -> int:
    """Swift's X-Timestamp (seconds with five decimals, and perhaps an offset behind `_`) in ns; 0 for anything else."""
    seconds, _, decimals = text.partition("_")[0].partition(".")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return 0
    decimals = decimals[:9]
    return int(seconds) * SECOND + (int(decimals.ljust(9, "0")) if decimals.isascii() and decimals.isdigit() else 0)


def iso(text: str) -> int:
    """A time of a JSON listing (UTC, microseconds) in ns; 0 for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * SECOND + moment.microsecond * 1000


def _meta(user: Headers, packed: Packed, kind: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in user.items():
        native = _NAME.fullmatch(name) and not name.startswith(PACKED) and value and _fits(value)
        if native and len(headers) < MAX_NATIVE:
            headers[f"X-{kind}-Meta-{name}"] = value
        else:
            packed.user[name] = value
    headers.update((f"X-{kind}-Meta-{PACKED}{number}", piece) for number, piece in enumerate(_pieces(packed)))
    begin = len(f"X-{kind}-Meta-")
    if sum(len(name) - begin + len(value.encode()) for name, value in headers.items()) > MAX_OVERALL:
        raise BadRequest(f"The metadata is more than the {MAX_OVERALL} bytes that the upstream takes")
    return headers


def _pieces(packed: Packed) -> Iterator[str]:
    record = msgspec.to_builtins(packed)
    if not record:
        return
    text = json.dumps(record, separators=(",", ":")).replace(" ", "\\u0020")  # no piece begins or ends with a space
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]


def _read_meta(headers: Headers, kind: str) -> tuple[dict[str, str], Packed]:
    prefix = f"x-{kind.lower()}-meta-"
    found = {
        lower.removeprefix(prefix): value
        for name, value in headers.items()
        if (lower := name.lower()).startswith(prefix)
    }
    pieces: list[str] = []
    while (piece := found.pop(f"{PACKED}{len(pieces)}", None)) is not None:
        pieces.append(piece)
    return found, _unpacked("".join(pieces))


def _unpacked(text: str) -> Packed:
    """What somebody else has written under these names means nothing."""
    try:
        return msgspec.convert(json.loads(text), Packed) if text else Packed()
    except (ValueError, msgspec.ValidationError):
        return Packed()


def _fits(value: str) -> bool:
    if not value or value != value.strip() or _CONTROL.search(value):
        return False
    return value.isprintable() and len(value.encode(errors="replace")) <= PIECE


_KEPT_BY_NAME: Mapping[str, str] = {HTTP + name.lower(): name for name in KEPT}
