"""What the tests of encryption share."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError

from gateway.core.encryption import seal_of
from gateway.core.store import Store
from gateway.core.types import Key
from gateway.layers.encrypted import Encrypted, MasterKeys
from tests.frontends.s3.world import S3Client, World

SECRET, OTHER = bytes(range(32)), bytes(range(32, 64))
CURRENT, NAMED = "current", "named"
"""The keys of the installation."""
PLAIN = "x-amz-server-side-encryption"
CUSTOMER = PLAIN + "-customer-"


def sealing(store: Store, *, default: bool = False) -> Encrypted:
    return Encrypted(store, MasterKeys({NAMED: b"n" * 32, CURRENT: b"k" * 32}, CURRENT), default=default)


def customer(secret: bytes = SECRET, prefix: str = "") -> dict[str, str]:
    """The parameters of boto for a customer's key; boto adds the digest."""
    return {f"{prefix}SSECustomerAlgorithm": "AES256", f"{prefix}SSECustomerKey": secret.decode("latin-1")}


def headers(secret: bytes = SECRET, prefix: str = CUSTOMER) -> dict[str, str]:
    return {
        prefix + "algorithm": "AES256",
        prefix + "key": b64encode(secret).decode(),
        prefix + "key-md5": digest(secret),
    }


def digest(secret: bytes) -> str:
    return b64encode(hashlib.md5(secret, usedforsecurity=False).digest()).decode()


async def refused(attempt: object) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        await attempt  # type: ignore[misc]
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


async def read(s3: S3Client, key: str, **parameters: str) -> bytes:
    answer = await s3.get_object(Bucket="bucket", Key=key, **parameters)
    return bytes(await answer["Body"].read())


async def stored(world: World, key: str) -> str:
    """How an object is encrypted: `managed`, `customer` or `plain`."""
    seal = seal_of((await world.store.stat(Key("bucket", key))).props.system)
    return "plain" if seal is None else "managed" if seal.is_managed else "customer"


HOW: Mapping[str, dict[str, str]] = {
    "plain": {},
    "managed": {"ServerSideEncryption": "AES256"},
    "customer": customer(),
    "other customer": customer(OTHER),
}
