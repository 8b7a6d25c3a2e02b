"""Multipart uploads under way, and their parts."""

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.core.digest import Algorithm
from gateway.core.errors import NoSuchUpload
from gateway.core.parts import MAX_PARTS
from gateway.core.parts import choose as choose_parts
from gateway.core.types import Key, Put
from gateway.core.uploads import KEPT, Part, PartRef, Upload
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.stored import Received
from gateway.stores.catalog.tables import buckets, composition, contents, extents
from gateway.stores.catalog.tables.packing import pack, pack_numbers, unpack, unpack_props

_UploadRow = tuple[int, str, str, int, str, str | None, int, int | None, str, int | None, str | None, str | None]
_PartRow = tuple[int, int, int, str, int, str | None]


@dataclass(frozen=True, slots=True)
class Pending:
    """An upload under way. `modified`: the time that its object is to have, in ns since the epoch."""

    serial: int
    upload: Upload
    modified: int | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A part that lies ready, and its content."""

    part: Part
    content: int


def create(
    db: Connection, key: Key, opts: Put, owner: str, checksum: Algorithm | None, *, whole: bool = False
) -> Upload:
    """Raises `NoSuchBucket`."""
    bucket = buckets.identify(db, key.bucket)
    created = time.time_ns()
    upload = Upload(
        key=key,
        id=f"{created:016x}{secrets.token_hex(16)}",  # uploads of one name are listed in the order of their creation
        created=created,
        props=opts.props,
        owner=owner,
        checksum=checksum,
        whole=whole,
    )
    props = opts.props
    db.execute(
        """INSERT INTO uploads
            (bucket, name, id, created, owner, checksum, whole, modified, content_type, expires, user, system)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            bucket,
            key.name,
            upload.id,
            created,
            owner,
            checksum,
            whole,
            opts.modified,
            props.content_type,
            props.expires,
            pack(props.user),
            pack(props.system),
        ),
    )
    return upload


def keep(db: Connection, key: Key, opts: Put, received: Received) -> str:
    """Make an upload of what came of a body that broke; its id. Raises `NoSuchBucket`."""
    upload = create(db, key, opts, KEPT + opts.keep, None)
    part = Part(number=1, size=received.size, etag=received.etag, modified=upload.created)
    put_part(db, key, upload.id, part, contents.create_part(db, received.stored))
    return upload.id


def find(db: Connection, key: Key, upload: str) -> Pending:
    """Raises `NoSuchBucket`, `NoSuchUpload`."""
    bucket = buckets.identify(db, key.bucket)
    row: _UploadRow | None = db.execute(
        """SELECT serial, name, id, created, owner, checksum, whole, modified, content_type, expires, user, system
            FROM uploads WHERE bucket = ? AND name = ? AND id = ?""",
        (bucket, key.name, upload),
    ).fetchone()
    if row is None:
        raise NoSuchUpload
    return Pending(row[0], _upload(key.bucket, row), row[7])


def walk(db: Connection, bucket: str, number: int, name: str, behind: str | bytes) -> Iterator[Upload]:
    """Uploads in the order of name and id, from behind that name and id on."""
    rows = db.execute(
        """SELECT serial, name, id, created, owner, checksum, whole, modified, content_type, expires, user, system
            FROM uploads WHERE bucket = ? AND (name, id) > (?, ?) ORDER BY name, id""",
        (number, name, behind),
    )
    return (_upload(bucket, row) for row in rows)


def put_part(db: Connection, key: Key, upload: str, part: Part, content: int) -> Part:
    """Have a part lie ready, in the place of one of its number. Raises `NoSuchBucket`, `NoSuchUpload`."""
    serial = find(db, key, upload).serial
    row = db.execute("SELECT content FROM parts WHERE upload = ? AND number = ?", (serial, part.number)).fetchone()
    if row is not None:
        contents.release(db, row[0])
    db.execute(
        """INSERT OR REPLACE INTO parts (upload, number, content, size, etag, modified, checksums)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (serial, part.number, content, part.size, part.etag, part.modified, pack(part.checksums)),
    )
    return part


def parts(db: Connection, serial: int, marker: int, limit: int) -> Sequence[Ready]:
    """Parts by number, after `marker`."""
    rows = db.execute(
        """SELECT content, number, size, etag, modified, checksums
            FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?""",
        (serial, marker, limit),
    )
    return [_ready(row) for row in rows]


def choose(db: Connection, serial: int, refs: Sequence[PartRef], min_part: int) -> Sequence[Ready]:
    """The parts that a completion names. Raises as `core.parts.choose`."""
    ready = {found.part.number: found for found in parts(db, serial, 0, MAX_PARTS)}
    chosen = choose_parts({number: found.part for number, found in ready.items()}, refs, min_part)
    return [ready[part.number] for part in chosen]


def take(db: Connection, serial: int, chosen: Sequence[Ready]) -> int:
    """Make one content of the parts, which is the caller's, and drop the upload with its other parts."""
    numbers = pack_numbers([found.part.number for found in chosen])
    db.execute("DELETE FROM parts WHERE upload = ? AND number IN (SELECT value FROM json_each(?))", (serial, numbers))
    drop(db, serial)
    content = extents.join(db, [found.content for found in chosen])
    composition.keep(db, content, [found.part for found in chosen])
    return content


def drop(db: Connection, serial: int) -> None:
    """Drop an upload and its parts."""
    db.execute("UPDATE contents SET refs = 0 WHERE id IN (SELECT content FROM parts WHERE upload = ?)", (serial,))
    db.execute("DELETE FROM parts WHERE upload = ?", (serial,))
    db.execute("DELETE FROM uploads WHERE serial = ?", (serial,))


def drop_bucket(db: Connection, bucket: int) -> None:
    """Drop all uploads of a bucket."""
    for (serial,) in db.execute("SELECT serial FROM uploads WHERE bucket = ?", (bucket,)).fetchall():
        drop(db, serial)


def _upload(bucket: str, row: _UploadRow) -> Upload:
    _, name, number, created, owner, checksum, whole, _, content_type, expires, user, system = row
    return Upload(
        key=Key(bucket, name),
        id=number,
        created=created,
        props=unpack_props(content_type, expires, user, system),
        owner=owner,
        checksum=None if checksum is None else Algorithm(checksum),
        whole=whole != 0,
    )


def _ready(row: _PartRow) -> Ready:
    content, number, size, etag, modified, checksums = row
    part = Part(number=number, size=size, etag=etag, modified=modified, checksums=unpack(checksums))
    return Ready(part, content)
