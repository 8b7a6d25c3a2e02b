"""Names that the operator doesn't want."""

import json

import pytest
from pydantic import ValidationError

from gateway.frontends.swift.namecheck import NameCheckSettings
from tests.frontends.swift.conftest import Serve

WHAT = "Object/Container/Account name"


@pytest.mark.parametrize(
    ("name", "text"),
    (
        ("a'b", f"{WHAT} contains forbidden chars from '\"`&lt;&gt;"),
        ("a<b", f"{WHAT} contains forbidden chars from '\"`&lt;&gt;"),
        ("x" * 250, f"{WHAT} longer than the allowed maximum 255"),
        ("ü" * 120, f"{WHAT} longer than the allowed maximum 255"),
        ("a/../b", rf"{WHAT} contains a forbidden substring from regular expression /\./|/\.\./|/\.$|/\.\.$"),
    ),
)
async def test_as_swift_has_it_by_default(serve: Serve, name: str, text: str) -> None:
    async with serve(name_check={}) as world:
        await world.container("box", "fine")
        answer = await world.do("PUT", "box", name, body=b"")
        assert (answer.status, answer.body.decode()) == (400, text)
        assert await world.contents() == {"box", "box/fine"}


async def test_settings_of_its_own(serve: Serve) -> None:
    chosen = {"forbidden_chars": "%", "maximum_length": 40, "forbidden_regexp": "tmp$"}
    async with serve(name_check=chosen) as world:
        assert (await world.do("PUT", "a'b")).status == 201
        for name in ("a%b", "x" * 40, "a.tmp"):
            assert (await world.do("PUT", name)).status == 400
        assert json.loads((await world.raw("GET", "/info")).body)["name_check"] == chosen
    async with serve(name_check={"forbidden_regexp": None}) as world:
        assert json.loads((await world.raw("GET", "/info")).body)["name_check"]["forbidden_regexp"] is None


def test_an_expression_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="is no regular expression"):
        NameCheckSettings(forbidden_regexp="(")


async def test_without_a_setting_there_is_none(serve: Serve) -> None:
    async with serve() as world:
        assert (await world.do("PUT", "a'b")).status == 201
        assert "name_check" not in json.loads((await world.raw("GET", "/info")).body)
