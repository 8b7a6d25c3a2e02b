"""Encryption at rest, as clients of S3 see it."""

import hashlib
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from gateway.core.conditions import When
from gateway.core.encryption import SEAL, CustomerKey, seal_of
from gateway.core.store import Store
from gateway.core.types import Key, Put
from gateway.layers.encrypted import Encrypted, MasterKeys
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.frontends.s3.test_post import USUAL, USUAL_FIELDS, V4, form, policy, post, sign_v4
from tests.frontends.s3.world import MIB, S3Client, World, serving

SECRET, OTHER = bytes(range(32)), bytes(range(32, 64))
PLAIN = "x-amz-server-side-encryption"
CUSTOMER = PLAIN + "-customer-"
SOURCE = "x-amz-copy-source-server-side-encryption-customer-"


def sealing(store: Store, *, default: bool = False) -> Encrypted:
    return Encrypted(store, MasterKeys({"k": bytes(32)}, "k"), default=default)


@pytest.fixture(params=["memory", "catalog"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    inner = Memory() if request.param == "memory" else Catalog(CatalogSettings(path=tmp_path / "catalog"))
    store = sealing(inner)
    await store.start()
    yield store
    await store.aclose()


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


@pytest.mark.parametrize("size", (0, 1, 13, 1024, MIB))
async def test_the_installations_keys_encrypt_what_asks_for_it(s3: S3Client, world: World, size: int) -> None:
    data = os.urandom(size)
    put = await s3.put_object(Bucket="bucket", Key="key", Body=data, ServerSideEncryption="AES256")
    assert put["ServerSideEncryption"] == "AES256"
    assert put["ETag"] == f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    got = await s3.get_object(Bucket="bucket", Key="key")
    assert (got["ServerSideEncryption"], got["ContentLength"], await got["Body"].read()) == ("AES256", size, data)
    head = await s3.head_object(Bucket="bucket", Key="key")
    assert (head["ServerSideEncryption"], head["ContentLength"]) == ("AES256", size)
    (row,) = (await s3.list_objects_v2(Bucket="bucket"))["Contents"]
    assert (row["Size"], row["ETag"]) == (size, put["ETag"])
    assert await stored(world, "key") == "managed"


async def test_what_does_not_ask_stays_plain(s3: S3Client, world: World) -> None:
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"plain")
    got = await s3.get_object(Bucket="bucket", Key="key")
    assert "ServerSideEncryption" not in put
    assert "ServerSideEncryption" not in got
    assert await got["Body"].read() == b"plain"
    assert await stored(world, "key") == "plain"


async def test_a_bucket_says_how_its_objects_are_encrypted(s3: S3Client, world: World) -> None:
    missing = (404, "ServerSideEncryptionConfigurationNotFoundError")
    assert await refused(s3.get_bucket_encryption(Bucket="bucket")) == missing
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    await s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration=rules)
    (rule,) = (await s3.get_bucket_encryption(Bucket="bucket"))["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"secret")
    assert put["ServerSideEncryption"] == "AES256"
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large")
    assert upload["ServerSideEncryption"] == "AES256"
    await s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/key")
    assert [await stored(world, key) for key in ("key", "copy")] == ["managed", "managed"]
    for _ in range(2):
        await s3.delete_bucket_encryption(Bucket="bucket")
    assert await refused(s3.get_bucket_encryption(Bucket="bucket")) == missing
    assert "ServerSideEncryption" not in await s3.put_object(Bucket="bucket", Key="key", Body=b"plain")
    assert await read(s3, "copy") == b"secret"


@pytest.mark.parametrize(
    ("default", "refusal"),
    (
        ({"SSEAlgorithm": "aws:kms"}, (501, "NotImplemented")),
        ({"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}, (400, "InvalidArgument")),
        ({"SSEAlgorithm": "ROT13"}, (400, "MalformedXML")),
    ),
)
async def test_other_defaults_of_buckets_are_refused(
    s3: S3Client, default: Mapping[str, str], refusal: tuple[int, str]
) -> None:
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    attempt = s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration=rules)
    assert await refused(attempt) == refusal


async def test_who_may_not_configure_a_bucket_may_not_turn_its_encryption_off(world: World, bucket: str) -> None:
    for user in ("rita", "nina", "olga"):
        assert (await world.do("DELETE", "/bucket?encryption", user=user)).status == 403
        assert (await world.do("PUT", "/bucket?encryption", b"<x/>", user=user)).status == 403


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


@pytest.mark.parametrize(
    ("stated", "refusal"),
    (
        ({PLAIN: "AES256", PLAIN + "-aws-kms-key-id": "k"}, (400, "InvalidArgument")),
        ({PLAIN + "-aws-kms-key-id": "k"}, (400, "InvalidArgument")),
        ({PLAIN: "aes:kms"}, (400, "InvalidArgument")),
        ({PLAIN: ""}, (400, "InvalidArgument")),
        ({PLAIN: "aws:kms"}, (501, "NotImplemented")),
        ({PLAIN: "aws:kms", PLAIN + "-aws-kms-key-id": "k"}, (501, "NotImplemented")),
        ({PLAIN: "aws:kms:dsse"}, (501, "NotImplemented")),
        ({PLAIN: "AES256", PLAIN + "-context": "e30="}, (501, "NotImplemented")),
    ),
)
async def test_other_kinds_of_encryption_are_refused(
    world: World, bucket: str, stated: Mapping[str, str], refusal: tuple[int, str]
) -> None:
    answer = await world.do("PUT", "/bucket/key", b"secret", stated)
    assert (answer.status, answer.code) == refusal
    assert (await world.do("GET", "/bucket/key")).status == 404


async def test_reads_do_not_say_how_the_installation_is_to_encrypt(world: World, bucket: str) -> None:
    await world.do("PUT", "/bucket/key", b"secret", {PLAIN: "AES256"})
    answer = await world.do("GET", "/bucket/key", headers={PLAIN: "AES256"})
    assert (answer.status, answer.code) == (400, "InvalidArgument")


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


async def test_ranges_of_encrypted_objects(s3: S3Client) -> None:
    data = os.urandom(300_000)
    await s3.put_object(Bucket="bucket", Key="customer", Body=data, **customer())
    await s3.put_object(Bucket="bucket", Key="managed", Body=data, ServerSideEncryption="AES256")
    for key, how in (("customer", customer()), ("managed", {})):
        for first, last in ((0, 0), (65535, 65536), (100_000, 250_000), (299_999, 299_999), (0, 299_999)):
            assert await read(s3, key, Range=f"bytes={first}-{last}", **how) == data[first : last + 1]
        assert await read(s3, key, Range="bytes=-7", **how) == data[-7:]
        parts = await read(s3, key, Range="bytes=0-9,200000-200009", **how)
        assert data[:10] in parts
        assert data[200_000:200_010] in parts


async def uploaded(s3: S3Client, parts: list[bytes], begin: Mapping[str, str], each: Mapping[str, str]) -> None:
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large", Metadata={"foo": "bar"}, **begin)
    named = {"Bucket": "bucket", "Key": "large", "UploadId": upload["UploadId"]}
    made = [
        {
            "PartNumber": number,
            "ETag": (await s3.upload_part(**named, PartNumber=number, Body=part, **each))["ETag"],
        }
        for number, part in enumerate(parts, 1)
    ]
    done = await s3.complete_multipart_upload(**named, MultipartUpload={"Parts": made}, **each)
    assert done.get("ServerSideEncryption") == (None if each else "AES256")


@pytest.mark.parametrize("sizes", ((5 * MIB, 5 * MIB, 1), (5 * MIB + 1, 5 * MIB + 777, MIB + 3)))
@pytest.mark.parametrize("how", ("customer", "managed"))
async def test_uploads_in_parts_are_encrypted(s3: S3Client, world: World, sizes: tuple[int, ...], how: str) -> None:
    parts = [os.urandom(size) for size in sizes]
    whole, each = b"".join(parts), customer() if how == "customer" else {}
    await uploaded(s3, parts, each or {"ServerSideEncryption": "AES256"}, each)
    assert await stored(world, "large") == how
    head = await s3.head_object(Bucket="bucket", Key="large", **each)
    assert (head["ContentLength"], head["Metadata"]) == (len(whole), {"foo": "bar"})
    assert await read(s3, "large", **each) == whole
    for first in (0, sizes[0] - 1, sizes[0], sizes[0] + sizes[1] - 10, len(whole) - 1):
        assert await read(s3, "large", Range=f"bytes={first}-{first + 99}", **each) == whole[first : first + 100]
    second = await s3.get_object(Bucket="bucket", Key="large", PartNumber=2, **each)
    assert (second["PartsCount"], await second["Body"].read()) == (len(parts), parts[1])
    if each:
        assert await refused(s3.get_object(Bucket="bucket", Key="large", **customer(OTHER))) == (400, "InvalidRequest")


async def test_parts_come_with_the_key_of_their_upload(world: World, s3: S3Client) -> None:
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large", **customer())
    assert upload["SSECustomerKeyMD5"] == digest(SECRET)
    named = {"Bucket": "bucket", "Key": "large", "UploadId": upload["UploadId"], "PartNumber": 1, "Body": b"x"}
    for wrong in ({}, customer(OTHER)):
        assert await refused(s3.upload_part(**named, **wrong)) == (400, "InvalidRequest")
    target = f"/bucket/large?partNumber=1&uploadId={upload['UploadId']}"
    answer = await world.do("PUT", target, b"x", {**headers(), CUSTOMER + "key-md5": digest(OTHER)})
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert (await s3.upload_part(**named, **customer()))["SSECustomerKeyMD5"] == digest(SECRET)
    plain = await s3.create_multipart_upload(Bucket="bucket", Key="large")
    named["UploadId"] = plain["UploadId"]
    assert await refused(s3.upload_part(**named, **customer())) == (400, "InvalidRequest")


HOW: Mapping[str, dict[str, str]] = {
    "plain": {},
    "managed": {"ServerSideEncryption": "AES256"},
    "customer": customer(),
    "other customer": customer(OTHER),
}


@pytest.mark.parametrize("target", HOW)
@pytest.mark.parametrize("source", HOW)
async def test_copies_are_encrypted_as_is_asked(s3: S3Client, world: World, source: str, target: str) -> None:
    data = os.urandom(100_000)
    await s3.put_object(Bucket="bucket", Key="from", Body=data, Metadata={"a": "b"}, **HOW[source])
    opened = {f"CopySource{name}": value for name, value in HOW[source].items() if name.startswith("SSEC")}
    copy = await s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/from", **opened, **HOW[target])
    reading = {name: value for name, value in HOW[target].items() if name.startswith("SSEC")}
    got = await s3.get_object(Bucket="bucket", Key="to", **reading)
    assert (await got["Body"].read(), got["Metadata"]) == (data, {"a": "b"})
    kept = "managed" if (source, target) == ("managed", "plain") else target
    assert await stored(world, "to") == kept.removeprefix("other ")
    assert copy.get("ServerSideEncryption") == ("AES256" if kept == "managed" else None)
    assert copy.get("SSECustomerKeyMD5") == (digest(reading["SSECustomerKey"].encode("latin-1")) if reading else None)


async def test_a_copy_needs_the_key_of_its_source(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="from", Body=b"secret", **customer())
    for wrong in ({}, customer(OTHER, "CopySource")):
        attempt = s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/from", **wrong)
        assert await refused(attempt) == (400, "InvalidRequest")
    await s3.put_object(Bucket="bucket", Key="plain", Body=b"plain")
    attempt = s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/plain", **customer(SECRET, "CopySource"))
    assert await refused(attempt) == (400, "InvalidRequest")


async def test_an_object_is_encrypted_by_a_copy_onto_itself(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="key", Body=b"secret")
    await s3.copy_object(Bucket="bucket", Key="key", CopySource="bucket/key", ServerSideEncryption="AES256")
    assert (await stored(world, "key"), await read(s3, "key")) == ("managed", b"secret")


async def test_new_metadata_leaves_an_encrypted_object_readable(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="key", Body=b"secret", ServerSideEncryption="AES256")
    before = seal_of((await world.store.stat(Key("bucket", "key"))).props.system)
    replaced = {"MetadataDirective": "REPLACE", "Metadata": {"new": "1"}}
    await s3.copy_object(Bucket="bucket", Key="key", CopySource="bucket/key", **replaced)
    meta = await world.store.stat(Key("bucket", "key"))
    assert (seal_of(meta.props.system), meta.props.user) == (before, {"new": "1"})
    assert await read(s3, "key") == b"secret"


@pytest.mark.parametrize("source", ("plain", "managed", "customer"))
@pytest.mark.parametrize("target", ("plain", "managed", "other customer"))
async def test_parts_are_copied_whatever_encrypts_their_source(s3: S3Client, source: str, target: str) -> None:
    data = os.urandom(200_000)
    await s3.put_object(Bucket="bucket", Key="from", Body=data, **HOW[source])
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="to", **HOW[target])
    opened = {f"CopySource{name}": value for name, value in HOW[source].items() if name.startswith("SSEC")}
    each = {name: value for name, value in HOW[target].items() if name.startswith("SSEC")}
    named = {"Bucket": "bucket", "Key": "to", "UploadId": upload["UploadId"]}
    part = await s3.upload_part_copy(
        **named, PartNumber=1, CopySource="bucket/from", CopySourceRange="bytes=1000-149999", **opened, **each
    )
    assert part.get("SSECustomerAlgorithm") == ("AES256" if each else None)
    made = [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]
    await s3.complete_multipart_upload(**named, MultipartUpload={"Parts": made})
    assert await read(s3, "to", **each) == data[1000:150_000]


async def test_conditions_are_held_against_the_etag_that_is_told(s3: S3Client) -> None:
    for how in (customer(), {"ServerSideEncryption": "AES256"}):
        etag = (await s3.put_object(Bucket="bucket", Key="key", Body=b"one", **how))["ETag"]
        failed = (412, "PreconditionFailed")
        assert await refused(s3.put_object(Bucket="bucket", Key="key", Body=b"x", IfMatch='"no"', **how)) == failed
        assert await refused(s3.put_object(Bucket="bucket", Key="key", Body=b"x", IfNoneMatch="*", **how)) == failed
        await s3.put_object(Bucket="bucket", Key="key", Body=b"two", IfMatch=etag, **how)
        reading = how if "SSECustomerKey" in how else {}
        assert (await refused(s3.get_object(Bucket="bucket", Key="key", IfMatch=etag, **reading)))[0] == 412


@pytest.mark.parametrize("how", ("managed", "customer"))
async def test_checksums_are_of_what_was_sent(s3: S3Client, how: str) -> None:
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"secret", ChecksumAlgorithm="SHA256", **HOW[how])
    assert put["ChecksumSHA256"] == b64encode(hashlib.sha256(b"secret").digest()).decode()
    reading = HOW[how] if how == "customer" else {}
    got = await s3.get_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED", **reading)
    assert (got["ChecksumSHA256"], await got["Body"].read()) == (put["ChecksumSHA256"], b"secret")
    wrong = s3.put_object(Bucket="bucket", Key="key", Body=b"other", ChecksumSHA256=put["ChecksumSHA256"], **HOW[how])
    assert await refused(wrong) == (400, "BadDigest")


@pytest.mark.parametrize("key", (PLAIN, CUSTOMER + "algorithm"))
async def test_policies_can_demand_encryption(s3: S3Client, world: World, key: str) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"StringNotEquals": {f"s3:{key}": "AES256"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    await s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(policy))
    assert await refused(s3.put_object(Bucket="bucket", Key="key", Body=b"x")) == (403, "AccessDenied")
    how = customer() if key != PLAIN else {"ServerSideEncryption": "AES256"}
    await s3.put_object(Bucket="bucket", Key="key", Body=b"x", **how)


async def test_a_store_that_does_not_encrypt_takes_no_such_request() -> None:
    async with serving(Memory()) as world:
        await world.do("PUT", "/bucket")
        await world.do("PUT", "/bucket/key", b"plain")
        for stated in ({PLAIN: "AES256"}, headers()):
            answer = await world.do("PUT", "/bucket/key", b"x", stated)
            assert (answer.status, answer.code) == (501, "NotImplemented")
        assert (await world.do("GET", "/bucket/key", headers=headers())).status == 501
        document = b"<ServerSideEncryptionConfiguration/>"
        assert (await world.do("PUT", "/bucket?encryption", document)).status == 501
        assert (await world.do("GET", "/bucket/key")).body == b"plain"


async def test_a_store_can_encrypt_whatever_comes() -> None:
    async with serving(sealing(Memory(), default=True)) as world:
        await world.do("PUT", "/bucket")
        put = await world.do("PUT", "/bucket/key", b"secret")
        assert put.headers[PLAIN] == "AES256"
        got = await world.do("GET", "/bucket/key")
        assert (got.headers[PLAIN], got.body) == ("AES256", b"secret")
        assert SEAL in (await world.store.stat(Key("bucket", "key"))).props.system


@pytest.mark.parametrize("how", ("customer", "managed"))
async def test_forms_say_how_their_file_is_encrypted(world: World, s3: S3Client, how: str) -> None:
    stated = headers() if how == "customer" else {PLAIN: "AES256"}
    begins = [["starts-with", "$" + name, ""] for name in stated]
    fields = {**USUAL_FIELDS, **sign_v4(policy(*USUAL, *V4, *begins)), **stated}
    assert (await post(world, form(fields, b"secret"))).status == 204
    assert await stored(world, "foo.txt") == how
    assert await read(s3, "foo.txt", **(customer() if how == "customer" else {})) == b"secret"


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
