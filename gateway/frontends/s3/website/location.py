"""Objects that redirect: the x-amz-website-redirect-location header."""

from collections.abc import Mapping

from gateway.auth.rules import REDIRECT
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error

HEADER = "x-amz-website-redirect-location"
MAX_LOCATION = 2048


def stated(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The property of a new object, where its writer states it. Raises `S3Error`."""
    location = headers.get(HEADER)
    if location is None:
        return {}
    if not location.startswith(("/", "http://", "https://")) or not location.isascii() or not location.isprintable():
        raise S3Error(Code.INVALID_REDIRECT_LOCATION)
    if len(location) > MAX_LOCATION:
        raise S3Error(
            Code.INVALID_REDIRECT_LOCATION,
            f"The length of website redirect location cannot exceed {MAX_LOCATION} characters.",
        )
    return {REDIRECT: location}
