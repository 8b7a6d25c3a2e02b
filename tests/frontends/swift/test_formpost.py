"""Forms that upload files."""

import hmac
import json
import time
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from gateway.auth.rules import POLICY
from gateway.core.types import PropsChange
from tests.frontends.marks import in_memory
from tests.frontends.swift.world import Answer, World

KEY = "form-key"
PATH = "/v1/AUTH_test/box/up-"
SOON = str(int(time.time()) + 3600)
File = tuple[str, bytes, str]


async def given(world: World, level: str = "account") -> None:
    await world.container("box")
    headers = {f"X-{level}-Meta-Temp-URL-Key": KEY}
    assert (await world.do("POST", *(("box",) if level == "container" else ()), headers=headers)).status == 204


def fields_of(path: str = PATH, *, key: str = KEY, digest: str = "sha256", **stated: str) -> dict[str, str]:
    """The fields of a form, with their signature."""
    fields = {"redirect": "", "max_file_size": "100", "max_file_count": "2", "expires": SOON, **stated}
    message = "\n".join((path, *(fields[name] for name in ("redirect", "max_file_size", "max_file_count", "expires"))))
    return {**fields, "signature": hmac.digest(key.encode(), message.encode(), digest).hex()}


def form(fields: Mapping[str, str], *files: File) -> bytes:
    parts = [f'form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts += [
        f'form-data; name="f{number}"; filename="{name}"{head}\r\n\r\n'.encode() + data
        for number, (name, data, head) in enumerate(files)
    ]
    return b"".join(b"--xyz\r\nContent-Disposition: " + part + b"\r\n" for part in parts) + b"--xyz--\r\n"


async def send(world: World, body: bytes, path: str = PATH, **headers: str) -> Answer:
    kind = {"Content_Type": "multipart/form-data; boundary=xyz"}
    async with world.session.post(
        f"http://127.0.0.1:{world.port}{quote(path)}",
        data=body,
        headers={name.replace("_", "-"): value for name, value in {**kind, **headers}.items()},
        allow_redirects=False,
    ) as answer:
        return Answer(answer.status, answer.headers.copy(), await answer.read())


ONE: File = ("one.txt", b"first", "\r\nContent-Type: text/one\r\nContent-Encoding: gzip")
TWO: File = ("two", b"second", "")


@pytest.mark.parametrize("level", ("account", "container"))
@pytest.mark.parametrize("digest", ("sha1", "sha256", "sha512"))
async def test_several_files(world: World, level: str, digest: str) -> None:
    await given(world, level)
    answer = await send(world, form(fields_of(digest=digest), ONE, TWO))
    assert (answer.status, answer.body) == (201, b"201 Created")
    one, two = [await world.do("GET", "box", f"up-{name}") for name in ("one.txt", "two")]
    assert (one.body, one.headers["Content-Type"], one.headers["Content-Encoding"]) == (b"first", "text/one", "gzip")
    assert two.body == b"second"


async def test_what_fields_say_of_all_files(world: World) -> None:
    await given(world)
    stated = {"content-type": "text/all", "content-encoding": "br", "x_delete_after": "1000"}
    assert (await send(world, form({**fields_of(), **stated}, ONE))).status == 201
    found = (await world.do("HEAD", "box", "up-one.txt")).headers
    assert (found["Content-Type"], found["Content-Encoding"]) == ("text/all", "br")
    assert 900 < int(found["X-Delete-At"]) - time.time() < 1100


async def test_a_form_to_the_container_itself(world: World) -> None:
    await given(world)
    for path in ("/v1/AUTH_test/box", "/v1/AUTH_test/box/"):
        assert (await send(world, form(fields_of(path), ONE), path)).status == 201
        assert (await world.do("DELETE", "box", "one.txt")).status == 204


async def test_a_redirect_tells_what_became_of_it(world: World) -> None:
    await given(world)
    for target, location in (
        ("https://x.example/a", "https://x.example/a?status=201&message="),
        ("https://x.example/?a=b", "https://x.example/?a=b&status=201&message="),
    ):
        answer = await send(world, form(fields_of(redirect=target), ONE))
        assert (answer.status, answer.headers["Location"]) == (303, location)
    nothing = await send(world, form(fields_of(redirect="https://x.example/"), ("", b"", "")))
    assert nothing.headers["Location"] == "https://x.example/?status=400&message=no%20files%20to%20process"
    missing = "/v1/AUTH_test/missing/"
    answer = await send(world, form(fields_of(missing, redirect="https://x.example/"), ONE), missing)
    assert answer.headers["Location"] == "https://x.example/?status=404&message="


async def test_nobody_is_sent_anywhere_by_a_form_that_is_not_signed(world: World) -> None:
    await given(world)
    fields = {**fields_of(), "redirect": "https://evil.example/"}
    for files in ((), (ONE, TWO, TWO)):
        answer = await send(world, form(fields, *files))
        assert (answer.status, "Location" in answer.headers) == (401 if files else 400, False)
    answer = await send(world, form(fields_of(redirect="https://x.example/\r\nSet-Cookie: a"), ONE))
    assert (answer.status, "Set-Cookie" in answer.headers) == (400, False)


async def test_more_files_than_allowed(world: World) -> None:
    await given(world)
    answer = await send(world, form(fields_of(), ONE, TWO, ("three", b"3", "")))
    assert (answer.status, answer.body) == (400, b"400 Bad Request\r\nFormPost: Max File Count Exceeded")
    assert (await world.do("GET", "box")).names == ["up-one.txt", "up-two"]


async def test_larger_files_than_allowed(world: World) -> None:
    await given(world)
    answer = await send(world, form(fields_of(max_file_size="5"), ONE, TWO))
    assert (answer.status, answer.body) == (400, b"FormPost: max_file_size exceeded")
    assert (await world.do("GET", "box")).names == ["up-one.txt"]
    assert (await send(world, form(fields_of(max_file_size="0"), ONE))).status == 400


@in_memory
@pytest.mark.parametrize(
    ("fields", "status", "text"),
    (
        ({**fields_of(), "max_file_size": "1000000"}, 401, "FormPost: Invalid Signature"),
        ({**fields_of(), "max_file_count": "1000"}, 401, "FormPost: Invalid Signature"),
        ({**fields_of(), "expires": str(int(SOON) + 1)}, 401, "FormPost: Invalid Signature"),
        ({**fields_of(), "signature": "00"}, 401, "FormPost: Invalid Signature"),
        ({**fields_of(), "signature": "md5:AAAA"}, 401, "FormPost: Invalid Signature"),
        (fields_of(key="wrong"), 401, "FormPost: Invalid Signature"),
        (fields_of("/v1/AUTH_test/box/other"), 401, "FormPost: Invalid Signature"),
        (fields_of(expires="1000"), 401, "FormPost: Form Expired"),
        (fields_of(expires=""), 401, "FormPost: Form Expired"),
        (fields_of(expires="x"), 400, "FormPost: expired not an integer"),
        (fields_of(max_file_size="x"), 400, "FormPost: max_file_size not an integer"),
        (fields_of(max_file_count="x"), 400, "FormPost: max_file_count not an integer"),
        (fields_of(x_delete_at="x"), 400, "FormPost: x_delete_at not an integer: Unix timestamp required."),
        (fields_of(x_delete_after="x"), 400, "FormPost: x_delete_after not an integer: Number of seconds required."),
        (fields_of(max_file_size="9" * 30), 400, "FormPost: max_file_size not an integer"),
        (fields_of(x_delete_at="1000"), 400, "X-Delete-At in past"),
    ),
)
async def test_forms_that_do_not_hold(world: World, fields: dict[str, str], status: int, text: str) -> None:
    await given(world)
    answer = await send(world, form(fields, ONE))
    assert (answer.status, answer.body.decode()) == (status, text)
    assert (await world.do("GET", "box")).names == []


async def test_a_form_without_a_file(world: World) -> None:
    await given(world)
    answer = await send(world, form(fields_of()))
    assert (answer.status, answer.body) == (400, b"400 Bad Request\r\nFormPost: No Files To Process")


@pytest.mark.parametrize(
    ("path", "status"),
    (("/v1/AUTH_test", 401), ("/v1/AUTH_nobody/box/", 401), ("/v1/AUTH_other/box/", 401), ("/v1/AUTH_test/gone/", 404)),
)
async def test_forms_to_other_places(world: World, path: str, status: int) -> None:
    await given(world)
    assert (await send(world, form(fields_of(path), ONE), path)).status == status


async def test_what_is_no_form(world: World) -> None:
    await given(world)
    for body in (b"what", b"--other\r\n\r\n", form(fields_of(), ONE).replace(b"form-data", b"file")):
        answer = await send(world, body)
        assert (answer.status, answer.body) == (400, b"FormPost: invalid starting boundary")
    long = await send(world, form({**fields_of(), "a": "x" * 30_000}, ONE))
    assert (long.status, long.body) == (400, b"FormPost: The fields of the form are too long")
    cut = form(fields_of(), ONE)[:-20]
    assert (await send(world, cut)).status == 499
    assert (await world.do("GET", "box")).names == []


async def test_a_policy_that_denies_holds(world: World) -> None:
    await given(world)
    policy = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}}'
    await world.store.update_bucket("box", PropsChange(system={POLICY: policy}))
    answer = await send(world, form(fields_of(), ONE))
    assert answer.status == 401
    assert (await world.do("GET", "box")).names == []


async def test_pages_of_other_origins_may_read_the_answer(world: World) -> None:
    await given(world)
    await world.do("POST", "box", headers={"X-Container-Meta-Access-Control-Allow-Origin": "*"})
    answer = await send(world, form(fields_of(), ONE), Origin="http://page.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_info_tells_of_it(world: World) -> None:
    told = json.loads((await world.raw("GET", "/info")).body)["formpost"]
    assert told == {"allowed_digests": ["sha1", "sha256", "sha512"], "deprecated_digests": ["sha1"]}
