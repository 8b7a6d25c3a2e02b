"""What S3 does on the wire and the model does not say."""

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

UNREACHABLE = frozenset({"ListDirectoryBuckets"})
"""Operations that differ from another one only by the host they are sent to."""

PREFLIGHT = "PreflightRequest"

UNMODELLED = (("PostObject", "POST", "bucket"), (PREFLIGHT, "OPTIONS", "object"))
"""Operations of browsers, as name, method and level: forms, and the preflight of CORS (which any path may have)."""
