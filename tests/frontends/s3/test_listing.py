import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import S3Client, World

KEYS = ("a", "b/1", "b/2", "b/c/3", "d", "z y", "é/x")


async def fill(s3: S3Client, *names: str) -> None:
    for name in names:
        await s3.put_object(Bucket="bucket", Key=name, Body=b"x")


def names(listed: dict[str, Any]) -> list[str]:
    return [row["Key"] for row in listed.get("Contents", [])]


def prefixes(listed: dict[str, Any]) -> list[str]:
    return [row["Prefix"] for row in listed.get("CommonPrefixes", [])]


async def test_v1_shows_everything(s3: S3Client) -> None:
    await fill(s3, *KEYS)
    listed = await s3.list_objects(Bucket="bucket")
    assert names(listed) == list(KEYS)
    assert (listed["IsTruncated"], listed["MaxKeys"], listed["Marker"], listed["Prefix"]) == (False, 1000, "", "")
    assert listed["Name"] == "bucket"
    assert "NextMarker" not in listed
    row = listed["Contents"][0]
    assert (row["ETag"], row["Size"]) == ('"9dd4e461268c8034f5c8564e155c67a6"', 1)
    assert row["StorageClass"] == "STANDARD"
    assert row["Owner"] == {"ID": "acc-test", "DisplayName": "test"}


async def test_n03_v1_in_pages(s3: S3Client) -> None:
    await fill(s3, *KEYS)
    marker, pages = "", []
    for _ in range(5):
        pages.append(await s3.list_objects(Bucket="bucket", Delimiter="/", MaxKeys=1, Marker=marker))
        marker = pages[-1].get("NextMarker")
    assert [names(page) + prefixes(page) for page in pages] == [["a"], ["b/"], ["d"], ["z y"], ["é/"]]
    assert [page["IsTruncated"] for page in pages] == [True, True, True, True, False]
    assert marker is None
    plain = await s3.list_objects(Bucket="bucket", MaxKeys=2)
    assert plain["IsTruncated"]
    assert "NextMarker" not in plain


async def test_n03_terse_rows_tell_the_key_alone(world: World, s3: S3Client) -> None:
    await fill(s3, *KEYS)
    answer = await world.do("GET", "/bucket?delimiter=c&max-keys=2&prefix=b%2F&terse=1")
    assert re.findall(rb"<Contents>(.*?)</Contents>", answer.body) == [b"<Key>b/1</Key>", b"<Key>b/2</Key>"]
    assert answer.element("NextMarker") == "b/2"
    assert b"<Size>" in (await world.do("GET", "/bucket?terse=0")).body


async def test_v2_in_pages(s3: S3Client) -> None:
    await fill(s3, *KEYS)
    first = await s3.list_objects_v2(Bucket="bucket", Delimiter="/", MaxKeys=2)
    token = first["NextContinuationToken"]
    assert token not in KEYS
    second = await s3.list_objects_v2(Bucket="bucket", Delimiter="/", MaxKeys=2, ContinuationToken=token)
    assert second["ContinuationToken"] == token
    token = second["NextContinuationToken"]
    third = await s3.list_objects_v2(Bucket="bucket", Delimiter="/", MaxKeys=2, ContinuationToken=token)
    pages = first, second, third
    assert [names(page) for page in pages] == [["a"], ["d", "z y"], []]
    assert [prefixes(page) for page in pages] == [["b/"], [], ["é/"]]
    assert [page["KeyCount"] for page in pages] == [2, 2, 1]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert "NextContinuationToken" not in third


async def test_v2_options(s3: S3Client) -> None:
    await fill(s3, *KEYS)
    assert names(await s3.list_objects_v2(Bucket="bucket", Prefix="b/")) == ["b/1", "b/2", "b/c/3"]
    after = await s3.list_objects_v2(Bucket="bucket", StartAfter="b/2")
    assert names(after) == ["b/c/3", "d", "z y", "é/x"]
    assert after["StartAfter"] == "b/2"
    assert "Owner" not in after["Contents"][0]
    owned = await s3.list_objects_v2(Bucket="bucket", FetchOwner=True)
    assert owned["Contents"][0]["Owner"]["ID"] == "acc-test"
    token = (await s3.list_objects_v2(Bucket="bucket", MaxKeys=1))["NextContinuationToken"]
    both = await s3.list_objects_v2(Bucket="bucket", StartAfter="é", ContinuationToken=token)
    assert names(both) == list(KEYS[1:])
    assert names(await s3.list_objects_v2(Bucket="bucket", ContinuationToken="")) == list(KEYS)


@pytest.mark.parametrize("call", ("list_objects", "list_objects_v2"))
async def test_no_keys_at_all(s3: S3Client, call: str) -> None:
    await fill(s3, "a")
    listed = await getattr(s3, call)(Bucket="bucket", MaxKeys=0)
    assert (listed["IsTruncated"], listed["MaxKeys"], names(listed)) == (False, 0, [])
    assert (await getattr(s3, call)(Bucket="bucket", MaxKeys=5000))["MaxKeys"] == 1000


async def test_names_that_xml_cannot_hold(s3: S3Client, world: World) -> None:
    await fill(s3, "a\u0001b", "c d+e")
    assert names(await s3.list_objects(Bucket="bucket")) == ["a\u0001b", "c d+e"]
    raw = await world.do("GET", "/bucket?encoding-type=url&list-type=2&prefix=c%20&delimiter=%2B")
    assert raw.element("EncodingType") == "url"
    assert raw.element("Prefix") == "c%20"
    assert raw.element("Delimiter") == "%2B"
    assert b"<CommonPrefixes><Prefix>c%20d%2B</Prefix></CommonPrefixes>" in raw.body


@pytest.mark.parametrize(
    "query",
    (
        "max-keys=many",
        "max-keys=-1",
        "max-keys=99999999999",
        "max-keys=2147483648",
        "encoding-type=base64",
        "list-type=2&continuation-token=%25",
        "list-type=3",
        "prefix=a&prefix=b",
        "list-type=2&list-type=2",
    ),
)
async def test_listings_that_make_no_sense(bucket: str, world: World, query: str) -> None:
    answer = await world.do("GET", f"/bucket?{query}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")


async def test_checksums_are_named(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="a", Body=b"x", ChecksumAlgorithm="CRC64NVME")
    row = (await s3.list_objects_v2(Bucket="bucket"))["Contents"][0]
    assert (row["ChecksumAlgorithm"], row["ChecksumType"]) == (["CRC64NVME"], "FULL_OBJECT")


async def test_coherent_after_every_write(s3: S3Client) -> None:
    for number in range(5):
        await fill(s3, f"k{number}")
        assert len(names(await s3.list_objects_v2(Bucket="bucket"))) == number + 1
    with pytest.raises(ClientError, match="NoSuchBucket"):
        await s3.list_objects_v2(Bucket="missing")


async def test_who_forgoes_the_order_has_no_delimiter(s3: S3Client, world: World) -> None:
    await fill(s3, "a", "b")
    for order in ("allow-unordered=true", "allow-unordered=false&delimiter=%2F", "delimiter=%2F"):
        answer = await world.do("GET", f"/bucket?{order}")
        assert (answer.status, answer.body.count(b"<Contents>")) == (200, 2)
    answer = await world.do("GET", "/bucket?allow-unordered=true&delimiter=%2F")
    assert (answer.code, answer.element("ArgumentName")) == ("InvalidArgument", "allow-unordered")


@pytest.mark.parametrize("call", ("list_objects", "list_objects_v2"))
@pytest.mark.parametrize("sign", ("a", "%", " ", ".", "_", "+", "&", "é", "ab"))
async def test_any_text_may_be_the_delimiter(s3: S3Client, call: str, sign: str) -> None:
    await fill(s3, f"x{sign}1", f"x{sign}2", f"y{sign}1", "zz")
    listed = await getattr(s3, call)(Bucket="bucket", Delimiter=sign)
    assert (names(listed), prefixes(listed), listed["Delimiter"]) == (["zz"], [f"x{sign}", f"y{sign}"], sign)
    listed = await getattr(s3, call)(Bucket="bucket", Delimiter=sign, Prefix=f"x{sign}")
    assert (names(listed), prefixes(listed)) == ([f"x{sign}1", f"x{sign}2"], [])


@pytest.mark.parametrize("call", ("list_objects", "list_objects_v2"))
async def test_delimiters_and_prefixes_that_no_name_has(s3: S3Client, call: str) -> None:
    await fill(s3, "b/a/c", "b/a/g", "g")
    for delimiter, prefix, found in (
        ("\n", "", ["b/a/c", "b/a/g", "g"]),
        ("", "", ["b/a/c", "b/a/g", "g"]),
        ("z", "b", ["b/a/c", "b/a/g"]),
        ("d", "/", []),
        ("z", "y", []),
    ):
        listed = await getattr(s3, call)(Bucket="bucket", Delimiter=delimiter, Prefix=prefix)
        assert (names(listed), prefixes(listed), listed.get("Delimiter", "")) == (found, [], delimiter)


async def test_a_group_that_fills_pages_is_passed_by(s3: S3Client) -> None:
    await fill(s3, "0/", *(f"0/{number}" for number in range(30)), "1999", "1999#", "1999+", "2000")
    pages, marker = [], ""
    while marker is not None:
        pages.append(await s3.list_objects(Bucket="bucket", Delimiter="/", MaxKeys=2, Marker=marker))
        marker = pages[-1].get("NextMarker")
    assert [names(page) + prefixes(page) for page in pages] == [["1999", "0/"], ["1999#", "1999+"], ["2000"]]


async def test_elements_come_in_the_order_of_s3(bucket: str, world: World) -> None:
    """Some clients hold answers to a schema in which the order counts."""
    await world.do("PUT", "/bucket/dir/a", b"x")
    await world.do("PUT", "/bucket/key", b"x")
    for query, order in (
        ("delimiter=%2F&max-keys=1", ["Name", "Prefix", "Marker", "NextMarker", "MaxKeys", "Delimiter", "IsTruncated"]),
        ("list-type=2&start-after=", ["Name", "Prefix", "StartAfter", "KeyCount", "MaxKeys", "IsTruncated"]),
        ("uploads", ["Bucket", "KeyMarker", "UploadIdMarker", "Prefix", "MaxUploads", "IsTruncated"]),
        ("prefix=k", ["Key", "LastModified", "ETag", "Size", "Owner", "ID", "DisplayName", "StorageClass"]),
    ):
        document = (await world.do("GET", f"/bucket?{query}")).body.decode().partition("<CommonPrefixes>")[0]
        assert [name for name in re.findall(r"<(\w+)>", document) if name in order] == order
