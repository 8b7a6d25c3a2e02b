"""Requests that are signed by version 2, as SDKs presign them where the region is us-east-1."""

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import Request, S3Client, World


async def test_a_client_of_version_2(s3: S3Client, world: World) -> None:
    async with world.client(signature_version="s3") as client:
        await client.put_object(Bucket="bucket", Key="dir/ä b", Body=b"hello", Metadata={"a": "b"})
        found = await client.get_object(Bucket="bucket", Key="dir/ä b", ResponseContentType="text/x")
        assert (await found["Body"].read(), found["ContentType"]) == (b"hello", "text/x")
        assert [row["Key"] for row in (await client.list_objects_v2(Bucket="bucket", Prefix="dir/"))["Contents"]]
        await client.put_bucket_acl(Bucket="bucket", ACL="public-read")
        await client.put_public_access_block(Bucket="bucket", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
        upload = (await client.create_multipart_upload(Bucket="bucket", Key="big"))["UploadId"]
        part = await client.upload_part(Bucket="bucket", Key="big", UploadId=upload, PartNumber=1, Body=b"x" * 5000)
        await client.complete_multipart_upload(
            Bucket="bucket",
            Key="big",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
        await client.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "big"}]})
    assert await world.contents() == {"bucket", "bucket/dir/ä b"}


async def test_what_botocore_presigns_by_default(s3: S3Client, world: World) -> None:
    """In us-east-1 that is version 2."""
    await s3.put_object(Bucket="bucket", Key="k", Body=b"hello")
    urls = {}
    for method in ("get_object", "put_object", "delete_object"):
        async with world.client() as client:
            urls[method] = await client.generate_presigned_url(method, Params={"Bucket": "bucket", "Key": "k"})
        assert "AWSAccessKeyId=ALICE" in urls[method]
    requests = {name: url.removeprefix("http://").partition("/") for name, url in urls.items()}
    host, _, target = requests["get_object"]
    assert (await world.send(Request("GET", f"/{target}", host=host))).body == b"hello"
    for verb in ("HEAD", "PUT", "DELETE", "POST"):
        answer = await world.send(Request(verb, f"/{target}", b"x" * (verb == "PUT"), host=host))
        assert answer.status in {403, 405}
    host, _, target = requests["put_object"]
    assert (await world.send(Request("PUT", f"/{target}", b"new", host=host))).status == 200
    assert await (await s3.get_object(Bucket="bucket", Key="k"))["Body"].read() == b"new"
    sneaked = await world.send(Request("PUT", f"/{target}", b"x", {"x-amz-acl": "public-read"}, host=host))
    assert sneaked.code == "SignatureDoesNotMatch"
    host, _, target = requests["delete_object"]
    assert (await world.send(Request("DELETE", f"/{target}", host=host))).status == 204


async def test_wrong_secrets_and_rights(s3: S3Client, world: World) -> None:
    async with world.client("rita", signature_version="s3") as client:
        with pytest.raises(ClientError, match="AccessDenied"):
            await client.put_object(Bucket="bucket", Key="k", Body=b"x")
    header = await world.send(Request("GET", "/", headers={"Authorization": "AWS ALICE:c2ln", "Date": "now"}))
    query = await world.send(Request("GET", "/?AWSAccessKeyId=ALICE&Signature=x&Expires=9999999999"))
    late = await world.send(Request("GET", "/?AWSAccessKeyId=ALICE&Signature=x&Expires=1"))
    assert [answer.code for answer in (header, query, late)] == [
        "AccessDenied",
        "SignatureDoesNotMatch",
        "AccessDenied",
    ]


async def test_chunks_need_a_signature_of_version_4(bucket: str, world: World) -> None:
    for user in ("anybody", "alice"):
        headers = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
        request = Request("PUT", "/bucket/k", b"x", headers)
        if user == "alice":
            request.headers["Authorization"] = "AWS ALICE:c2ln"
        assert (await world.send(request)).status in {400, 403}
    assert await world.contents() == {"bucket"}


async def test_conditions_see_the_version(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    policy = (
        '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": '
        '"arn:aws:s3:::bucket/*", "Condition": {"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}}}'
    )
    await s3.put_bucket_policy(Bucket="bucket", Policy=policy)
    assert (await s3.get_object(Bucket="bucket", Key="k"))["ContentLength"] == 1
    async with world.client(signature_version="s3") as client:
        with pytest.raises(ClientError, match="AccessDenied"):
            await client.get_object(Bucket="bucket", Key="k")


@pytest.mark.parametrize(("expires", "status"), ((0, 403), (-7, 403), (604_801, 403), (604_800, 200), (1, 200)))
async def test_how_long_a_presigned_url_lives(s3: S3Client, world: World, expires: int, status: int) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    assert (await world.send(Request("GET", "/bucket/k").presign(expires=expires))).status == status
