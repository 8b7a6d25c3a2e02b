"""Request headers that ask for what is not done: refused, lest an object be taken for encrypted or locked."""

from collections.abc import Mapping

from gateway.core.store import Store
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.locking import BUCKET_HEADER
from gateway.frontends.s3.locking import HEADERS as LOCKS

_REFUSED = frozenset(
    {
        "x-amz-copy-source-server-side-encryption-customer-algorithm",
        "x-amz-copy-source-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key-md5",
        "x-amz-bucket-namespace",
        "x-amz-if-match-initiated-time",
        "x-amz-if-match-last-modified-time",
        "x-amz-if-match-size",
        "x-amz-mfa",
        "x-amz-object-lock-event-hold",
        "x-amz-object-lock-event-hold-duration-days",
        "x-amz-object-lock-event-hold-duration-years",
        *LOCKS,
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-bucket-key-enabled",
        "x-amz-server-side-encryption-context",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-server-side-encryption-customer-key-md5",
        "x-amz-write-offset-bytes",
    }
)

_HARMLESS: Mapping[str, frozenset[str]] = {
    BUCKET_HEADER: frozenset({"false"}),
    "x-amz-object-annotation-directive": frozenset({"copy"}),
    "x-amz-storage-class": frozenset({"standard"}),
}
"""Headers that may ask for what is the case anyway, with those values."""

_ENCRYPTION = "server-side-encryption"

_SUSPECT = _REFUSED | _HARMLESS.keys()


def refuse_unserved(headers: Mapping[str, str], heeded: frozenset[str], store: Store) -> None:
    """Raise `S3Error` `NotImplemented` where a header asks for what is not done. Names are in lower case.

    `heeded`: headers that the operation at hand understands, those of encryption if `store` encrypts.
    """
    if _SUSPECT.isdisjoint(headers):
        return
    for name in sorted(_SUSPECT.intersection(headers)):
        if name in heeded and (_ENCRYPTION not in name or store.caps.encryption):
            continue
        if headers[name].strip().lower() not in _HARMLESS.get(name, ()):
            raise not_served(name)


def not_served(name: str) -> S3Error:
    """The error for a header that asks for what is not done."""
    return S3Error(
        Code.NOT_IMPLEMENTED,
        f"The header {name} with the value that was sent implies functionality that is not implemented.",
        Header=name,
    )
