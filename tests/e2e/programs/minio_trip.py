"""minio-py over a bucket of its own: objects small and in parts, streams, listings, tags, copies, URLs, deletes.

Arguments: host and port, access key, secret, a file larger than a part.
"""

import sys
from contextlib import suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

from minio import Minio
from minio.commonconfig import CopySource, Tags
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.versioningconfig import ENABLED, VersioningConfig

host, user, secret, name = sys.argv[1:]
file = Path(name)
client = Minio(host, access_key=user, secret_key=secret, secure=False)

client.make_bucket("minio")
assert client.bucket_exists("minio")
assert not client.bucket_exists("missing")

written = client.put_object("minio", "a/b c+ü.txt", BytesIO(b"hello"), 5, metadata={"colour": "blue"})
found = client.stat_object("minio", "a/b c+ü.txt")
assert (found.size, found.etag, found.metadata["x-amz-meta-colour"]) == (5, written.etag, "blue")
with client.get_object("minio", "a/b c+ü.txt", offset=1, length=3) as answer:
    assert answer.read() == b"ell"

client.fput_object("minio", "large", str(file), part_size=5 << 20)
client.put_object("minio", "stream", BytesIO(file.read_bytes()), -1, part_size=5 << 20)
for key in ("large", "stream"):
    client.fget_object("minio", key, f"{name}.{key}")
    assert Path(f"{name}.{key}").read_bytes() == file.read_bytes()
    assert client.stat_object("minio", key).etag.endswith("-3")
client.copy_object("minio", "copy", CopySource("minio", "large"))
assert client.stat_object("minio", "copy").size == file.stat().st_size

tags = Tags.new_object_tags()
tags["kind"] = "text"
client.set_object_tags("minio", "copy", tags)
assert client.get_object_tags("minio", "copy") == {"kind": "text"}

assert sorted(found.object_name for found in client.list_objects("minio")) == ["a/", "copy", "large", "stream"]
listed = client.list_objects("minio", prefix="a/", recursive=True)
assert [found.object_name for found in listed] == ["a/b c+ü.txt"]

with urlopen(client.presigned_get_object("minio", "a/b c+ü.txt", timedelta(minutes=1))) as answer:
    assert answer.read() == b"hello"

client.set_bucket_versioning("minio", VersioningConfig(ENABLED))
client.put_object("minio", "copy", BytesIO(b"second"), 6)
client.remove_object("minio", "copy")
with suppress(S3Error):
    client.stat_object("minio", "copy")
    raise AssertionError("the object is there still")
versions = list(client.list_objects("minio", recursive=True, include_version=True))
assert sorted(row.is_delete_marker for row in versions if row.object_name == "copy") == [False, False, True]
every = [DeleteObject(row.object_name, row.version_id) for row in versions]
assert list(client.remove_objects("minio", every)) == []
client.remove_bucket("minio")
assert "minio" not in [bucket.name for bucket in client.list_buckets()]
