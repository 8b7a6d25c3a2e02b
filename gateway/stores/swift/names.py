"""Where segments lie: names that prove whose they are.

The segments of an object of the bucket `photos` lie in the container `photos_segments`, as those of other clients of
Swift do, under `portico/<digest of the object's name>/<upload id>/`. An id is random and is never used again, and the
object itself names it in its metadata; so what lies under this prefix belongs to this object of this name and to no
other, even where somebody has copied the object's manifest with its metadata to another name.

An append to an object of the upload `A` has an id of its own behind that one, `A/B`: its segments go with those of `A`.
"""

import hashlib
import secrets
from urllib.parse import quote

from gateway.core.names import MAX_BUCKET_BYTES
from gateway.core.types import Key

SUFFIX = "_segments"
UPLOADS = "portico-uploads/"
"""Records of multipart uploads under way."""
NOTES = "portico-notes/"
"""Notes of uploads whose segments may belong to nobody."""


def new_upload() -> str:
    return secrets.token_hex(16)


def container_of(bucket: str) -> str:
    """The container of a bucket's segments; a digest stands for a name that is too long for the suffix."""
    if len(bucket.encode()) + len(SUFFIX) <= MAX_BUCKET_BYTES:
        return bucket + SUFFIX
    return hashlib.sha256(bucket.encode()).hexdigest() + SUFFIX


def is_hidden(container: str) -> bool:
    """Holds segments, of the gateway or of other clients: no bucket."""
    return container.endswith(SUFFIX)


def prefix_of(name: str, upload: str) -> str:
    """Where the segments of an upload to an object of that name lie."""
    return f"portico/{hashlib.sha256(name.encode()).hexdigest()[:32]}/{upload}/"


def record_of(upload: str) -> str:
    return UPLOADS + upload


def note_of(upload: str) -> str:
    return NOTES + upload


def root_of(upload: str) -> str:
    """The id that the object itself names, of an upload or of an append to it."""
    return upload.partition("/")[0]


def manifest_of(key: Key, upload: str) -> str:
    """What the manifest of a DLO names."""
    return quote(f"{container_of(key.bucket)}/{prefix_of(key.name, upload)}")
