"""Access lists of buckets and objects, and what they let others do."""

from asyncio import gather

import pytest
from botocore.exceptions import ClientError

from tests.frontends.marks import in_memory
from tests.frontends.s3.world import Request, S3Client, World

ALL = "http://acs.amazonaws.com/groups/global/AllUsers"
KNOWN = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOGS = "http://acs.amazonaws.com/groups/s3/LogDelivery"
MINE, THEIRS = "acc-test", "acc-other"

Rows = set[tuple[str, str]]


def rows(answer: dict[str, object]) -> Rows:
    """The grants of an answer, as pairs of grantee and permission."""
    grants = answer["Grants"]
    assert isinstance(grants, list)
    return {(row["Grantee"].get("ID") or row["Grantee"]["URI"], row["Permission"]) for row in grants}


def document(owner: str, *grants: str) -> bytes:
    inner = "".join(grants)
    return (
        f'<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>{owner}</ID></Owner>'
        f"<AccessControlList>{inner}</AccessControlList></AccessControlPolicy>"
    ).encode()


def grant(kind: str, element: str, value: str, permission: str = "READ") -> str:
    return (
        f'<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{kind}">'
        f"<{element}>{value}</{element}></Grantee><Permission>{permission}</Permission></Grant>"
    )


FULL = (MINE, "FULL_CONTROL")


async def test_the_list_of_a_new_bucket_and_object_is_private(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    for answer in (await s3.get_bucket_acl(Bucket="bucket"), await s3.get_object_acl(Bucket="bucket", Key="k")):
        assert answer["Owner"] == {"ID": MINE, "DisplayName": "test"}
        assert rows(answer) == {FULL}


@pytest.mark.parametrize(
    ("name", "granted"),
    (
        ("private", set[tuple[str, str]]()),
        ("public-read", {(ALL, "READ")}),
        ("public-read-write", {(ALL, "READ"), (ALL, "WRITE")}),
        ("authenticated-read", {(KNOWN, "READ")}),
    ),
)
async def test_canned_lists(s3: S3Client, name: str, granted: Rows) -> None:
    await s3.create_bucket(Bucket="made-with", ACL=name)
    assert rows(await s3.get_bucket_acl(Bucket="made-with")) == {FULL, *granted}
    await s3.put_bucket_acl(Bucket="bucket", ACL=name)
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {FULL, *granted}
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", ACL=name)
    assert rows(await s3.get_object_acl(Bucket="bucket", Key="k")) == {FULL, *granted}
    await s3.put_object_acl(Bucket="bucket", Key="k", ACL="private")
    assert rows(await s3.get_object_acl(Bucket="bucket", Key="k")) == {FULL}
    await s3.put_object_acl(Bucket="bucket", Key="k", ACL=name)
    assert rows(await s3.get_object_acl(Bucket="bucket", Key="k")) == {FULL, *granted}


async def test_the_list_for_the_writer_of_logs(s3: S3Client) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="log-delivery-write")
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {FULL, (LOGS, "WRITE"), (LOGS, "READ_ACP")}


async def test_a_list_of_no_known_name(s3: S3Client, world: World) -> None:
    for target in ("/bucket?acl", "/bucket/k", "/new-bucket"):
        await s3.put_object(Bucket="bucket", Key="old", Body=b"x")
        answer = await world.ask("alice", "PUT", target, x_amz_acl="public-everything", Content_Length="0")
        assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert await world.contents() == {"bucket", "bucket/old"}


async def test_changing_a_list_leaves_the_object_alone(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", Metadata={"a": "b"}, ContentType="text/x")
    before = await s3.head_object(Bucket="bucket", Key="k")
    await s3.put_object_acl(Bucket="bucket", Key="k", ACL="public-read")
    after = await s3.head_object(Bucket="bucket", Key="k")
    for name in ("LastModified", "ETag", "Metadata", "ContentType", "ContentLength"):
        assert after[name] == before[name]


async def test_a_new_object_under_the_name_does_not_inherit_the_list(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", ACL="public-read")
    assert (await world.ask("anybody", "GET", "/bucket/k")).body == b"x"
    await s3.put_object(Bucket="bucket", Key="k", Body=b"y")
    assert (await world.ask("anybody", "GET", "/bucket/k")).status == 403


async def test_a_copy_does_not_inherit_the_list(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", ACL="public-read", Metadata={"a": "b"})
    await s3.copy_object(Bucket="bucket", Key="plain", CopySource="bucket/k")
    await s3.copy_object(Bucket="bucket", Key="open", CopySource="bucket/plain", ACL="public-read")
    assert (await world.ask("anybody", "GET", "/bucket/plain")).status == 403
    answer = await world.ask("anybody", "GET", "/bucket/open")
    assert (answer.status, answer.headers["x-amz-meta-a"]) == (200, "b")


async def test_a_multipart_upload_takes_its_list_from_the_beginning(s3: S3Client, world: World) -> None:
    upload = (await s3.create_multipart_upload(Bucket="bucket", Key="k", ACL="public-read"))["UploadId"]
    part = await s3.upload_part(Bucket="bucket", Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    await s3.complete_multipart_upload(Bucket="bucket", Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    assert (await world.ask("anybody", "GET", "/bucket/k")).body == b"x"


PERMISSIONS = {
    "READ": {"list"},
    "WRITE": {"write", "delete"},
    "READ_ACP": {"read_acp"},
    "WRITE_ACP": {"write_acp"},
    "FULL_CONTROL": {"list", "write", "delete", "read_acp", "write_acp"},
}


@pytest.mark.parametrize("permission", PERMISSIONS)
async def test_each_permission_on_a_bucket_given_to_an_account(s3: S3Client, world: World, permission: str) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    header = "x-amz-grant-" + permission.lower().replace("_", "-")
    granted = f'id="{THEIRS}", id={MINE}'
    assert (await world.do("PUT", "/bucket?acl", headers={header: granted, "Content-Length": "0"})).status == 200
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {(MINE, permission), (THEIRS, permission)}
    for user in ("olga", "norma"):
        may = {
            name
            for name, (method, target, body) in {
                "list": ("GET", "/bucket", b""),
                "write": ("PUT", "/bucket/new", b"x"),
                "delete": ("DELETE", "/bucket/other", b""),
                "read_acp": ("GET", "/bucket?acl", b""),
                "read": ("GET", "/bucket/k", b""),
                "policy": ("GET", "/bucket?policy", b""),
                "write_acp": ("PUT", "/bucket?acl", document(MINE, grant("CanonicalUser", "ID", THEIRS, permission))),
            }.items()
            if (await world.ask(user, method, target, body)).status < 300
        }
        assert may == PERMISSIONS[permission], user
    assert (await world.ask("nina", "GET", "/bucket")).status == 403


OBJECT_PERMISSIONS = {
    "READ": {"read", "head"},
    "READ_ACP": {"read_acp"},
    "WRITE_ACP": {"write_acp"},
    "FULL_CONTROL": {"read", "head", "read_acp", "write_acp"},
}


@pytest.mark.parametrize("permission", OBJECT_PERMISSIONS)
async def test_each_permission_on_an_object_given_to_an_account(s3: S3Client, world: World, permission: str) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    body = document(MINE, grant("CanonicalUser", "ID", THEIRS, permission))
    assert (await world.do("PUT", "/bucket/k?acl", body)).status == 200
    asked = {
        "read": ("GET", "/bucket/k", b""),
        "head": ("HEAD", "/bucket/k", b""),
        "read_acp": ("GET", "/bucket/k?acl", b""),
        "write_acp": ("PUT", "/bucket/k?acl", body),
        "write": ("PUT", "/bucket/k", b"y"),
        "delete": ("DELETE", "/bucket/k", b""),
        "list": ("GET", "/bucket", b""),
    }
    for user in ("olga", "norma"):
        may = {name for name, request in asked.items() if (await world.ask(user, *request)).status < 300}
        assert may == OBJECT_PERMISSIONS[permission]
    assert (await world.ask("nina", "GET", "/bucket/k")).status == 403
    assert (await s3.get_object(Bucket="bucket", Key="k"))["ContentLength"] == 1


async def test_groups(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", ACL="authenticated-read")
    assert (await world.ask("anybody", "GET", "/bucket/k")).status == 403
    for user in ("olga", "norma", "nina"):
        assert (await world.ask(user, "GET", "/bucket/k")).body == b"x"
    await s3.put_object_acl(Bucket="bucket", Key="k", ACL="public-read")
    assert (await world.ask("anybody", "GET", "/bucket/k")).body == b"x"
    assert (await world.ask("anybody", "GET", "/bucket")).status == 403


async def test_a_public_bucket_does_not_make_its_objects_public(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read")
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    assert (await world.ask("anybody", "GET", "/bucket")).status == 200
    assert (await world.ask("anybody", "GET", "/bucket/k")).status == 403
    assert (await world.ask("anybody", "GET", "/bucket/missing")).code == "NoSuchKey"


async def test_who_may_not_list_does_not_learn_that_an_object_is_missing(s3: S3Client, world: World) -> None:
    for user in ("anybody", "nina", "olga"):
        assert (await world.ask(user, "GET", "/bucket/missing")).code == "AccessDenied"


async def test_what_others_write_is_theirs(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    assert (await world.ask("olga", "PUT", "/bucket/theirs", b"x")).status == 200
    with pytest.raises(ClientError, match="403"):
        await s3.head_object(Bucket="bucket", Key="theirs")
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.get_object_acl(Bucket="bucket", Key="theirs")
    assert (await world.ask("olga", "GET", "/bucket/theirs")).body == b"x"
    listed = await s3.list_objects(Bucket="bucket")
    assert [row["Owner"]["ID"] for row in listed["Contents"]] == [THEIRS]
    assert (await world.ask("opal", "GET", "/bucket/theirs")).body == b"x"
    await s3.put_bucket_acl(Bucket="bucket", ACL="private")
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.get_object(Bucket="bucket", Key="theirs")
    assert (await world.ask("olga", "PUT", "/bucket/theirs", b"y")).status == 403
    await s3.delete_object(Bucket="bucket", Key="theirs")


@pytest.mark.parametrize(
    ("name", "permission"), (("bucket-owner-read", "READ"), ("bucket-owner-full-control", "FULL_CONTROL"))
)
async def test_what_others_write_may_be_shared_with_the_buckets_owner(
    s3: S3Client, world: World, name: str, permission: str
) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    assert (await world.ask("olga", "PUT", "/bucket/theirs", b"x", x_amz_acl=name)).status == 200
    async with world.client("olga") as other:
        found = await other.get_object_acl(Bucket="bucket", Key="theirs")
    assert found["Owner"]["ID"] == THEIRS
    assert rows(found) == {(THEIRS, "FULL_CONTROL"), (MINE, permission)}
    assert (await (await s3.get_object(Bucket="bucket", Key="theirs"))["Body"].read()) == b"x"
    assert (await world.ask("rita", "GET", "/bucket/theirs")).status == 200
    assert (await world.ask("nina", "GET", "/bucket/theirs")).status == 403


async def test_what_nobody_in_particular_writes_belongs_to_nobody_in_particular(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    assert (await world.ask("anybody", "PUT", "/bucket/k", b"x", x_amz_acl="public-read")).status == 200
    found = await s3.get_object(Bucket="bucket", Key="k")
    assert await found["Body"].read() == b"x"
    assert (await world.ask("anybody", "PUT", "/bucket/hidden", b"x")).status == 200
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.get_object(Bucket="bucket", Key="hidden")


async def test_a_writer_can_not_make_public_what_is_his_accounts(s3: S3Client, world: World) -> None:
    for name in ("public-read", "authenticated-read"):
        assert (await world.ask("walter", "PUT", "/bucket/k", b"x", x_amz_acl=name)).status == 403
    assert (await world.ask("walter", "PUT", "/bucket/k", b"x", x_amz_acl="private")).status == 200
    assert (
        await world.ask("walter", "PUT", "/bucket/k?acl", x_amz_acl="public-read", Content_Length="0")
    ).status == 403
    assert await world.contents() == {"bucket", "bucket/k"}


BAD_GRANTS = (
    ({"x-amz-grant-read": "id=nobody-known"}, "InvalidArgument"),
    ({"x-amz-grant-read": "uri=http://example.com/group"}, "InvalidArgument"),
    ({"x-amz-grant-read": "emailAddress=a@example.com"}, "UnresolvableGrantByEmailAddress"),
    ({"x-amz-grant-read": "somebody"}, "InvalidArgument"),
    ({"x-amz-grant-read": f"id={THEIRS}", "x-amz-acl": "private"}, "InvalidRequest"),
    ({"x-amz-grant-write": ",".join([f"id={THEIRS}"] * 101)}, "MalformedACLError"),
)


@pytest.mark.parametrize(("headers", "code"), BAD_GRANTS)
async def test_bad_grants_in_headers(bucket: str, world: World, headers: dict[str, str], code: str) -> None:
    for target in ("/bucket?acl", "/bucket/k", "/new-bucket"):
        answer = await world.do("PUT", target, headers={**headers, "Content-Length": "0"})
        assert (answer.status, answer.code) == (400, code)
    assert await world.contents() == {"bucket"}


@in_memory
@pytest.mark.parametrize(
    ("body", "status", "code"),
    (
        (b"<AccessControlPolicy", 400, "MalformedACLError"),
        (b"<AccessControlPolicy></AccessControlPolicy>", 400, "MalformedACLError"),
        (document(MINE, grant("CanonicalUser", "ID", MINE, "EVERYTHING")), 400, "MalformedACLError"),
        (document(MINE, grant("Robot", "ID", MINE)), 400, "MalformedACLError"),
        (document(MINE, "<Grant><Permission>READ</Permission></Grant>"), 400, "MalformedACLError"),
        (document(MINE, grant("CanonicalUser", "ID", "nobody")), 400, "InvalidArgument"),
        (document(MINE, grant("Group", "URI", "http://example.com/")), 400, "InvalidArgument"),
        (
            document(MINE, grant("AmazonCustomerByEmail", "EmailAddress", "a@example.com")),
            400,
            "UnresolvableGrantByEmailAddress",
        ),
        (document(THEIRS, grant("CanonicalUser", "ID", THEIRS)), 403, "AccessDenied"),
        (document(MINE, *[grant("CanonicalUser", "ID", MINE)] * 101), 400, "MalformedACLError"),
        (b"", 400, "MissingSecurityHeader"),
    ),
)
async def test_bad_documents(s3: S3Client, world: World, body: bytes, status: int, code: str) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    for target in ("/bucket?acl", "/bucket/k?acl"):
        answer = await world.do("PUT", target, body, {"Content-Length": str(len(body))})
        assert (answer.status, answer.code) == (status, code)
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {FULL}
    assert rows(await s3.get_object_acl(Bucket="bucket", Key="k")) == {FULL}


async def test_a_list_without_grants_leaves_the_owner_his_rights(s3: S3Client, world: World) -> None:
    assert (await world.do("PUT", "/bucket?acl", document(MINE))).status == 200
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == set()
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    await s3.put_bucket_acl(Bucket="bucket", ACL="private")
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {FULL}


async def test_a_bucket_that_stands_is_not_made_again_with_another_list(s3: S3Client) -> None:
    await s3.create_bucket(Bucket="open-bucket", ACL="public-read")
    await s3.create_bucket(Bucket="open-bucket", ACL="public-read")
    with pytest.raises(ClientError, match="BucketAlreadyExists"):
        await s3.create_bucket(Bucket="open-bucket")
    with pytest.raises(ClientError, match="BucketAlreadyExists"):
        await s3.create_bucket(Bucket="bucket", ACL="public-read")
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {FULL}


async def test_deleting_many_is_checked_one_by_one(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    request = Request("POST", "/bucket?delete", body, {"x-amz-checksum-crc32": "AAAAAA=="})
    assert (await world.send(request)).code == "AccessDenied"
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    async with world.client("olga") as other:
        answer = await other.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "k"}]})
    assert [row["Key"] for row in answer["Deleted"]] == ["k"]
    assert await world.contents() == {"bucket"}


async def test_accounts_are_named_by_their_addresses(s3: S3Client, world: World) -> None:
    given = document(MINE, grant("AmazonCustomerByEmail", "EmailAddress", "olga@Other.example"))
    assert (await world.do("PUT", "/bucket?acl", given)).status == 200
    await s3.put_object(Bucket="bucket", Key="k", GrantReadACP="emailAddress=olga@other.example")
    assert rows(await s3.get_bucket_acl(Bucket="bucket")) == {(THEIRS, "READ")}
    assert rows(await s3.get_object_acl(Bucket="bucket", Key="k")) == {(THEIRS, "READ_ACP")}
    assert (await world.ask("olga", "GET", "/bucket")).status == 200
    assert (await world.ask("olga", "GET", "/bucket/k?acl")).status == 200


async def test_groups_stand_before_the_owner(s3: S3Client) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    grants = (await s3.get_bucket_acl(Bucket="bucket"))["Grants"]
    assert [row["Grantee"].get("ID") for row in grants] == [None, None, MINE]
    # What is read may be put again as it is.
    document = {"Owner": {"ID": MINE}, "Grants": grants}
    await s3.put_bucket_acl(Bucket="bucket", AccessControlPolicy=document)
    assert (await s3.get_bucket_acl(Bucket="bucket"))["Grants"] == grants


@pytest.mark.parametrize("on_bucket", ("private", "public-read", "public-read-write"))
@pytest.mark.parametrize("on_object", ("private", "public-read", "public-read-write"))
async def test_lists_of_buckets_and_objects_side_by_side(
    s3: S3Client, world: World, on_bucket: str, on_object: str
) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL=on_bucket)
    await s3.put_object(Bucket="bucket", Key="listed", Body=b"x", ACL=on_object)
    await s3.put_object(Bucket="bucket", Key="plain", Body=b"x")
    told: dict[str, object] = {}
    async with world.client("olga") as olga:
        reads = {
            "read listed": olga.get_object(Bucket="bucket", Key="listed"),
            "read plain": olga.get_object(Bucket="bucket", Key="plain"),
            "list": olga.list_objects(Bucket="bucket"),
            "list v2": olga.list_objects_v2(Bucket="bucket"),
        }
        told.update(zip(reads, await gather(*reads.values(), return_exceptions=True), strict=True))
        writes = {f"write {key}": olga.put_object(Bucket="bucket", Key=key) for key in ("listed", "plain", "new")}
        told.update(zip(writes, await gather(*writes.values(), return_exceptions=True), strict=True))
    refused = [error for error in told.values() if isinstance(error, ClientError)]
    assert {error.response["Error"]["Code"] for error in refused} <= {"AccessDenied"}
    assert {what for what, answer in told.items() if isinstance(answer, dict)} == {
        *({"read listed"} if on_object != "private" else ()),
        *({"list", "list v2"} if on_bucket != "private" else ()),
        *({"write listed", "write plain", "write new"} if on_bucket == "public-read-write" else ()),
    }
