"""Keys that clients keep (SSE-C)."""

import hashlib
import os
from base64 import b64encode
from collections.abc import Mapping

import pytest

from gateway.core.conditions import When
from gateway.core.encryption import CustomerKey
from gateway.core.store import Store
from gateway.core.types import Key, Put
from tests.frontends.marks import in_memory
from tests.frontends.s3.encryption.sealed import (
    CUSTOMER,
    OTHER,
    PLAIN,
    SECRET,
    customer,
    digest,
    headers,
    refused,
)
from tests.frontends.s3.world import MIB, S3Client, World, serving


@pytest.mark.parametrize("size", (0, 1, 1000, MIB))
async def test_a_customers_key_encrypts_and_is_not_kept(s3: S3Client, world: World, size: int) -> None:
    data = os.urandom(size)
    put = await s3.put_object(Bucket="bucket", Key="key", Body=data, **customer())
    assert (put["SSECustomerAlgorithm"], put["SSECustomerKeyMD5"]) == ("AES256", digest(SECRET))
    assert put["ETag"] != f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    got = await s3.get_object(Bucket="bucket", Key="key", **customer())
    assert (got["SSECustomerAlgorithm"], got["SSECustomerKeyMD5"]) == ("AES256", digest(SECRET))
    assert (got["ETag"], await got["Body"].read()) == (put["ETag"], data)
    head = await s3.head_object(Bucket="bucket", Key="key", **customer())
    assert (head["ContentLength"], head["SSECustomerKeyMD5"]) == (size, digest(SECRET))
    (row,) = (await s3.list_objects_v2(Bucket="bucket"))["Contents"]
    assert (row["Size"], row["ETag"]) == (size, put["ETag"])
    assert SECRET not in repr(await world.store.stat(Key("bucket", "key"))).encode()


async def test_a_customers_object_is_read_with_its_key_only(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="key", Body=b"secret", **customer())
    await s3.put_object(Bucket="bucket", Key="plain", Body=b"plain")
    await s3.put_object(Bucket="bucket", Key="managed", Body=b"plain", ServerSideEncryption="AES256")
    for wrong in ({}, customer(OTHER)):
        assert await refused(s3.get_object(Bucket="bucket", Key="key", **wrong)) == (400, "InvalidRequest")
        assert (await refused(s3.head_object(Bucket="bucket", Key="key", **wrong)))[0] == 400
    attributes = {"x-amz-object-attributes": "ObjectSize"}
    answer = await world.do("GET", "/bucket/key?attributes", headers=attributes)
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    answer = await world.do("GET", "/bucket/key?attributes", headers={**attributes, **headers()})
    assert answer.element("ObjectSize") == "6"
    for key in ("plain", "managed"):
        assert await refused(s3.get_object(Bucket="bucket", Key=key, **customer())) == (400, "InvalidRequest")
        assert (await refused(s3.head_object(Bucket="bucket", Key=key, **customer())))[0] == 400


@in_memory
@pytest.mark.parametrize(
    ("change", "code"),
    (
        ({CUSTOMER + "algorithm": None}, "InvalidArgument"),
        ({CUSTOMER + "algorithm": "AES128"}, "InvalidEncryptionAlgorithmError"),
        ({CUSTOMER + "key": None}, "InvalidArgument"),
        ({CUSTOMER + "key": "not base64"}, "InvalidArgument"),
        ({CUSTOMER + "key": b64encode(b"short").decode()}, "InvalidArgument"),
        ({CUSTOMER + "key-md5": None}, "InvalidArgument"),
        ({CUSTOMER + "key-md5": digest(OTHER)}, "InvalidArgument"),
        ({CUSTOMER + "key-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "InvalidArgument"),
        ({PLAIN: "AES256"}, "InvalidArgument"),
        ({PLAIN: "aws:kms"}, "InvalidArgument"),
    ),
)
@pytest.mark.parametrize("method", ("PUT", "GET"))
async def test_a_customers_key_comes_whole_and_right(
    world: World, bucket: str, change: Mapping[str, str | None], code: str, method: str
) -> None:
    stated = {name: value for name, value in {**headers(), **change}.items() if value is not None}
    body = b"secret" if method == "PUT" else b""
    answer = await world.do(method, "/bucket/key", body, stated)
    assert (answer.status, answer.code) == (400, code)
    assert (await world.do("GET", "/bucket/key")).status == 404


async def test_keys_are_not_taken_where_others_can_read_them(
    world: World, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiohttp.web.BaseRequest.remote", "192.0.2.1")
    answer = await world.do("PUT", "/bucket/key", b"secret", headers())
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert "secure connection" in answer.element("Message")
    monkeypatch.setattr("aiohttp.web.BaseRequest.secure", True)
    assert (await world.do("PUT", "/bucket/key", b"secret", headers())).status == 200


async def test_a_setting_takes_keys_over_any_connection(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiohttp.web.BaseRequest.remote", "192.0.2.1")
    async with serving(store, plain_customer_keys=True) as world:
        await world.do("PUT", "/bucket")
        assert (await world.do("PUT", "/bucket/key", b"secret", headers())).status == 200


async def test_no_key_is_told_to_the_log_or_in_errors(
    world: World, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    texts = [b64encode(SECRET).decode(), SECRET.hex(), repr(SECRET)]
    wrong = {**headers(), CUSTOMER + "key-md5": digest(OTHER)}
    answers = [
        await world.do(method, "/bucket/key", body, stated)
        for method, body, stated in (
            ("PUT", b"secret", wrong),
            ("PUT", b"secret", headers()),
            ("GET", b"", headers(OTHER)),
            ("GET", b"", headers()),
        )
    ]
    assert [answer.status for answer in answers] == [400, 200, 400, 200]
    told = "".join(f"{answer.body!r}{answer.headers}" for answer in answers)
    told += "".join(record.getMessage() for record in caplog.records if not record.name.startswith("botocore"))
    told += "".join(map(repr, world.seen)) + repr(Put(encryption=CustomerKey(SECRET)))
    told += repr(When(secret=CustomerKey(SECRET)))
    assert [text for text in texts if text in told] == []
