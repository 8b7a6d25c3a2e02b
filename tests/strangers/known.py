"""Tests of OpenStack's suites that fail here, and why."""

from collections.abc import Iterable, Iterator, Mapping

NAMESPACES = "links stay in the namespace of their account, and the accounts of the tests have one each"

OWNER = "the owner is the account: its id has no user in it"
AMAZON = "Amazon S3 answers as Portico does, and not as Swift's own S3 API"
OTHERWISE = "Swift's own S3 API answers otherwise; what Amazon S3 does there has not been tried"
DECLARED = "documents that declare entities are refused as a whole"
SCHEMA = "Swift's schema lacks what Amazon S3 tells, or wants what it leaves out"
CONDITIONS = "conditions that Swift's S3 API lacks are supported"
NAMES = "names of buckets that S3 would not make are answered as buckets that are not there, or were made over Swift"
SWIFTS_HEADERS = "headers of Swift mean nothing over S3"
EMPTY_TYPE = "answers without a body have no type, but for HEAD of a bucket"
ECHO = "the test looks for `xxe` in an answer that names its bucket, which has that in its name"
WHOLE_SECONDS = "times of listings have milliseconds"


def _both(group: str, tests: Iterable[str], why: str, second: str = "UTF8") -> Iterator[tuple[str, str]]:
    """Tests that are there twice, the second time with names beyond ASCII, or signed in another way."""
    return ((f"{name}.{test}", why) for name in (group, f"{group}{second}") for test in tests)


def _signed(group: str, tests: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Tests of S3, which are there for both versions of signatures."""
    for test, why in tests.items():
        yield from _both(f"s3api.{group}", [f"test_{test}"], why, "SigV4")


KNOWN: Mapping[str, str] = {
    **{
        f"test_symlink.TestSymlink.test_symlink_{test}": NAMESPACES
        for test in ("put_copy_from_cross_account", "put_target_account", "with_etag_put_target_account")
    },
    **dict(_signed("test_acl.TestS3Acl", {"acl": OWNER})),
    **dict(_signed("test_service.TestS3ApiService", {"service": OWNER})),
    **dict(
        _signed(
            "test_bucket.TestS3ApiBucket",
            {
                "blank_params": OTHERWISE,
                "bucket_put_object_lock_configuration": AMAZON,
                "delete_bucket_error": NAMES,
                "get_bucket_error": NAMES,
                "head_bucket_error": NAMES,
                "put_bucket_error": AMAZON,
                "put_bucket_error_key2": AMAZON,
            },
        )
    ),
    **dict(_signed("test_multi_delete.TestS3ApiMultiDelete", {"delete_multi_objects_error": OTHERWISE})),
    **dict(
        _signed(
            "test_multi_upload.TestS3ApiMultiUpload",
            {
                "complete_multi_upload_conditional": CONDITIONS,
                "mpu_copy_part_from_mpu_part_number_then_abort": EMPTY_TYPE,
                "mpu_copy_part_from_mpu_part_number_then_complete": EMPTY_TYPE,
                "mpu_copy_part_from_range_then_abort": EMPTY_TYPE,
                "object_multi_upload": SCHEMA,
                "object_multi_upload_part_copy_version": EMPTY_TYPE,
            },
        )
    ),
    **dict(
        _signed(
            "test_object.TestS3ApiObject",
            {
                "get_object_if_unmodified_since": WHOLE_SECONDS,
                "object": OTHERWISE,
                "object_expiration_header": SWIFTS_HEADERS,
                "put_object_conditional_requests": CONDITIONS,
                "put_object_copy_source_params": OTHERWISE,
                "put_object_invalid_x_delete_after": SWIFTS_HEADERS,
                "put_object_invalid_x_delete_at": SWIFTS_HEADERS,
                "put_object_robots_tag": SWIFTS_HEADERS,
                "put_object_weird_metadata": OTHERWISE,
            },
        )
    ),
    **dict(
        _signed("test_presigned.TestS3ApiPresignedUrls", {"bucket": WHOLE_SECONDS, "expiration_limits": OTHERWISE}),
    ),
    **{
        f"s3api.test_xxe_injection.TestS3ApiXxeInjection.test_{test}": why
        for test, why in {
            "complete_multipart_upload": DECLARED,
            "create_bucket": ECHO,
            "delete_objects": ECHO,
            "put_bucket_acl": DECLARED,
            "put_bucket_versioning": ECHO,
        }.items()
    },
}
