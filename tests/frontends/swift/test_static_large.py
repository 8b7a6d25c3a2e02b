"""Static large objects (SLO): how they are stored, read, listed, copied and deleted."""

import base64
import json
from collections.abc import Sequence

import pytest

from gateway.auth.rules import POLICY
from gateway.core.types import PropsChange
from gateway.frontends.swift import heartbeat
from tests.frontends.marks import in_memory
from tests.frontends.swift.world import Answer, World, md5

PUT, GET, DELETE = (f"multipart-manifest={what}" for what in ("put", "get", "delete"))
PARTS = (b"a" * 100_000, b"b" * 100_000, b"c")
BODY = b"".join(PARTS)
ETAG = md5("".join(map(md5, PARTS)).encode())

Row = dict[str, object]


@pytest.fixture(autouse=True)
async def segments(world: World) -> None:
    await world.container("box")
    await world.container("parts")
    for number, part in enumerate(PARTS):
        assert (await world.do("PUT", "parts", f"s{number}", body=part)).status == 201


def rows() -> list[Row]:
    return [
        {"path": f"/parts/s{number}", "etag": md5(part), "size_bytes": len(part)} for number, part in enumerate(PARTS)
    ]


async def put(world: World, manifest: object, name: str = "large", more: str = "", **headers: str) -> Answer:
    body = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    fields = {field.replace("_", "-"): value for field, value in headers.items()}
    return await world.do("PUT", "box", name, body=body, query=PUT + more, headers=fields)


async def test_a_manifest_reads_as_its_segments(world: World) -> None:
    stored = await put(world, rows(), **{"Content-Type": "text/x", "X-Object-Meta-A": "b"})
    assert (stored.status, stored.headers["Etag"], stored.body) == (201, f'"{ETAG}"', b"")
    head, got = await world.do("HEAD", "box", "large"), await world.do("GET", "box", "large")
    assert got.body == BODY
    for answer in (head, got):
        told = [answer.headers[name] for name in ("Etag", "Content-Length", "Content-Type", "X-Object-Meta-A")]
        assert told == [f'"{ETAG}"', str(len(BODY)), "text/x", "b"]
        assert answer.headers["X-Static-Large-Object"] == "True"
    manifest = await world.do("GET", "box", "large", query=GET)
    assert got.headers["X-Manifest-Etag"] == manifest.headers["Etag"] == md5(manifest.body)
    assert manifest.headers["Content-Type"] == "application/json; charset=utf-8"
    assert [(row["name"], row["bytes"], row["hash"]) for row in manifest.rows] == [
        (row["path"], row["size_bytes"], row["etag"]) for row in rows()
    ]
    raw = await world.do("GET", "box", "large", query=f"{GET}&format=raw")
    assert (raw.rows, raw.headers["Content-Type"], raw.headers["Etag"]) == (rows(), "text/x", md5(raw.body))
    assert (await put(world, raw.body, "again")).headers["Etag"] == f'"{ETAG}"'


async def test_listings_tell_both_digests_and_the_true_size(world: World) -> None:
    await put(world, rows())
    own = (await world.do("HEAD", "box", "large", query=GET)).headers["Etag"]
    (row,) = (await world.do("GET", "box", query="format=json")).rows
    assert (row["bytes"], row["hash"], row["slo_etag"]) == (len(BODY), own, f'"{ETAG}"')
    assert f"<bytes>{len(BODY)}</bytes>".encode() in (await world.do("GET", "box", query="format=xml")).body


async def test_ranges_and_conditions_speak_of_the_whole(world: World) -> None:
    await put(world, rows())

    async def get(**headers: str) -> Answer:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return await world.do("GET", "box", "large", headers=fields)

    part = await get(Range="bytes=99999-100000")
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"ab", f"bytes 99999-100000/{len(BODY)}")
    assert (await get(Range="bytes=-1")).body == b"c"
    beyond = await get(Range=f"bytes={len(BODY)}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(BODY)}")
    several = await get(Range="bytes=0-1,100000-100001")
    assert (several.status, several.body.count(b"Content-Range")) == (206, 2)
    for tag, match, none_match in ((f'"{ETAG}"', 200, 304), (ETAG, 200, 304), (f'not-"{ETAG}"', 412, 200)):
        assert (await get(If_Match=tag)).status == match
        assert (await get(If_None_Match=tag)).status == none_match
    assert (await get(Range="bytes=0-1", If_Range=f'"{ETAG}"')).status == 206
    assert (await get(Range="bytes=0-1", If_Range='"other"')).status == 200


async def test_inline_data_and_ranges_of_segments(world: World) -> None:
    manifest = [
        {"data": base64.b64encode(b"first").decode()},
        {"path": "parts/s0", "range": "-3"},
        {"path": "parts/s1", "range": "5-"},
        {"path": "parts/s1", "range": "0-99999"},
    ]
    stored = await put(world, manifest)
    digests = f"{md5(b'first')}{md5(PARTS[0])}:99997-99999;{md5(PARTS[1])}:5-99999;{md5(PARTS[1])}"
    assert stored.headers["Etag"] == f'"{md5(digests.encode())}"'
    assert (await world.do("GET", "box", "large")).body == b"firstaaa" + PARTS[1][5:] + PARTS[1]
    kept = (await world.do("GET", "box", "large", query=GET)).rows
    assert [row.get("range") for row in kept] == [None, "99997-99999", "5-99999", None]


async def test_a_manifest_may_be_a_segment(world: World) -> None:
    await put(world, rows(), "inner")
    stored = await put(world, [{"path": "box/inner", "etag": ETAG, "size_bytes": len(BODY)}, *rows()])
    assert stored.status == 201
    assert (await world.do("GET", "box", "large")).body == BODY + BODY
    assert [row.get("sub_slo") for row in (await world.do("GET", "box", "large", query=GET)).rows] == [
        True,
        None,
        None,
        None,
    ]


@in_memory
@pytest.mark.parametrize(
    ("manifest", "text"),
    (
        (b"no json", "Manifest must be valid JSON.\n"),
        (b"[" * 100_000, "Manifest must be valid JSON.\n"),
        ({}, "Manifest must be a list.\n"),
        ([1], "Index 0: not a JSON object\n"),
        ([{}], "Index 0: expected keys to include one of 'data' or 'path'\n"),
        ([{"path": "a/b", "x": 1, "data": 2}, {"path": "a/b"}], 'Index 0: extraneous keys "path", "x"\n'),
        ([{"path": 1}], 'Index 0: "path" must be a string\n'),
        ([{"path": "a/b", "etag": 1}], 'Index 0: "etag" must be a string or null (if provided)\n'),
        (
            [{"path": "/a"}],
            "Index 0: path does not refer to an object. Path must be of the form /container/object.\n",
        ),
        ([{"path": "a/b", "size_bytes": "x"}], "Index 0: invalid size_bytes\n"),
        (
            [{"path": "a/b", "size_bytes": 0}, {"path": "a/b"}],
            "Index 0: too small; each segment must be at least 1 byte.\n",
        ),
        ([{"path": "/box/large"}], "Index 0: manifest must not include itself as a segment\n"),
        ([{"path": "a/b", "range": "x"}], "Index 0: invalid range\n"),
        ([{"path": "a/b", "range": "0-1,4-5"}], "Index 0: multiple ranges (only one allowed)\n"),
        ([{"path": "a/b", "range": "9-", "size_bytes": 9}], "Index 0: unsatisfiable range\n"),
        ([{"path": "a/b"}, {"data": "?"}], "Index 1: data must be valid base64\n"),
        ([{"path": "a/b"}, {"data": ""}], "Index 1: too small; each segment must be at least 1 byte.\n"),
        ([{"data": "YQ=="}], "Inline data segments require at least one object-backed segment.\n"),
    ),
)
async def test_a_malformed_manifest_is_told_what_is_wrong(world: World, manifest: object, text: str) -> None:
    answer = await put(world, manifest)
    assert (answer.status, answer.body.decode()) == (400, text)
    assert (await world.do("HEAD", "box", "large")).status == 404


async def test_each_segment_that_is_not_what_it_should_be_is_told(world: World) -> None:
    wrong = [
        {"path": "parts/none"},
        {"path": "nowhere/é"},
        {"path": "/parts/s0", "etag": "x", "size_bytes": 5},
        {"path": "parts/s0", "range": "100000-"},
    ]
    problems = [
        ["parts/none", "404 Not Found"],
        ["nowhere/%C3%A9", "404 Not Found"],
        ["/parts/s0", "Size Mismatch"],
        ["/parts/s0", "Etag Mismatch"],
        ["parts/s0", "Unsatisfiable Range"],
    ]
    plain = await put(world, wrong)
    assert (plain.status, plain.headers["Content-Type"]) == (400, "text/plain")
    assert plain.body.decode() == "Errors:\n" + "".join(f"{name}, {what}\n" for name, what in problems)
    told = await put(world, wrong, Accept="application/json")
    assert (told.status, json.loads(told.body)) == (400, {"Errors": problems})
    xml = await put(world, wrong, Accept="application/xml")
    assert xml.body.startswith(b"<upload>\n<errors>\n<object><name>parts/none</name><status>404 Not Found</status>")
    assert (await world.do("HEAD", "box", "large")).status == 404


async def test_segments_that_are_not_the_callers_are_refused(world: World) -> None:
    answer = await world.do(
        "PUT", "box", "large", query=PUT, body=json.dumps(rows()).encode(), account="AUTH_other", user="olga"
    )
    assert answer.status == 404
    await world.do("PUT", "mine", account="AUTH_other", user="olga")
    answer = await world.do(
        "PUT", "mine", "large", query=PUT, body=json.dumps(rows()).encode(), account="AUTH_other", user="olga"
    )
    assert (answer.status, answer.body.count(b"404 Not Found")) == (400, 3)


async def test_limits_of_manifests(world: World) -> None:
    many = [{"path": "parts/s0"}] * 1000
    assert (await put(world, many)).status == 201
    beyond = await put(world, [*many, {"path": "parts/s0"}])
    assert (beyond.status, beyond.body) == (413, b"Number of object-backed segments must be &lt;= 1000")
    head = f"PUT /v1/AUTH_test/box/x?{PUT} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {world.token('alice')}\r\n"
    for length in (f"Content-Length: {8 * 1024**2 + 1}\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"):
        async with world.wire() as wire:
            await wire.send(f"{head}{length}".encode())
            if "chunked" in length:
                await wire.send(b"900000\r\n" + b" " * 0x900000 + b"\r\n")
            assert (await wire.answer()).status == 413
    assert await world.contents() == {"box", "box/large", "parts", "parts/s0", "parts/s1", "parts/s2"}
    assert (await world.do("HEAD", "box", "large")).headers["Content-Length"] == str(1000 * len(PARTS[0]))


async def test_conditions_and_digests_of_the_put(world: World) -> None:
    assert (await put(world, rows(), Etag="x")).status == 422
    assert (await put(world, rows(), If_None_Match='"x"')).status == 400
    assert (await put(world, rows(), **{"If-None-Match": "*", "Etag": f'"{ETAG}"'})).status == 201
    assert (await put(world, rows(), **{"If-None-Match": "*"})).status == 412
    assert (await world.do("PUT", "box", "x", body=b"", X_Static_Large_Object="true")).status == 400
    assert (await put(world, rows(), **{"X-Copy-From": "parts/s0"})).status == 405


async def test_heartbeats_and_the_report_behind_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL", 0)
    done = await put(world, rows(), more="&heartbeat=on", Accept="application/json")
    assert (done.status, done.body.lstrip(b" ")[:4]) == (202, b"\r\n\r\n")
    told = json.loads(done.body)
    assert (told["Response Status"], told["Etag"], told["Errors"]) == ("201 Created", f'"{ETAG}"', [])
    failed = await put(world, [{"path": "none/none"}], more="&heartbeat=on")
    assert failed.status == 202
    assert b"Response Status: 400 Bad Request\nErrors:\nnone/none, 404 Not Found\n" in failed.body
    assert b"Response Status: 422" in (await put(world, rows(), more="&heartbeat=on", Etag="x")).body


@pytest.mark.parametrize("number", (0, 2))
async def test_a_segment_that_is_gone_or_changed_is_never_told_as_another(world: World, number: int) -> None:
    await put(world, rows())
    assert (await world.do("PUT", "parts", f"s{number}", body=b"z" * len(PARTS[number]))).status == 201
    async with world.wire() as wire:
        token = world.token("alice")
        await wire.send(f"GET /v1/AUTH_test/box/large HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n\r\n".encode())
        status = int((await wire.reader.readuntil(b"\r\n\r\n")).split()[1])
        if number == 0:
            assert status == 409
            return
        assert status == 200
        assert await wire.reader.read() == BODY[:-1]
    assert (await world.do("HEAD", "box", "large")).status == 200


async def test_segments_need_rights_of_their_own(world: World) -> None:
    """Nina may read one container by its policy; the other one's is missing, then there."""
    await put(world, rows())
    await grant(world, "box")
    assert (await world.do("HEAD", "box", "large", user="nina")).status == 200
    assert (await world.do("GET", "box", "large", user="nina")).status == 409
    await grant(world, "parts")
    assert (await world.do("GET", "box", "large", user="nina")).body == BODY


async def grant(
    world: World, container: str, actions: Sequence[str] = ("s3:GetObject",), user: str = "arn:aws:iam::test:user/nina"
) -> None:
    resources = [f"arn:aws:s3:::{container}", f"arn:aws:s3:::{container}/*"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": user},
        "Action": list(actions),
        "Resource": resources,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await world.store.update_bucket(container, PropsChange(system={POLICY: policy}))


async def test_part_numbers(world: World) -> None:
    await put(world, rows())
    part = await world.do("GET", "box", "large", query="part-number=2")
    assert (part.status, part.body, part.headers["X-Parts-Count"]) == (206, PARTS[1], "3")
    head = await world.do("HEAD", "box", "large", query="part-number=3")
    assert (head.status, head.headers["Content-Range"]) == (206, f"bytes 200000-200000/{len(BODY)}")
    beyond = await world.do("GET", "box", "large", query="part-number=4")
    assert (beyond.status, beyond.body) == (416, b"The requested part number is not satisfiable")
    beyond = await world.do("HEAD", "box", "large", query="part-number=4")
    assert (beyond.status, beyond.headers["Content-Length"]) == (416, "0")
    assert beyond.headers["Content-Range"] == f"bytes */{len(BODY)}"
    assert (await world.do("GET", "box", "large", query="part-number=0")).status == 400
    assert (await world.do("GET", "box", "large", query="part-number=1", Range="bytes=0-1")).status == 400
    assert (await world.do("GET", "parts", "s0", query="part-number=x")).body == PARTS[0]


async def test_a_post_leaves_the_manifest_a_manifest(world: World) -> None:
    await put(world, rows())
    assert (await world.do("POST", "box", "large", X_Object_Meta_New="1")).status == 202
    got = await world.do("GET", "box", "large")
    assert (got.body, got.headers["X-Object-Meta-New"]) == (BODY, "1")


async def test_a_copy_has_the_bytes_and_another_kind_the_manifest(world: World) -> None:
    await put(world, rows(), **{"X-Object-Meta-A": "b"})
    await world.do("COPY", "box", "large", Destination="box/bytes")
    copied = await world.do("COPY", "box", "large", query=GET, Destination="box/manifest")
    assert (copied.status, copied.headers["Etag"]) == (201, f'"{ETAG}"')
    part = await world.do("COPY", "box", "large", query="part-number=1", Destination="box/part")
    assert part.status == 201
    assert (await world.do("COPY", "box", "large", query="part-number=9", Destination="box/x")).status == 416
    whole = await world.do("HEAD", "box", "bytes")
    assert (whole.headers["Etag"], "X-Static-Large-Object" in whole.headers) == (md5(BODY), False)
    assert whole.headers["X-Object-Meta-A"] == "b"
    assert (await world.do("GET", "box", "part")).body == PARTS[0]
    await world.do("DELETE", "parts", "s0")
    assert (await world.do("GET", "box", "bytes")).body == BODY
    assert (await world.do("GET", "box", "manifest")).status == 409
    refused = await world.do("COPY", "box", "large", query=GET, Destination="box/late")
    assert (refused.status, refused.body) == (400, b"Errors:\n/parts/s0, 404 Not Found\n")


async def test_a_delete_with_all_segments_tells_what_it_did(world: World) -> None:
    await put(world, rows(), "inner")
    await put(world, [{"path": "box/inner"}, {"path": "parts/s0"}, {"data": "YQ=="}])
    await world.do("DELETE", "parts", "s1")
    answer = await world.do("DELETE", "box", "large", query=DELETE, Accept="application/json")
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {
            "Response Status": "200 OK",
            "Response Body": "",
            "Number Deleted": 4,
            "Number Not Found": 2,
            "Errors": [],
        },
    )
    assert await world.contents() == {"box", "parts"}


async def test_a_version_is_deleted_with_all_segments(world: World) -> None:
    await world.do("POST", "box", headers={"X-Versions-Enabled": "true"})
    made = [await put(world, manifest) for manifest in ([{"path": "parts/s0"}], [{"path": "parts/s1"}])]
    first, second = (answer.headers["X-Object-Version-Id"] for answer in made)
    path = f"{DELETE}&version-id={first}"
    answer = await world.do("DELETE", "box", "large", query=path, Accept="application/json")
    assert (json.loads(answer.body)["Number Deleted"], json.loads(answer.body)["Errors"]) == (2, [])
    listed = (await world.do("GET", "box", query="versions&format=json")).rows
    assert [row["version_id"] for row in listed] == [second]
    assert (await world.do("HEAD", "parts", "s0")).status == 404
    again = await world.do("DELETE", "box", "large", query=path, Accept="application/json")
    assert json.loads(again.body)["Number Not Found"] == 1
    assert (await world.do("DELETE", "box", "large", query=f"{DELETE}&async=on&version-id={second}")).status == 204
    assert (await world.do("HEAD", "parts", "s1")).status == 404
    assert (await world.do("GET", "box", query="versions&format=json")).rows == []


async def test_what_is_no_manifest_is_not_deleted_as_one(world: World) -> None:
    plain = await world.do("DELETE", "parts", "s0", query=DELETE)
    assert (plain.status, plain.headers["Content-Type"]) == (200, "text/plain")
    assert b"Response Status: 400 Bad Request\n" in plain.body
    assert b"Errors:\n/parts/s0, Not an SLO manifest\n" in plain.body
    missing = await world.do("DELETE", "parts", "none", query=DELETE, Accept="application/xml")
    assert b"<number_not_found>1</number_not_found>" in missing.body
    assert (await world.do("HEAD", "parts", "s0")).status == 200
    assert b"406 Not Acceptable" in (await world.do("DELETE", "parts", "s0", query=DELETE, Accept="image/png")).body


async def test_segments_that_are_not_the_callers_to_delete_stay(world: World) -> None:
    await put(world, rows())
    await grant(world, "box", ("s3:GetObject", "s3:DeleteObject"))
    answer = await world.do("DELETE", "box", "large", query=DELETE, user="nina")
    assert b"/parts/s0, 403 Forbidden\n/parts/s1, 403 Forbidden\n/parts/s2, 403 Forbidden\n" in answer.body
    assert (await world.do("GET", "parts", "s0")).body == PARTS[0]


async def test_a_manifest_that_leads_to_itself_is_deleted_once(world: World) -> None:
    await put(world, rows(), "one")
    await put(world, [{"path": "box/one"}], "two")
    await put(world, [{"path": "box/two"}], "one")
    assert (await world.do("GET", "box", "one")).status == 409
    answer = await world.do("DELETE", "box", "one", query=DELETE)
    assert b"Number Deleted: 2\n" in answer.body
    assert await world.contents() == {"box", "parts", "parts/s0", "parts/s1", "parts/s2"}


async def test_an_asynchronous_delete(world: World) -> None:
    await put(world, rows())
    await put(world, [{"path": "box/large"}], "outer")
    await put(world, [{"path": "box/large", "range": "0-1"}, *rows()], "mixed")
    for name, text in (("outer", b"No segments may be large objects."), ("mixed", b"All segments must be in one")):
        refused = await world.do("DELETE", "box", name, query=f"{DELETE}&async=yes")
        assert (refused.status, text in refused.body) == (400, True)
    assert (await world.do("DELETE", "parts", "s0", query=f"{DELETE}&async=yes")).status == 400
    assert (await world.do("DELETE", "box", "large", query=f"{DELETE}&async=yes")).status == 204
    assert await world.contents() == {"box", "parts", "box/outer", "box/mixed"}


async def test_versions_are_read_by_part_and_by_manifest(world: World) -> None:
    await world.do("POST", "box", headers={"X-Versions-Enabled": "true"})
    version = (await put(world, rows())).headers["X-Object-Version-Id"]
    current = (await put(world, rows()[:1])).headers["X-Object-Version-Id"]
    start, total = len(PARTS[0]), len(BODY)
    for method in ("GET", "HEAD"):
        part = await world.do(method, "box", "large", query=f"version-id={version}&part-number=2")
        assert (part.status, part.headers["X-Object-Version-Id"], part.headers["X-Parts-Count"]) == (206, version, "3")
        assert part.headers["Content-Range"] == f"bytes {start}-{2 * start - 1}/{total}"
        assert part.body == (PARTS[1] if method == "GET" else b"")
        beyond = await world.do(method, "box", "large", query=f"version-id={version}&part-number=4")
        assert (beyond.status, beyond.headers["X-Object-Version-Id"]) == (416, version)
        manifest = await world.do(method, "box", "large", query=f"version-id={version}&{GET}")
        assert manifest.headers["Content-Type"] == "application/json; charset=utf-8"
        assert manifest.headers["X-Object-Version-Id"] == version
        assert method == "HEAD" or len(manifest.rows) == 3
    assert (await world.do("GET", "box", "large", query=f"version-id={version}")).body == BODY
    beyond = await world.do("HEAD", "box", "large", query="part-number=2")
    assert (beyond.status, beyond.headers["X-Object-Version-Id"]) == (416, current)
    plain = (await world.do("PUT", "box", "plain", body=b"x")).headers["X-Object-Version-Id"]
    for query in (GET, "part-number=1"):
        assert (await world.do("GET", "box", "plain", query=f"version-id={plain}&{query}")).body == b"x"
