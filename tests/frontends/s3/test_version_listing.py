"""ListObjectVersions."""

from collections.abc import Sequence

import pytest

from tests.frontends.s3.history import BUCKET, UNKNOWN, ids, put, switch
from tests.frontends.s3.world import S3Client, World


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With versioning enabled in the bucket."""
    await switch(s3, "Enabled")
    return s3


@pytest.fixture
async def listed(s3: S3Client) -> Sequence[tuple[str, str]]:
    """Names and versions in the order of the listing."""
    rows = []
    for name in ("a b", "dir/1", "dir/2", "z"):
        versions = [await put(s3, f"{number}", name) for number in range(2)]
        if name == "dir/2":
            versions.append((await s3.delete_object(Bucket="bucket", Key=name))["VersionId"])
        rows += [(name, version) for version in reversed(versions)]
    return rows


async def test_versions_and_markers_stand_in_one_order(world: World, listed: Sequence[tuple[str, str]]) -> None:
    body = (await world.do("GET", "/bucket?versions")).body.decode()
    places = [body.index(f"<VersionId>{version}</VersionId>") for _, version in listed]
    assert places == sorted(places)
    assert body.count("<Version>") == 8
    assert body.count("<DeleteMarker>") == 1


async def test_the_document_is_exactly_s3s(s3: S3Client, world: World) -> None:
    version = await put(s3, "hello", "a&b")
    marker = (await s3.delete_object(Bucket="bucket", Key="a&b"))["VersionId"]
    rows = await s3.list_object_versions(**BUCKET)
    made, deleted = [
        rows[kind][0]["LastModified"].strftime("%Y-%m-%dT%H:%M:%S.") + f"{rows[kind][0]['LastModified']:%f}"[:3] + "Z"
        for kind in ("Versions", "DeleteMarkers")
    ]
    owner = "<Owner><ID>acc-test</ID><DisplayName>test</DisplayName></Owner>"
    checksum = "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
    expected = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        "<Name>bucket</Name><Prefix></Prefix><KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker>"
        "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
        f"<DeleteMarker><Key>a&amp;b</Key><VersionId>{marker}</VersionId><IsLatest>true</IsLatest>"
        f"<LastModified>{deleted}</LastModified>{owner}</DeleteMarker>"
        f"<Version><Key>a&amp;b</Key><VersionId>{version}</VersionId><IsLatest>false</IsLatest>"
        f"<LastModified>{made}</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag>"
        f"<Size>5</Size><StorageClass>STANDARD</StorageClass>{owner}{checksum}</Version>"
        "</ListVersionsResult>"
    )
    assert (await world.do("GET", "/bucket?versions")).body.decode() == expected


@pytest.mark.parametrize("size", (1, 2, 3, 5))
async def test_pages(s3: S3Client, listed: Sequence[tuple[str, str]], size: int) -> None:
    found: list[tuple[str, str]] = []
    markers: dict[str, str] = {}
    while True:
        page = await s3.list_object_versions(**BUCKET, MaxKeys=size, **markers)
        rows = [(row["Key"], row["VersionId"]) for row in page.get("Versions", []) + page.get("DeleteMarkers", [])]
        assert len(rows) <= size
        found += sorted(rows, key=listed.index)
        if not page["IsTruncated"]:
            assert "NextKeyMarker" not in page
            break
        markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        assert (markers["KeyMarker"], markers["VersionIdMarker"]) == found[-1]
    assert found == listed


async def test_groups(s3: S3Client, listed: Sequence[tuple[str, str]]) -> None:
    page = await s3.list_object_versions(**BUCKET, Delimiter="/", MaxKeys=3)
    assert [row["Prefix"] for row in page["CommonPrefixes"]] == ["dir/"]
    assert {row["Key"] for row in page["Versions"]} == {"a b"}
    assert (page["NextKeyMarker"], page.get("NextVersionIdMarker")) == ("dir/", None)
    rest = await s3.list_object_versions(**BUCKET, Delimiter="/", KeyMarker="dir/")
    assert [row["Key"] for row in rest["Versions"]] == ["z", "z"]
    assert "CommonPrefixes" not in rest
    below = await s3.list_object_versions(**BUCKET, Prefix="dir/", Delimiter="/")
    assert (len(below["Versions"]), len(below["DeleteMarkers"])) == (4, 1)


async def test_names_are_encoded_where_that_is_asked_for(world: World, s3: S3Client) -> None:
    await put(s3, "x", "a b+\u00e9")
    await put(s3, "x", "a b+\u00e9")
    answer = await world.do("GET", "/bucket?versions&encoding-type=url&max-keys=1&prefix=a%20b&delimiter=%20%20")
    assert answer.element("EncodingType") == "url"
    assert (answer.element("Prefix"), answer.element("Delimiter")) == ("a%20b", "%20%20")
    assert answer.element("NextKeyMarker") == "a%20b%2B%C3%A9"
    assert b"<Key>a%20b%2B%C3%A9</Key>" in answer.body


@pytest.mark.parametrize(
    "query",
    (
        f"version-id-marker={UNKNOWN}",
        "key-marker=k&version-id-marker=nonsense",
        "max-keys=-1",
        "max-keys=x",
        "encoding-type=base64",
    ),
)
async def test_parameters_that_make_no_sense(world: World, bucket: str, query: str) -> None:
    answer = await world.do("GET", f"/bucket?versions&{query}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")


async def test_a_page_of_none(s3: S3Client) -> None:
    await put(s3, "x")
    page = await s3.list_object_versions(**BUCKET, MaxKeys=0)
    assert (page["IsTruncated"], page.get("Versions")) == (False, None)


async def test_of_an_unversioned_bucket(world: World, bucket: str) -> None:
    async with world.client() as s3:
        for name in ("a", "b"):
            await s3.put_object(Bucket="bucket", Key=name, Body=b"x")
        assert await ids(s3) == [("a", "null", True), ("b", "null", True)]
