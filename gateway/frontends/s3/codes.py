"""S3's error codes with their HTTP status and usual message.

Source: "Error responses" in the Amazon S3 API Reference; `QuotaExceeded`, `InsufficientStorage` and `NotModified` are
this product's, in S3's manner.
"""

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """An error code as S3 writes it. `status` is the HTTP status, `text` the message that S3 usually sends."""

    status: int
    text: str

    def __new__(cls, value: str, status: int, text: str) -> "Code":
        member = str.__new__(cls, value)
        member._value_ = value
        member.status = status
        member.text = text
        return member

    ACCESS_CONTROL_LIST_NOT_SUPPORTED = "AccessControlListNotSupported", 400, "The bucket does not allow ACLs"
    ACCESS_DENIED = "AccessDenied", 403, "Access Denied"
    ACCESS_FORBIDDEN = "AccessForbidden", 403, "CORSResponse: This CORS request is not allowed."
    AUTHORIZATION_HEADER_MALFORMED = (
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header you provided is invalid.",
    )
    AUTHORIZATION_QUERY_PARAMETERS_ERROR = (
        "AuthorizationQueryParametersError",
        400,
        "The query parameters of the signature are invalid.",
    )
    BAD_DIGEST = "BadDigest", 400, "The Content-MD5 you specified did not match what we received."
    BAD_REQUEST = "BadRequest", 400, "Bad Request"
    BUCKET_ALREADY_EXISTS = (
        "BucketAlreadyExists",
        409,
        (
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again."
        ),
    )
    BUCKET_ALREADY_OWNED_BY_YOU = (
        "BucketAlreadyOwnedByYou",
        409,
        "Your previous request to create the named bucket succeeded and you already own it.",
    )
    BUCKET_NOT_EMPTY = "BucketNotEmpty", 409, "The bucket you tried to delete is not empty"
    CONDITIONAL_REQUEST_CONFLICT = (
        "ConditionalRequestConflict",
        409,
        "The conditional request cannot succeed due to a conflicting operation against this resource.",
    )
    ENTITY_TOO_LARGE = "EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size"
    ENTITY_TOO_SMALL = "EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"
    EXPIRED_TOKEN = "ExpiredToken", 400, "The provided token has expired."
    ILLEGAL_LOCATION_CONSTRAINT = (
        "IllegalLocationConstraintException",
        400,
        "The location constraint is incompatible for the region specific endpoint this request was sent to.",
    )
    ILLEGAL_VERSIONING_CONFIGURATION = (
        "IllegalVersioningConfigurationException",
        400,
        "The Versioning element must be specified",
    )
    INCOMPLETE_BODY = (
        "IncompleteBody",
        400,
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
    INCORRECT_NUMBER_OF_FILES_IN_POST = (
        "IncorrectNumberOfFilesInPostRequest",
        400,
        "POST requires exactly one file upload per request.",
    )
    INSUFFICIENT_STORAGE = "InsufficientStorage", 507, "There is no space left to carry out the request."
    INTERNAL_ERROR = "InternalError", 500, "We encountered an internal error. Please try again."
    INVALID_ACCESS_KEY_ID = (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    )
    INVALID_ARGUMENT = "InvalidArgument", 400, "Invalid Argument"
    INVALID_BUCKET_NAME = "InvalidBucketName", 400, "The specified bucket is not valid."
    INVALID_BUCKET_OWNER_ACL = "InvalidBucketAclWithObjectOwnership", 400, "Bucket cannot have ACLs set with this owner"
    INVALID_BUCKET_STATE = "InvalidBucketState", 409, "The request is not valid with the current state of the bucket."
    INVALID_CHUNK_SIZE = (
        "InvalidChunkSizeError",
        403,
        "Only the last chunk is allowed to have a size less than 8192 bytes",
    )
    INVALID_DIGEST = "InvalidDigest", 400, "The Content-MD5 you specified is not valid."
    INVALID_ENCRYPTION_ALGORITHM = (
        "InvalidEncryptionAlgorithmError",
        400,
        "The encryption request you specified is not valid. The valid value is AES256.",
    )
    INVALID_LOCATION_CONSTRAINT = (
        "InvalidLocationConstraint",
        400,
        "The specified location-constraint is not valid",
    )
    INVALID_OBJECT_STATE = (
        "InvalidObjectState",
        403,
        "The operation is not valid for the object's current state.",
    )
    IDEMPOTENCY_PARAMETER_MISMATCH = (
        "IdempotencyParameterMismatch",
        400,
        "The parameters of this request differ from those of an earlier one with the same client token",
    )
    INVALID_PART = (
        "InvalidPart",
        400,
        (
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
            "specified entity tag may not match the part's entity tag."
        ),
    )
    INVALID_REDIRECT_LOCATION = (
        "InvalidRedirectLocation",
        400,
        "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
    )
    INVALID_PART_NUMBER = "InvalidPartNumber", 416, "The requested partnumber is not satisfiable"
    INVALID_PART_ORDER = (
        "InvalidPartOrder",
        400,
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
    )
    INVALID_POLICY_DOCUMENT = (
        "InvalidPolicyDocument",
        400,
        "The content of the form does not meet the conditions specified in the policy document.",
    )
    INVALID_RANGE = "InvalidRange", 416, "The requested range is not satisfiable"
    INVALID_REQUEST = "InvalidRequest", 400, "Invalid Request"
    INVALID_RETENTION_PERIOD = (
        "InvalidRetentionPeriod",
        400,
        "Default retention period must be a positive integer value.",
    )
    INVALID_STORAGE_CLASS = "InvalidStorageClass", 400, "The storage class you specified is not valid"
    INVALID_TAG = "InvalidTag", 400, "The tag provided was not a valid tag."
    INVALID_TOKEN = "InvalidToken", 400, "The provided token is malformed or otherwise invalid."
    INVALID_URI = "InvalidURI", 400, "Couldn't parse the specified URI."
    INVALID_WRITE_OFFSET = (
        "InvalidWriteOffset",
        400,
        "The write offset value that you specified does not match the current object size.",
    )
    KEY_TOO_LONG = "KeyTooLongError", 400, "Your key is too long"
    MALFORMED_ACL = (
        "MalformedACLError",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
    MALFORMED_POLICY = "MalformedPolicy", 400, "Policies must be valid JSON and the first byte must be '{'"
    MALFORMED_POST_REQUEST = (
        "MalformedPOSTRequest",
        400,
        "The body of your POST request is not well-formed multipart/form-data.",
    )
    MALFORMED_TRAILER = (
        "MalformedTrailerError",
        400,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    )
    MALFORMED_XML = (
        "MalformedXML",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
    MAX_MESSAGE_LENGTH_EXCEEDED = "MaxMessageLengthExceeded", 400, "Your request was too big."
    MAX_POST_PRE_DATA_LENGTH_EXCEEDED = (
        "MaxPostPreDataLengthExceededError",
        400,
        "Your POST request fields preceding the upload file were too large.",
    )
    METADATA_TOO_LARGE = (
        "MetadataTooLarge",
        400,
        "Your metadata headers exceed the maximum allowed metadata size",
    )
    METHOD_NOT_ALLOWED = "MethodNotAllowed", 405, "The specified method is not allowed against this resource."
    MISSING_CONTENT_LENGTH = "MissingContentLength", 411, "You must provide the Content-Length HTTP header."
    MISSING_REQUEST_BODY = "MissingRequestBodyError", 400, "Request Body is empty"
    MISSING_SECURITY_HEADER = "MissingSecurityHeader", 400, "Your request was missing a required header"
    NO_SUCH_BUCKET = "NoSuchBucket", 404, "The specified bucket does not exist"
    NO_SUCH_BUCKET_POLICY = "NoSuchBucketPolicy", 404, "The bucket policy does not exist"
    NO_SUCH_CORS_CONFIGURATION = "NoSuchCORSConfiguration", 404, "The CORS configuration does not exist"
    NO_SUCH_KEY = "NoSuchKey", 404, "The specified key does not exist."
    NO_SUCH_LIFECYCLE_CONFIGURATION = (
        "NoSuchLifecycleConfiguration",
        404,
        "The lifecycle configuration does not exist",
    )
    NO_SUCH_OBJECT_LOCK_CONFIGURATION = (
        "NoSuchObjectLockConfiguration",
        404,
        "The specified object does not have a ObjectLock configuration",
    )
    NO_SUCH_PUBLIC_ACCESS_BLOCK = (
        "NoSuchPublicAccessBlockConfiguration",
        404,
        "The public access block configuration was not found",
    )
    NO_SUCH_TAG_SET = "NoSuchTagSet", 404, "The TagSet does not exist"
    NO_SUCH_UPLOAD = (
        "NoSuchUpload",
        404,
        (
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed."
        ),
    )
    NO_SUCH_VERSION = "NoSuchVersion", 404, "The specified version does not exist."
    NO_SUCH_WEBSITE_CONFIGURATION = (
        "NoSuchWebsiteConfiguration",
        404,
        "The specified bucket does not have a website configuration",
    )
    NOT_IMPLEMENTED = (
        "NotImplemented",
        501,
        "A header or operation you requested implies functionality that is not implemented",
    )
    NOT_MODIFIED = "NotModified", 304, "Not Modified"
    OBJECT_LOCK_CONFIGURATION_NOT_FOUND = (
        "ObjectLockConfigurationNotFoundError",
        404,
        "Object Lock configuration does not exist for this bucket",
    )
    OPERATION_ABORTED = (
        "OperationAborted",
        409,
        "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    )
    OWNERSHIP_CONTROLS_NOT_FOUND = (
        "OwnershipControlsNotFoundError",
        404,
        "The bucket ownership controls were not found",
    )
    PERMANENT_REDIRECT = (
        "PermanentRedirect",
        301,
        "The bucket you are attempting to access must be addressed using the specified endpoint.",
    )
    PRECONDITION_FAILED = (
        "PreconditionFailed",
        412,
        "At least one of the pre-conditions you specified did not hold",
    )
    QUOTA_EXCEEDED = "QuotaExceeded", 507, "The quota of the bucket or account is used up."
    REQUEST_HEADER_SECTION_TOO_LARGE = (
        "RequestHeaderSectionTooLarge",
        400,
        "Your request header section exceeds the maximum allowed size.",
    )
    REQUEST_TIMEOUT = (
        "RequestTimeout",
        400,
        "Your socket connection to the server was not read from or written to within the timeout period.",
    )
    REQUEST_TIME_TOO_SKEWED = (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    )
    SERVER_SIDE_ENCRYPTION_NOT_FOUND = (
        "ServerSideEncryptionConfigurationNotFoundError",
        404,
        "The server side encryption configuration was not found",
    )
    SERVICE_UNAVAILABLE = "ServiceUnavailable", 503, "Service is unable to handle request."
    SIGNATURE_DOES_NOT_MATCH = (
        "SignatureDoesNotMatch",
        403,
        (
            "The request signature we calculated does not match the signature you provided. Check your key and signing "
            "method."
        ),
    )
    SLOW_DOWN = "SlowDown", 503, "Please reduce your request rate."
    TOO_MANY_BUCKETS = "TooManyBuckets", 400, "You have attempted to create more buckets than allowed"
    TOO_MANY_PARTS = (
        "TooManyParts",
        400,
        "You have attempted to add more parts than the maximum of 10000 that are allowed for this object.",
    )
    UNEXPECTED_CONTENT = "UnexpectedContent", 400, "This request does not support content"
    UNRESOLVABLE_GRANT_BY_EMAIL = (
        "UnresolvableGrantByEmailAddress",
        400,
        "The e-mail address you provided does not match any account on record",
    )
    USER_KEY_MUST_BE_SPECIFIED = (
        "UserKeyMustBeSpecified",
        400,
        "The bucket POST must contain the specified field name. If it is specified, check the order of the fields.",
    )
    X_AMZ_CONTENT_SHA256_MISMATCH = (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )


BY_NAME: Mapping[str, Code] = {code.value: code for code in Code}
