"""Answers, read back with botocore's own parser as the oracle, and compared with S3's wire form letter by letter."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import RestXMLParser
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.s3.model import Items, Kind, Operation, Place, Scalar, Shape, Structure, Table, load
from gateway.frontends.s3.xmlout import Columns, Members, Output, Same, Value, compile_output

MODEL = load()
SERVICE = botocore.session.get_session().get_service_model("s3")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = 1_700_000_000_123_000_000
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = b'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

STREAMING = {"GetObject", "GetObjectTorrent", "GetObjectAnnotation"}
ELSEWHERE = {"GetBucketLocation", "SelectObjectContent"}
"""botocore reads these two by other means than its parser: a bare root, and a stream of events."""
WRITTEN = [
    operation for operation in MODEL.operations.values() if operation.output.members and operation.name not in ELSEWHERE
]


def body(name: str, members: Members) -> bytes:
    return compile_output(MODEL.operations[name])(Output(members)).body


def headers(name: str, members: Members) -> dict[str, str]:
    return dict(compile_output(MODEL.operations[name])(Output(members)).headers)


def test_a_listing_in_wire_form() -> None:
    found = body(
        "ListObjectsV2",
        {
            "Name": "b",
            "Prefix": "",
            "MaxKeys": 2,
            "IsTruncated": False,
            "Contents": [
                {"Key": "a&b", "LastModified": MOMENT, "ETag": "d41d8", "Size": 0, "StorageClass": "STANDARD"},
                {"Key": "c", "Owner": {"ID": "x"}, "ChecksumAlgorithm": ["CRC32", "SHA1"], "ChecksumType": None},
            ],
            "CommonPrefixes": [{"Prefix": "p/"}],
            "StartAfter": None,
        },
    )
    assert found == (
        HEAD + b"<ListBucketResult " + NAMESPACE + b"><Name>b</Name><Prefix></Prefix><MaxKeys>2</MaxKeys>"
        b"<IsTruncated>false</IsTruncated>"
        b"<Contents><Key>a&amp;b</Key><LastModified>2023-11-14T22:13:20.123Z</LastModified>"
        b"<ETag>&quot;d41d8&quot;</ETag><Size>0</Size><StorageClass>STANDARD</StorageClass></Contents>"
        b"<Contents><Key>c</Key><Owner><ID>x</ID></Owner><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"
        b"<ChecksumAlgorithm>SHA1</ChecksumAlgorithm></Contents>"
        b"<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>"
    )


def test_columns_are_written_as_the_same_structures_one_by_one() -> None:
    rows: list[Members] = [
        {"Key": "a&b", "ETag": "d41d8", "ChecksumAlgorithm": ["CRC32"], "Owner": {"ID": "x"}},
        {"Key": "c", "ETag": None, "ChecksumAlgorithm": [], "Owner": {"ID": "x"}},
    ]
    owner = Same({"ID": "x"})
    columns = Columns({name: owner if name == "Owner" else [row[name] for row in rows] for name in rows[0]})
    assert body("ListObjects", {"Contents": columns}) == body("ListObjects", {"Contents": rows})
    assert body("ListObjects", {"Contents": Columns({"Key": [], "Owner": owner})}) == body(
        "ListObjects", {"Contents": []}
    )


def test_a_list_with_an_element_of_its_own() -> None:
    found = body("ListBuckets", {"Buckets": [{"Name": "a"}, {"Name": "b"}]})
    assert b"<Buckets><Bucket><Name>a</Name></Bucket><Bucket><Name>b</Name></Bucket></Buckets>" in found
    assert b"<ListAllMyBucketsResult " in found


@pytest.mark.parametrize(("region", "text"), ((None, b""), ("eu-west-1", b"eu-west-1")))
def test_a_location_is_the_text_of_the_root(region: str | None, text: bytes) -> None:
    found = body("GetBucketLocation", {"LocationConstraint": region})
    assert found == HEAD + b"<LocationConstraint " + NAMESPACE + b">" + text + b"</LocationConstraint>"


def test_a_grantee_has_its_type_as_attribute() -> None:
    grant: Value = {"Grantee": {"ID": "x", "Type": "CanonicalUser"}, "Permission": "READ"}
    assert (
        b'<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>x</ID></Grantee>'
    ) in body("GetBucketAcl", {"Grants": [grant]})


def test_a_copy_is_its_payload() -> None:
    reply = compile_output(MODEL.operations["CopyObject"])(
        Output({"CopyObjectResult": {"ETag": "e"}, "VersionId": "v1"})
    )
    assert reply.body == HEAD + b"<CopyObjectResult " + NAMESPACE + b"><ETag>&quot;e&quot;</ETag></CopyObjectResult>"
    assert reply.headers == (("x-amz-version-id", "v1"), ("Content-Type", "application/xml"))


def test_attributes_have_a_tag_without_quotes() -> None:
    assert b"<ETag>e</ETag>" in body("GetObjectAttributes", {"ETag": "e"})


def test_a_policy_is_its_own_text() -> None:
    reply = compile_output(MODEL.operations["GetBucketPolicy"])(Output({"Policy": '{"a": "&"}'}))
    assert (reply.body, reply.headers) == (b'{"a": "&"}', (("Content-Type", "application/json"),))


def test_headers_of_an_object() -> None:
    found = headers(
        "HeadObject",
        {
            "ETag": "e",
            "LastModified": MOMENT,
            "ContentLength": 5,
            "DeleteMarker": True,
            "ObjectLockRetainUntilDate": MOMENT,
            "Metadata": {"a": "1", "b-c": "2"},
            "VersionId": None,
        },
    )
    assert found == {
        "ETag": '"e"',
        "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        "Content-Length": "5",
        "x-amz-delete-marker": "true",
        "x-amz-object-lock-retain-until-date": "2023-11-14T22:13:20.123Z",
        "x-amz-meta-a": "1",
        "x-amz-meta-b-c": "2",
    }


def test_no_value_can_end_its_header() -> None:
    found = headers("GetObject", {"ContentDisposition": "a\r\nX-Evil: 1", "Metadata": {"n": "1\n2"}, "ETag": "e\r"})
    assert found == {"Content-Disposition": "a  X-Evil: 1", "x-amz-meta-n": "1 2", "ETag": '"e "'}


@pytest.mark.parametrize(
    ("name", "status"), (("DeleteObject", 204), ("DeleteBucketPolicy", 204), ("PutObject", 200), ("CreateBucket", 200))
)
def test_success_without_a_body(name: str, status: int) -> None:
    reply = compile_output(MODEL.operations[name])(Output({}))
    assert (reply.status, reply.headers, reply.body) == (status, (), b"")


def test_a_handler_may_state_the_status() -> None:
    assert compile_output(MODEL.operations["GetObject"])(Output({}, status=206)).status == 206


def test_an_empty_configuration_is_an_empty_root() -> None:
    assert b"<VersioningConfiguration " in body("GetBucketVersioning", {})


@pytest.mark.parametrize("members", ({"Nmae": "b"}, {"Contents": [{"Kye": "a"}]}))
def test_a_misspelt_member_is_an_error(members: Members) -> None:
    with pytest.raises(KeyError):
        body("ListObjectsV2", members)


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\r\n")
    )
)
def test_text_comes_back_as_it_was(text: str) -> None:
    root = fromstring(body("ListObjectsV2", {"Prefix": text, "Contents": [{"Key": text}]}).replace(NAMESPACE, b""))
    assert root.findtext("Prefix") == text


def sample(shape: Shape) -> Value:
    match shape:
        case Scalar(enum=enum) if enum:
            return min(enum)
        case Scalar(kind=Kind.BOOLEAN):
            return True
        case Scalar(kind=Kind.TIMESTAMP):
            return MOMENT // 10**9 * 10**9
        case Scalar(kind=Kind.INTEGER | Kind.LONG):
            return 7
        case Scalar():
            return 'a<&">b'
        case Items():
            return [sample(shape.item), sample(shape.item)]
        case Table():
            return {"one": "1", "two": "2"}
        case Structure():
            return {member.name: sample(member.shape) for member in shape.members}


def members_of(operation: Operation) -> dict[str, Value]:
    """A value for every member but `Expires`, which is any text here and a time for botocore."""
    streams = operation.name in STREAMING
    return {
        member.name: sample(member.shape)
        for member in operation.output.members
        if not (streams and member.place is Place.BODY) and member.name != "Expires"
    }


def plain(value: Any) -> Any:
    """botocore's values as an `Output` has them."""
    match value:
        case datetime():
            return (value - EPOCH) // timedelta(microseconds=1) * 1000
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case _:
            return value


def quoted(shape: Shape, value: Any) -> Any:
    """What was written, with the quotes that a client finds around entity tags."""
    match shape:
        case Scalar(name="ETag"):
            return f'"{value}"'
        case Items():
            return [quoted(shape.item, item) for item in value]
        case Structure():
            members = {member.name: member.shape for member in shape.members}
            return {name: quoted(members[name], inner) for name, inner in value.items()}
        case _:
            return value


@pytest.mark.parametrize("operation", WRITTEN, ids=lambda operation: operation.name)
def test_botocore_reads_every_member_of_every_operation(operation: Operation) -> None:
    members = members_of(operation)
    reply = compile_output(operation)(Output(members))
    shape = SERVICE.operation_model(operation.name).output_shape
    response: Mapping[str, object] = {
        "status_code": reply.status,
        "headers": HeadersDict(reply.headers),
        "body": reply.body,
    }
    found = plain(RestXMLParser().parse(response, shape))
    del found["ResponseMetadata"]
    if operation.name in STREAMING:
        found = {name: value for name, value in found.items() if name in members}
    expected = members if operation.name == "GetObjectAttributes" else quoted(operation.output, members)
    assert found == expected
