"""Encryption at rest: what requests ask of it, what answers tell, and the operations on a bucket's default.

Source: "Protecting data with server-side encryption" in the Amazon S3 User Guide.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address

from gateway.core.conditions import When
from gateway.core.encryption import (
    AES256,
    BY_DEFAULT,
    KMS,
    MANAGED,
    CustomerKey,
    Encryption,
    Managed,
    Seal,
    refuse_key,
    seal_of,
)
from gateway.core.types import PropsChange
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.demands import not_served
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Members, Output

METHOD = "x-amz-server-side-encryption"
KMS_KEY = METHOD + "-aws-kms-key-id"
CUSTOMER = METHOD + "-customer-"
SOURCE = "x-amz-copy-source-server-side-encryption-customer-"

_FIELDS = ("algorithm", "key", "key-md5")
_KEY_BYTES = 32
_DOUBLY = "aws:kms:dsse"
_ARN = "arn:aws:kms:"

OF_OBJECTS = frozenset({METHOD, KMS_KEY, *(CUSTOMER + field for field in _FIELDS)})
"""Headers that say how an object is, or is to be, encrypted."""
OF_COPIES = OF_OBJECTS | {SOURCE + field for field in _FIELDS}

_CUSTOMERS = "Requests specifying Server Side Encryption with Customer provided keys must"


def asked(call: Call) -> Encryption | None:
    """How the object is to be encrypted; None: the request does not say. Raises `S3Error`."""
    if not call.store.caps.encryption:
        return None
    method, customer = call.headers.get(METHOD), customer_key(call)
    if customer is not None:
        if method is not None or KMS_KEY in call.headers:
            raise _invalid(
                METHOD,
                "Server Side Encryption with Customer provided key is incompatible with the encryption method "
                "specified",
            )
        return customer
    if method is None and KMS_KEY not in call.headers:
        return None
    return _managed(call.headers)


def _managed(headers: Mapping[str, str]) -> Managed:
    method = headers.get(METHOD, "")
    if method == _DOUBLY:
        raise not_served(METHOD)
    if method == KMS:
        return Managed(_key_id(headers.get(KMS_KEY, "")), service=True)
    if method != AES256:
        raise _invalid(METHOD, "The encryption method specified is not supported")
    if KMS_KEY in headers:
        raise _invalid(KMS_KEY, f"{KMS_KEY} is not applicable if encryption algorithm is not aws:kms")
    return MANAGED


def _key_id(text: str) -> str:
    """The id of a key of the installation, which may be named by an ARN, too: `arn:aws:kms:region:account:key/id`."""
    return re.split("[:/]", text)[-1] if text.startswith(_ARN) else text


def going_on(call: Call, upload: Mapping[str, str]) -> CustomerKey | None:
    """The key that a request brings to go on with an upload that has these properties. Raises `S3Error`.

    What encrypts the upload anyway may be said again, as some clients do.
    """
    if METHOD in call.headers and call.store.caps.encryption:
        wanted, seal = _managed(call.headers), seal_of(upload)
        if seal is not None and seal.suits(wanted):
            return customer_key(call)
    return opening(call)


def opening(call: Call) -> CustomerKey | None:
    """The key that a request brings to read an object. Raises `S3Error`."""
    if not call.store.caps.encryption:
        return None
    for name in (METHOD, KMS_KEY):
        if name in call.headers:
            raise _invalid(name, f"{name} header is not supported for this operation.")
    return customer_key(call)


def opening_source(call: Call, when: When) -> When:
    """`when`, with the key that a copy brings for its source. Raises `S3Error`."""
    if not call.store.caps.encryption or (key := customer_key(call, SOURCE)) is None:
        return when
    return replace(when, secret=key)


def customer_key(call: Call, prefix: str = CUSTOMER) -> CustomerKey | None:
    """The key in a request's headers, which the client keeps; None: there is none. Raises `S3Error`."""
    algorithm, key, md5 = (call.headers.get(prefix + field) for field in _FIELDS)
    if algorithm is key is md5 is None:
        return None
    if algorithm is None:
        raise _invalid(prefix + "algorithm", f"{_CUSTOMERS} provide a valid encryption algorithm.")
    if algorithm != AES256:
        raise S3Error(Code.INVALID_ENCRYPTION_ALGORITHM, ArgumentName=prefix + "algorithm", ArgumentValue=algorithm)
    if not key:
        raise _invalid(prefix + "key", f"{_CUSTOMERS} provide an appropriate secret key.")
    if not md5:
        raise _invalid(prefix + "key-md5", f"{_CUSTOMERS} provide the client calculated MD5 of the secret key.")
    if not _is_safe(call):
        raise S3Error(Code.INVALID_REQUEST, f"{_CUSTOMERS} be made over a secure connection.")
    secret, digest = _decoded(key), _decoded(md5)
    if len(secret) != _KEY_BYTES:
        raise _invalid(prefix + "key", "The secret key was invalid for the specified algorithm.")
    if not hmac.compare_digest(_md5(secret), digest):
        raise _invalid(
            prefix + "key-md5", "The calculated MD5 hash of the key did not match the hash that was provided."
        )
    return CustomerKey(secret)


def _is_safe(call: Call) -> bool:
    """Whether nobody else can have read the request."""
    if call.request.secure or call.settings.plain_customer_keys:
        return True
    try:
        return ip_address(call.request.remote or "").is_loopback
    except ValueError:
        return False


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _md5(secret: bytes) -> bytes:
    return hashlib.md5(secret, usedforsecurity=False).digest()


def _invalid(name: str, message: str) -> S3Error:
    return S3Error(Code.INVALID_ARGUMENT, message, ArgumentName=name)


def members(system: Mapping[str, str], secret: CustomerKey | None) -> Members:
    """What is told of an object's or an upload's encryption, by the model's member names."""
    seal = seal_of(system)
    if seal is None:
        return {}
    if secret is None:
        return _told(seal)
    return {"SSECustomerAlgorithm": AES256, "SSECustomerKeyMD5": b64encode(_md5(secret.secret)).decode()}


def completed(system: Mapping[str, str]) -> Members:
    """The same of an object out of parts: S3's answer has no place for a customer's key."""
    seal = seal_of(system)
    return _told(seal) if seal is not None and seal.is_managed else {}


def _told(seal: Seal) -> Members:
    if seal.service:
        return {"ServerSideEncryption": KMS, "SSEKMSKeyId": seal.key}
    return {"ServerSideEncryption": AES256}


def of_writer(how: Encryption | None) -> CustomerKey | None:
    """The customer's key with which something is written."""
    return how if isinstance(how, CustomerKey) else None


def header_pairs(system: Mapping[str, str], secret: CustomerKey | None) -> list[tuple[str, str]]:
    """The same of an object that is read, as headers. Raises `KeyRequired`, `KeyRefused`, `BadRequest`."""
    seal = seal_of(system)
    if seal is None:
        refuse_key(secret)
        return []
    seal.check(secret)
    if secret is None:
        return [(METHOD, KMS), (KMS_KEY, seal.key)] if seal.service else [(METHOD, AES256)]
    return [(CUSTOMER + "algorithm", AES256), (CUSTOMER + "key-MD5", b64encode(_md5(secret.secret)).decode())]


async def get_bucket_encryption(call: Call) -> Output:
    """GetBucketEncryption."""
    stated = bucket_of(call).system.get(BY_DEFAULT)
    if stated is None:
        raise S3Error(Code.SERVER_SIDE_ENCRYPTION_NOT_FOUND, BucketName=call.key.bucket)
    how = Managed.unpack(stated)
    default: Members = {"SSEAlgorithm": KMS if how.service else AES256, "KMSMasterKeyID": how.key or None}
    rule: Members = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": False}
    return Output({"ServerSideEncryptionConfiguration": {"Rules": [rule]}})


async def put_bucket_encryption(call: Call) -> Output:
    """PutBucketEncryption."""
    if not call.store.caps.encryption:
        raise S3Error(Code.NOT_IMPLEMENTED, "The store behind this bucket does not encrypt; set `encryption` for it.")
    rules = (await required_document(call)).records("Rules")
    default = rules[0].record("ApplyServerSideEncryptionByDefault") if len(rules) == 1 else None
    algorithm = default.text("SSEAlgorithm") if default else None
    if default is None or algorithm is None:
        raise S3Error(Code.MALFORMED_XML)
    if algorithm == _DOUBLY or "BlockedEncryptionTypes" in rules[0]:
        raise S3Error(Code.NOT_IMPLEMENTED, "A bucket's default encryption is done by AES256 or aws:kms only.")
    key = default.text("KMSMasterKeyID")
    if key is not None and algorithm != KMS:
        raise _invalid("KMSMasterKeyID", "a KMSMasterKeyID is not applicable if the default sse algorithm is AES256")
    how = Managed(_key_id(key or ""), service=algorithm == KMS)
    await call.store.update_bucket(call.key.bucket, PropsChange(system={BY_DEFAULT: how.pack()}))
    return Output({})


async def delete_bucket_encryption(call: Call) -> Output:
    """DeleteBucketEncryption: that there was none is no error."""
    if BY_DEFAULT in bucket_of(call).system:
        await call.store.update_bucket(call.key.bucket, PropsChange(system={BY_DEFAULT: None}))
    return Output({}, status=204)
