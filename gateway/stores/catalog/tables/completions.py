"""Uploads that were completed lately, and the objects that they became."""

import time
from collections.abc import Sequence

from gateway.core.errors import NoSuchUpload
from gateway.core.parts import REMEMBERED, are_those
from gateway.core.types import Key, Meta
from gateway.core.uploads import PartRef
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import buckets
from gateway.stores.catalog.tables.packing import pack, unpack, unpack_props

FORGOTTEN = 16
"""Most completions that are forgotten with each new one: more than come, and never many at once."""

_SECOND = 1_000_000_000


def remember(db: Connection, bucket: int, upload: str, made: Meta) -> None:
    """Note an upload's completion; those that are old enough are forgotten."""
    now = time.time_ns()
    db.execute(
        """DELETE FROM completions WHERE (bucket, name, id) IN (
            SELECT bucket, name, id FROM completions WHERE completed < ? ORDER BY completed LIMIT ?)""",
        (now - REMEMBERED * _SECOND, FORGOTTEN),
    )
    props = made.props
    db.execute(
        """INSERT INTO completions
            (bucket, name, id, completed, size, etag, modified, content_type, expires, user, system, checksums, version)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            bucket,
            made.name,
            upload,
            now,
            made.size,
            made.etag,
            made.modified,
            props.content_type,
            props.expires,
            pack(props.user),
            pack(props.system),
            pack(made.checksums),
            made.version,
        ),
    )


def recall(db: Connection, key: Key, upload: str, refs: Sequence[PartRef]) -> Meta:
    """What was made of these parts of an upload. Raises `NoSuchBucket`, `NoSuchUpload`."""
    row = db.execute(
        """SELECT size, etag, modified, content_type, expires, user, system, checksums, version
            FROM completions WHERE bucket = ? AND name = ? AND id = ? AND completed >= ?""",
        (buckets.identify(db, key.bucket), key.name, upload, time.time_ns() - REMEMBERED * _SECOND),
    ).fetchone()
    if row is None:
        raise NoSuchUpload
    size, etag, modified, content_type, expires, user, system, checksums, version = row
    made = Meta(
        key=key,
        size=size,
        etag=etag,
        modified=modified,
        props=unpack_props(content_type, expires, user, system),
        checksums=unpack(checksums),
        version=version,
    )
    if not are_those(refs, made):
        raise NoSuchUpload
    return made


def drop_bucket(db: Connection, bucket: int) -> None:
    """Forget all of a bucket."""
    db.execute("DELETE FROM completions WHERE bucket = ?", (bucket,))
