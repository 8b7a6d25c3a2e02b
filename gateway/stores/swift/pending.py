"""Multipart uploads under way, as they are kept in the upstream."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gateway.core.digest import Algorithm, encode
from gateway.core.errors import NoSuchUpload
from gateway.core.parts import choose as choose_parts
from gateway.core.types import Key, Meta, Props
from gateway.core.uploads import Part, PartRef, Upload

PART_TYPE = "application/x-portico-part"
"""The type of a part; its checksums follow as parameters in hexadecimal, since listings show them there."""

_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"(\d{5})-[0-9a-f]{16}")
_CHECKSUM = re.compile(r";\s*([a-z0-9]+)=([0-9a-f]+)")


class Record(msgspec.Struct, frozen=True):
    """What is kept of an upload. Times in ns since the epoch."""

    bucket: str
    name: str
    created: int
    content_type: str
    user: dict[str, str]
    system: dict[str, str]
    expires: int | None
    owner: str
    checksum: str | None
    modified: int | None
    whole: bool = False

    def upload(self, identifier: str) -> Upload:
        return Upload(
            key=Key(self.bucket, self.name),
            id=identifier,
            created=self.created,
            props=Props(content_type=self.content_type, user=self.user, system=self.system, expires=self.expires),
            owner=self.owner,
            checksum=None if self.checksum is None else Algorithm(self.checksum),
            whole=self.whole or self.checksum == Algorithm.CRC64NVME,
        )


def record_of(upload: Upload, modified: int | None) -> bytes:
    props = upload.props
    return msgspec.json.encode(
        Record(
            bucket=upload.key.bucket,
            name=upload.name,
            created=upload.created,
            content_type=props.content_type,
            user=dict(props.user),
            system=dict(props.system),
            expires=props.expires,
            owner=upload.owner,
            checksum=None if upload.checksum is None else upload.checksum.value,
            modified=modified,
            whole=upload.whole,
        )
    )


def read_record(data: bytes) -> Record:
    """Raises `NoSuchUpload` for what is no record."""
    try:
        return msgspec.json.decode(data, type=Record)
    except msgspec.DecodeError:
        raise NoSuchUpload from None


def check_id(upload: str) -> str:
    """Raises `NoSuchUpload` for what can't be the id of one."""
    if _ID.fullmatch(upload) is None:
        raise NoSuchUpload
    return upload


def part_type(checksums: Mapping[str, bytes]) -> str:
    """The content type of a part with these checksums."""
    return PART_TYPE + "".join(f";{name}={value.hex()}" for name, value in sorted(checksums.items()))


def checksums_of(content_type: str) -> Mapping[str, bytes]:
    """The checksums that a part's content type tells."""
    return {name: bytes.fromhex(value) for name, value in _CHECKSUM.findall(content_type) if len(value) % 2 == 0}


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part and the name, inside of its container, of the object that it is."""

    part: Part
    name: str


def newest(rows: Iterable[Meta]) -> list[StoredPart]:
    """The parts of an upload by number: of each the one written last. Their names never repeat.

    So a part that comes late can't change an object that its upload has been completed to.
    """
    found: dict[int, StoredPart] = {}
    for row in sorted(rows, key=lambda row: (row.modified, row.name)):
        match = _NAME.fullmatch(row.name.rpartition("/")[2])
        if match is not None:
            number = int(match[1])
            part = Part(
                number=number,
                size=row.size,
                etag=row.etag,
                modified=row.modified,
                checksums={name: encode(value) for name, value in checksums_of(row.props.content_type).items()},
            )
            found[number] = StoredPart(part, row.name)
    return [found[number] for number in sorted(found)]


def choose(parts: Iterable[StoredPart], refs: Sequence[PartRef], min_part: int) -> list[StoredPart]:
    """The parts that a completion names. Raises as `core.parts.choose`."""
    known = {stored.part.number: stored for stored in parts}
    chosen = choose_parts({number: stored.part for number, stored in known.items()}, refs, min_part)
    return [known[part.number] for part in chosen]
