from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.model import Level, Operation, load
from gateway.frontends.s3.quirks import PREFLIGHT
from gateway.frontends.s3.route import Router, not_implemented

MODEL = load()
ROUTER = Router(MODEL)
SERVICE, BUCKET, OBJECT = Level.SERVICE, Level.BUCKET, Level.OBJECT
COPY = ("x-amz-copy-source",)
PART = {"partNumber": "1", "uploadId": "u"}


def route(method: str, level: Level, query: Mapping[str, str] | None = None, headers: Collection[str] = ()) -> str:
    return ROUTER.route(method, level, query or {}, headers).name


def refusal(method: str, level: Level, query: Mapping[str, str], headers: Collection[str] = ()) -> S3Error:
    with pytest.raises(S3Error) as caught:
        ROUTER.route(method, level, query, headers)
    return caught.value


@pytest.mark.parametrize(
    ("method", "level", "query", "headers", "name"),
    (
        ("GET", SERVICE, {}, (), "ListBuckets"),
        ("GET", SERVICE, {"x-id": "ListBuckets", "max-buckets": "5"}, (), "ListBuckets"),
        ("GET", BUCKET, {}, (), "ListObjects"),
        ("GET", BUCKET, {"list-type": "2", "prefix": "a"}, (), "ListObjectsV2"),
        ("GET", BUCKET, {"versions": "", "prefix": "a"}, (), "ListObjectVersions"),
        ("GET", BUCKET, {"uploads": ""}, (), "ListMultipartUploads"),
        ("GET", BUCKET, {"location": ""}, (), "GetBucketLocation"),
        ("GET", BUCKET, {"acl": ""}, (), "GetBucketAcl"),
        ("GET", BUCKET, {"lifecycle": ""}, (), "GetBucketLifecycleConfiguration"),
        ("PUT", BUCKET, {"lifecycle": ""}, (), "PutBucketLifecycleConfiguration"),
        ("GET", BUCKET, {"notification": ""}, (), "GetBucketNotificationConfiguration"),
        ("GET", BUCKET, {"analytics": ""}, (), "ListBucketAnalyticsConfigurations"),
        ("GET", BUCKET, {"analytics": "", "id": "1"}, (), "GetBucketAnalyticsConfiguration"),
        ("PUT", BUCKET, {"analytics": ""}, (), "PutBucketAnalyticsConfiguration"),
        ("PUT", BUCKET, {}, (), "CreateBucket"),
        ("PUT", BUCKET, {"tagging": ""}, (), "PutBucketTagging"),
        ("HEAD", BUCKET, {}, (), "HeadBucket"),
        ("DELETE", BUCKET, {}, (), "DeleteBucket"),
        ("DELETE", BUCKET, {"policy": ""}, (), "DeleteBucketPolicy"),
        ("POST", BUCKET, {"delete": ""}, (), "DeleteObjects"),
        ("POST", BUCKET, {}, (), "PostObject"),
        ("POST", BUCKET, {}, ("x-amz-request-route", "x-amz-request-token"), "WriteGetObjectResponse"),
        ("GET", OBJECT, {}, (), "GetObject"),
        ("GET", OBJECT, {"partNumber": "2", "versionId": "v", "x-id": "GetObject"}, (), "GetObject"),
        ("GET", OBJECT, {"acl": ""}, (), "GetObjectAcl"),
        ("GET", OBJECT, {"attributes": ""}, (), "GetObjectAttributes"),
        ("GET", OBJECT, {"uploadId": "u", "max-parts": "3"}, (), "ListParts"),
        ("HEAD", OBJECT, {"partNumber": "2"}, (), "HeadObject"),
        ("PUT", OBJECT, {}, (), "PutObject"),
        ("PUT", OBJECT, {"tagging": "", "versionId": "v"}, (), "PutObjectTagging"),
        ("PUT", OBJECT, {}, COPY, "CopyObject"),
        ("PUT", OBJECT, PART, (), "UploadPart"),
        ("PUT", OBJECT, PART, COPY, "UploadPartCopy"),
        ("PUT", OBJECT, {"renameObject": ""}, ("x-amz-rename-source",), "RenameObject"),
        ("PUT", OBJECT, {"renameObject": ""}, (), "RenameObject"),
        ("POST", OBJECT, {"uploads": ""}, (), "CreateMultipartUpload"),
        ("POST", OBJECT, {"uploadId": "u"}, (), "CompleteMultipartUpload"),
        ("POST", OBJECT, {"select": "", "select-type": "2"}, (), "SelectObjectContent"),
        ("POST", OBJECT, {"restore": ""}, (), "RestoreObject"),
        ("DELETE", OBJECT, {}, (), "DeleteObject"),
        ("DELETE", OBJECT, {"uploadId": "u"}, (), "AbortMultipartUpload"),
        ("OPTIONS", OBJECT, {"acl": ""}, (), PREFLIGHT),
        ("OPTIONS", SERVICE, {}, (), PREFLIGHT),
    ),
)
def test_requests_find_their_operation(
    method: str, level: Level, query: dict[str, str], headers: tuple[str, ...], name: str
) -> None:
    assert route(method, level, query, headers) == name


@pytest.mark.parametrize("operation", MODEL.operations.values(), ids=lambda operation: operation.name)
def test_every_operation_can_be_reached_and_has_its_own_501(operation: Operation) -> None:
    query = dict(operation.query) | dict.fromkeys(operation.required_query, "1")
    assert ROUTER.route(operation.method, operation.level, query, operation.required_headers) is operation
    refused = not_implemented(operation)
    assert refused.status == 501
    assert operation.name in refused.message


def test_the_model_has_111_operations_besides_those_of_browsers() -> None:
    assert len(MODEL.operations.keys() - {"PostObject", PREFLIGHT}) == 111


@pytest.mark.parametrize(
    ("method", "level", "query", "resource", "allow"),
    (
        ("DELETE", OBJECT, {"acl": ""}, "ACL", "GET, PUT"),
        ("POST", OBJECT, {}, "OBJECT", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("HEAD", SERVICE, {}, "SERVICE", "GET"),
        ("GET", OBJECT, {"versions": ""}, "VERSIONS", ""),
        ("PATCH", BUCKET, {}, "BUCKET", "DELETE, GET, HEAD, POST, PUT"),
    ),
)
def test_a_resource_without_the_method_answers_405(
    method: str, level: Level, query: dict[str, str], resource: str, allow: str
) -> None:
    refused = refusal(method, level, query)
    assert refused.status == 405
    assert refused.elements == {"Method": method, "ResourceType": resource}
    assert refused.headers == {"Allow": allow}


@pytest.mark.parametrize("verb", ("BREW", "TRACE", "PROPFIND", "get", ""))
@pytest.mark.parametrize("level", Level)
def test_n05_an_unknown_verb_answers_405(verb: str, level: Level) -> None:
    assert refusal(verb, level, {}).status == 405


@pytest.mark.parametrize(
    ("method", "level", "query", "first"),
    (
        ("GET", BUCKET, {"policy": "", "acl": ""}, "acl"),
        ("GET", BUCKET, {"uploads": "", "versioning": ""}, "uploads"),
        ("POST", OBJECT, {"uploads": "", "uploadId": "u"}, "uploadId"),
        ("PUT", OBJECT, {"tagging": "", "uploadId": "u"}, "tagging"),
    ),
)
def test_contradicting_sub_resources_are_refused(method: str, level: Level, query: dict[str, str], first: str) -> None:
    refused = refusal(method, level, query)
    assert refused.code is Code.INVALID_ARGUMENT
    assert refused.message == f"Conflicting query string parameters: {', '.join(sorted(query))}"
    assert refused.elements == {"ArgumentName": "ResourceType", "ArgumentValue": first}


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    (
        ("PUT", {"uploadId": "u"}, ()),
        ("PUT", {"partNumber": "1"}, ()),
        ("PUT", {"uploadId": "u"}, COPY),
        ("HEAD", {"uploadId": "u"}, ()),
        ("DELETE", {"partNumber": "1"}, ()),
    ),
)
def test_half_a_multipart_request_is_never_a_plain_one(
    method: str, query: dict[str, str], headers: tuple[str, ...]
) -> None:
    assert refusal(method, OBJECT, query, headers).elements["ArgumentName"] in query


def test_a_listing_of_an_unknown_type_is_refused() -> None:
    refused = refusal("GET", BUCKET, {"list-type": "3"}, ())
    assert (refused.code, refused.elements["ArgumentName"]) == (Code.INVALID_ARGUMENT, "list-type")


SELECTORS = sorted({key for operation in MODEL.operations.values() for key in operation.query})
KEYS = st.sampled_from([*SELECTORS, "uploadId", "partNumber", "id", "x-id", "versionId", "prefix"])


@given(
    st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE"]),
    st.sampled_from(Level),
    st.dictionaries(KEYS, st.sampled_from(["", "1", "2"]), max_size=4),
    st.sets(st.sampled_from(["x-amz-copy-source", "x-amz-rename-source", "x-amz-object-attributes"])),
)
def test_no_sub_resource_falls_through(method: str, level: Level, query: dict[str, str], headers: set[str]) -> None:
    try:
        operation = ROUTER.route(method, level, query, headers)
    except S3Error as error:
        assert error.code in {Code.METHOD_NOT_ALLOWED, Code.INVALID_ARGUMENT}  # noqa: PT017
        return
    assert (operation.method, operation.level) == (method, level)
    assert {key for key in query if key in SELECTORS} == set(operation.query)
    if "uploadId" in query:
        assert "uploadId" in operation.required_query
