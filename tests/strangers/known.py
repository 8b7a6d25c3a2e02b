"""Tests of OpenStack's suites that fail here, and why."""

from collections.abc import Iterable, Iterator, Mapping

RAW_TARGET = "the HTTP parser refuses a target that is not percent-encoded (RFC 9112, 3.2)"
RAW_NAME = "the HTTP parser refuses names of headers that are no tokens (RFC 9110, 5.1)"
NO_SIGNED_SITE = "a temporary URL leads to objects; websites are shown without one"
NO_LENGTH = "bytes behind a request without a length are taken for the next request (RFC 9112, 6.3)"


def _both(group: str, tests: Iterable[str], why: str) -> Iterator[tuple[str, str]]:
    """Tests that are there twice, the second time with names beyond ASCII."""
    return ((f"tests.{name}.{test}", why) for name in (group, f"{group}UTF8") for test in tests)


KNOWN: Mapping[str, str] = {
    **dict(_both("TestAccount", ["testInvalidUTF8Path"], RAW_TARGET)),
    **dict(_both("TestContainer", ["testUtf8Container", "testSlashInName"], RAW_TARGET)),
    **dict(_both("TestFile", ["testQuestionMarkInName"], RAW_TARGET)),
    **dict(_both("TestFile", ["testBadHeaders", "testNoContentLengthForPut"], NO_LENGTH)),
    **{
        f"test_staticweb.TestStaticWebUTF8.test_{test}": RAW_TARGET
        for who in ("anon", "auth")
        for host in ("acct", "cont")
        for test in (
            f"index_{who}_remap_{host}",
            f"listing_{who}_remap_{host}_with_css",
            f"listing_{who}_remap_{host}_without_css",
        )
    },
    **{
        f"test_staticweb.TestStaticWebTempurl.test_get_{test}": NO_SIGNED_SITE
        for test in ("dir", "dir_with_inline", "dir_with_iso_expiry", "limited_dir", "root")
    },
    "test_swiftclient.TestFunctional.test_post_object_unicode_header_name": RAW_NAME,
}
