"""Documents as botocore's serialiser writes them, and all that a document must not be."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.model import Items, Kind, Member, Operation, Scalar, Structure, Table
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.xmlin import MAX_ELEMENTS, Reader, compile_input
from tests.unit.s3.documents import DOCUMENTS, MODEL, SERVICE, damaged, shape_of, stated, written


def reader_of(name: str) -> Reader:
    return compile_input(MODEL.operations[name])


DELETE = reader_of("DeleteObjects")
COMPLETE = reader_of("CompleteMultipartUpload")
CREATE = reader_of("CreateBucket")


def read(reader: Reader, text: str) -> Record:
    found = reader(text.encode())
    assert found is not None
    return found


def refusal(reader: Reader, body: bytes) -> Code:
    with pytest.raises(S3Error) as caught:
        reader(body)
    return caught.value.code


def plain(record: Record, shape: Structure) -> dict[str, Any]:
    """All that a record holds, asked for by the kind that the model gives."""
    return {member.name: member_of(record, member) for member in shape.members if member.name in record}


def member_of(record: Record, member: Member) -> Any:
    name = member.name
    match member.shape:
        case Scalar(kind=Kind.BOOLEAN):
            return record.flag(name)
        case Scalar(kind=Kind.INTEGER | Kind.LONG):
            return record.integer(name)
        case Scalar(kind=Kind.TIMESTAMP):
            return record.time(name)
        case Scalar():
            return record.text(name)
        case Items(item=Structure() as item):
            return [plain(found, item) for found in record.records(name)]
        case Items():
            return list(record.texts(name))
        case Structure() as shape:
            found = record.record(name)
            assert found is not None
            return plain(found, shape)
        case Table():
            raise TypeError


@pytest.mark.parametrize("operation", DOCUMENTS, ids=lambda operation: operation.name)
def test_whatever_botocore_sends_is_read(operation: Operation) -> None:
    found = compile_input(operation)(written(operation))
    assert found is not None
    assert plain(found, shape_of(operation)) == without_blanks_of_tags(stated(operation))


def without_blanks_of_tags(value: Any) -> Any:
    """The sample with entity tags as they are read: trimmed."""
    match value:
        case dict():
            return {
                name: inner.strip() if name == "ETag" else without_blanks_of_tags(inner)
                for name, inner in value.items()
            }
        case list():
            return [without_blanks_of_tags(inner) for inner in value]
        case _:
            return value


def test_every_document_of_the_model_has_a_reader() -> None:
    assert {"CompleteMultipartUpload", "DeleteObjects", "CreateBucket"} < {operation.name for operation in DOCUMENTS}
    assert len(DOCUMENTS) == 35


@pytest.mark.parametrize("name", ("PutObject", "PutBucketPolicy", "GetObject"))
def test_bodies_that_are_no_documents_have_no_reader(name: str) -> None:
    with pytest.raises(TypeError):
        reader_of(name)


@pytest.mark.parametrize("namespace", ("", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', ' xmlns="urn:other"'))
def test_namespaces_are_optional(namespace: str) -> None:
    found = read(DELETE, f"<?xml version='1.0'?>\n<Delete{namespace}><Object><Key> a </Key></Object></Delete>\n")
    assert [item.text("Key") for item in found.records("Objects")] == [" a "]
    assert found.flag("Quiet") is None


def test_prefixed_namespaces_are_read() -> None:
    found = read(DELETE, '<s3:Delete xmlns:s3="urn:x"><s3:Object><s3:Key>a</s3:Key></s3:Object></s3:Delete>')
    assert found.records("Objects")[0].text("Key") == "a"


def test_unknown_elements_are_passed_over() -> None:
    found = read(DELETE, "<Delete><New><Object><Key>no</Key></Object>x</New><Object><X/><Key>a</Key></Object></Delete>")
    assert [item.text("Key") for item in found.records("Objects")] == ["a"]


@pytest.mark.parametrize("tag", ("&quot;e&quot;", "e", 'W/"e"', ' "e" '))
def test_entity_tags_come_without_quotes(tag: str) -> None:
    found = read(
        COMPLETE,
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>",
    )
    assert [(part.integer("PartNumber"), part.text("ETag")) for part in found.records("Parts")] == [(1, "e")]


def test_text_in_pieces_comes_whole() -> None:
    found = read(DELETE, "<Delete><Object><Key>a<![CDATA[<b>]]>&amp;<!-- no -->c&#x1F600;</Key></Object></Delete>")
    assert found.records("Objects")[0].text("Key") == "a<b>&c😀"


@pytest.mark.parametrize(
    "body",
    (
        b"x",
        b"<a/>",
        b"<Delete/>",
        b"<Delete></Delete><Delete></Delete>",
        b"<Delete><Object><Key>a</Key></Object>",
        b"<Delete><Object/></Delete>",
        b"<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        b"<Delete><Object><Key>a<b/></Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key></Object><Quiet>perhaps</Quiet></Delete>",
        b"<Delete><Object><Key>a</Key><Size>1e3</Size></Object></Delete>",
        b"<Delete><Object><Key>a</Key><LastModifiedTime>noon</LastModifiedTime></Object></Delete>",
        b"<Delete><Object><Key>\xff</Key></Object></Delete>",
        b"<Delete><Object><Key>&#0;</Key></Object></Delete>",
        b"<Delete><Object><Key>&undefined;</Key></Object></Delete>",
        b"<!DOCTYPE Delete><Delete><Object><Key>a</Key></Object></Delete>",
        b"<!DOCTYPE d [<!ENTITY e 'x'>]><Delete><Object><Key>&e;</Key></Object></Delete>",
        b"<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Delete><Object><Key>&e;</Key></Object></Delete>",
        b"<?xml version='1.0' encoding='no-such'?><Delete><Object><Key>a</Key></Object></Delete>",
        b"<?xml version='1.0' encoding='shift_jis'?><Delete><Object><Key>a</Key></Object></Delete>",
        b"<?xml version='1.0' encoding='hex'?><Delete><Object><Key>a</Key></Object></Delete>",
        b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>",
        b"<Delete>" + b"<a>" * (MAX_ELEMENTS + 1),
        b"<Delete>" + b"<a/>" * (MAX_ELEMENTS + 1) + b"</Delete>",
    ),
    ids=range(23),
)  # fmt: skip
def test_what_is_no_such_document_is_refused(body: bytes) -> None:
    assert refusal(DELETE, body) is Code.MALFORMED_XML


def test_a_billion_laughs_are_refused() -> None:
    entities = "".join(f"<!ENTITY l{i + 1} '{f'&l{i};' * 10}'>" for i in range(9))
    body = f"<!DOCTYPE d [<!ENTITY l0 'lol'>{entities}]><Delete><Object><Key>&l9;</Key></Object></Delete>"
    assert refusal(DELETE, body.encode()) is Code.MALFORMED_XML


def test_a_value_outside_its_enumeration_is_refused() -> None:
    versioning = reader_of("PutBucketVersioning")
    body = "<VersioningConfiguration><Status>{}</Status></VersioningConfiguration>"
    assert read(versioning, body.format("Enabled")).text("Status") == "Enabled"
    assert refusal(versioning, body.format("Perhaps").encode()) is Code.MALFORMED_XML


def test_an_unknown_region_is_for_the_handler() -> None:
    body = "<CreateBucketConfiguration><LocationConstraint>mars-1</LocationConstraint></CreateBucketConfiguration>"
    assert read(CREATE, body).text("LocationConstraint") == "mars-1"


def test_a_body_may_be_missing_only_where_the_model_allows_it() -> None:
    assert CREATE(b"") is None
    assert refusal(DELETE, b"") is Code.MISSING_REQUEST_BODY


@pytest.mark.parametrize(("reader", "limit"), ((CREATE, 2**20), (DELETE, 2**22), (COMPLETE, 2**22)))
def test_size_is_limited(reader: Reader, limit: int) -> None:
    assert reader.limit == limit
    assert refusal(reader, b" " * (limit + 1)) is Code.MAX_MESSAGE_LENGTH_EXCEEDED


def test_a_completion_of_10_000_parts_is_read_and_one_more_is_not() -> None:
    part = "<Part><ETag>{0:032x}</ETag><PartNumber>{0}</PartNumber></Part>"
    body = "".join(part.format(number) for number in range(1, 10_001))
    found = read(COMPLETE, f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>")
    assert [item.integer("PartNumber") for item in found.records("Parts")] == list(range(1, 10_001))
    longer = f"<CompleteMultipartUpload>{body}{part.format(10_001)}</CompleteMultipartUpload>"
    assert refusal(COMPLETE, longer.encode()) is Code.MALFORMED_XML


def test_asking_for_another_kind_is_a_mistake() -> None:
    found = read(DELETE, "<Delete><Object><Key>a</Key></Object><Quiet>1</Quiet></Delete>")
    with pytest.raises(TypeError):
        found.text("Quiet")
    with pytest.raises(TypeError):
        found.texts("Objects")
    with pytest.raises(TypeError):
        found.records("Quiet")


FRAGMENTS = st.sampled_from(
    [
        "<Delete>", "</Delete>", "<Object>", "</Object>", "<Key>", "</Key>", "<Quiet>", "</Quiet>", "true", "a", "&lt;",
        "<X a='1'>", "</X>", "<!-- c -->", "<![CDATA[x]]>", "<?pi?>", "<!DOCTYPE a>", "&e;", "\0", "<", ">", "]]>",
    ]
)  # fmt: skip


PIECES = FRAGMENTS.map(str.encode)


@given(st.one_of(st.binary(), st.lists(FRAGMENTS, max_size=30).map(lambda parts: "".join(parts).encode())))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        found = DELETE(b"<Delete>" + body)
    except S3Error as error:
        assert error.code is Code.MALFORMED_XML  # noqa: PT017
    else:
        assert isinstance(found, Record)
        assert all(item.text("Key") is not None for item in found.records("Objects"))


DAMAGE = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 40), st.one_of(st.binary(max_size=9), PIECES)), max_size=4
)


@given(st.sampled_from(DOCUMENTS), DAMAGE)
def test_damaged_documents_of_all_kinds_are_read_or_refused(
    operation: Operation, damage: list[tuple[int, int, bytes]]
) -> None:
    body = damaged(written(operation), damage)
    try:
        found = compile_input(operation)(body)
    except S3Error as error:
        assert error.code in {Code.MALFORMED_XML, Code.MISSING_REQUEST_BODY}  # noqa: PT017
    else:
        assert found is None or plain(found, shape_of(operation)).keys() <= stated(operation).keys()


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@given(st.lists(TEXT, min_size=1, max_size=5), st.booleans())
def test_keys_come_back_as_they_were(keys: list[str], quiet: bool) -> None:
    stated: Mapping[str, object] = {"Objects": [{"Key": key} for key in keys], "Quiet": quiet}
    request = create_serializer("rest-xml", include_validation=False).serialize_to_request(
        {"Bucket": "b", "Delete": stated}, SERVICE.operation_model("DeleteObjects")
    )
    found = DELETE(request["body"])
    assert found is not None
    assert [item.text("Key") for item in found.records("Objects")] == keys
    assert found.flag("Quiet") is quiet
