"""What is wrong with a request's credentials or signature."""

from collections.abc import Mapping
from enum import StrEnum


class AuthCode(StrEnum):
    """The values are S3's error codes, which say these things more exactly than any other protocol."""

    ACCESS_DENIED = "AccessDenied"
    AUTHORIZATION_HEADER_MALFORMED = "AuthorizationHeaderMalformed"
    AUTHORIZATION_QUERY_PARAMETERS_ERROR = "AuthorizationQueryParametersError"
    INVALID_ACCESS_KEY_ID = "InvalidAccessKeyId"
    INVALID_ARGUMENT = "InvalidArgument"
    INVALID_POLICY_DOCUMENT = "InvalidPolicyDocument"
    INVALID_REQUEST = "InvalidRequest"
    INVALID_TOKEN = "InvalidToken"  # noqa: S105
    REQUEST_TIME_TOO_SKEWED = "RequestTimeTooSkewed"
    SIGNATURE_DOES_NOT_MATCH = "SignatureDoesNotMatch"


class AuthError(Exception):
    """A request is not authenticated. `message` is for the client; it holds nothing that the client did not send.

    `elements` are further facts under the names that S3's error document gives them.
    """

    def __init__(self, code: AuthCode, message: str, **elements: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.elements: Mapping[str, str] = elements
