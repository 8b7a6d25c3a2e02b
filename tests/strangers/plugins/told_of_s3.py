"""Has OpenStack's tests know of S3, which listens on a port of its own: `/info` only tells of Swift's.

Loaded as a plugin by their own interpreter.
"""

from importlib import import_module

functional = import_module("test.functional")
functional.cluster_info["s3api"] = {
    "allow_multipart_uploads": True,
    "max_bucket_listing": 1000,
    "max_multi_delete_objects": 1000,
    "max_parts_listing": 1000,
    "max_upload_part_num": 10_000,
    "min_segment_size": 5 * 1024 * 1024,
    "s3_acl": True,
}
