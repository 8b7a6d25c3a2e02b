"""Swift's access lists: of containers, and of whole accounts."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.auth.rules import POLICY, PUBLIC_ACCESS_BLOCK, PublicAccessBlock
from gateway.core.types import PropsChange
from tests.frontends.marks import in_memory
from tests.frontends.swift.world import World

READ, WRITE = "X-Container-Read", "X-Container-Write"
CONTROL = "X-Account-Access-Control"


async def given(world: World, **lists: str) -> None:
    headers = {f"X-Container-{kind.title()}": value for kind, value in lists.items()}
    await world.container("box", "thing")
    assert (await world.do("POST", "box", headers=headers)).status == 204


async def anonymous(world: World, path: str = "box/thing", method: str = "GET", **headers: str) -> int:
    return (await world.raw(method, f"/v1/AUTH_test/{path}", **headers)).status


async def test_lists_are_told_to_the_owner_in_their_clean_form(world: World) -> None:
    await given(world, read=".referrer : *, bob , , .ref:*.example.com,.rlistings", write=" sue:x ,, ")
    for method in ("GET", "HEAD"):
        answer = await world.do(method, "box")
        assert answer.headers[READ] == ".r:*,bob,.r:.example.com,.rlistings"
        assert answer.headers[WRITE] == "sue:x"
    assert READ not in (await world.raw("GET", "/v1/AUTH_test/box")).headers


async def test_lists_come_with_a_new_container_and_are_removed(world: World) -> None:
    assert (await world.do("PUT", "new", headers={READ: ".r:*", WRITE: "a:b"})).status == 201
    assert (await world.do("HEAD", "new")).headers[READ] == ".r:*"
    assert (await world.do("POST", "new", headers={"X-Container-Meta-A": "b"})).status == 204
    assert (await world.do("HEAD", "new")).headers[READ] == ".r:*"
    assert (await world.do("POST", "new", headers={"X-Remove-Container-Read": "x"})).status == 204
    assert READ not in (await world.do("HEAD", "new")).headers
    assert (await world.do("PUT", "new", headers={WRITE: ""})).status == 202
    assert WRITE not in (await world.do("HEAD", "new")).headers


@pytest.mark.parametrize(
    ("header", "value", "text"),
    (
        (READ, ".r:", "No host/domain value after referrer designation in ACL: '.r:'"),
        (READ, ".r:-", "No host/domain value after referrer designation in ACL: '.r:-'"),
        (READ, "bob, .r:*.", "No host/domain value after referrer designation in ACL: '.r:*.'"),
        (READ, ".unknown:a", "Unknown designator '.unknown' in ACL: '.unknown:a'"),
        (WRITE, ".r:*", "Referrers not allowed in write ACL: '.r:*'"),
    ),
)
async def test_lists_that_do_not_parse_are_refused(world: World, header: str, value: str, text: str) -> None:
    await given(world, read="bob")
    for method in ("PUT", "POST"):
        answer = await world.do(method, "box", headers={header: value})
        assert (answer.status, answer.body.decode()) == (400, text)
    assert (await world.do("HEAD", "box")).headers[READ] == "bob"


async def test_everybody_reads_what_any_page_may_refer_to(world: World) -> None:
    await given(world, read=".r:*")
    assert await anonymous(world) == 200
    assert await anonymous(world, method="HEAD") == 200
    assert await anonymous(world, "box/missing") == 404
    assert await anonymous(world, "box") == 401
    assert await anonymous(world, method="PUT") == 401
    assert await anonymous(world, method="DELETE") == 401
    assert (await world.do("GET", "box", "thing", user="olga")).status == 200
    assert (await world.do("GET", "box", user="olga")).status == 403


async def test_listings_are_granted_by_a_word_of_their_own(world: World) -> None:
    await given(world, read=".r:*,.rlistings")
    assert await anonymous(world, "box") == 200
    assert await anonymous(world, "box", method="HEAD") == 204
    assert await anonymous(world, "") == 401
    await given(world, read=".rlistings")
    assert await anonymous(world, "box") == 401


@in_memory
@pytest.mark.parametrize(
    ("rules", "referrer", "status"),
    (
        (".r:example.com", "http://example.com/page", 200),
        (".r:example.com", "http://www.example.com/page", 401),
        (".r:example.com", "", 401),
        (".r:.example.com", "https://www.example.com:8080/", 200),
        (".r:.example.com", "https://example.com/", 401),
        (".r:*,.r:-thief.example", "http://thief.example/", 401),
        (".r:*,.r:-.thief.example", "http://www.thief.example/", 401),
        (".r:*,.r:-thief.example", "", 200),
        (".r:-thief.example,.r:*", "http://thief.example/", 200),
        (".r:-*", "http://any.example/", 401),
        (".r:*", "http://[bad", 200),
    ),
)
async def test_referring_hosts(world: World, rules: str, referrer: str, status: int) -> None:
    await given(world, read=rules)
    assert await anonymous(world, Referer=referrer) == status


@in_memory
@pytest.mark.parametrize(
    ("name", "reads"),
    (
        ("other-account", True),
        ("other-account:olga", True),
        ("other%2Daccount:olga", True),
        ("AUTH_other", True),
        ("other-account:*", True),
        ("*:olga", True),
        ("*:*", True),
        ("other-account:fred", False),
        ("far-account", False),
        ("olga", False),
        ("*", False),
    ),
)
async def test_users_and_accounts_are_named(world: World, name: str, reads: bool) -> None:
    await given(world, read=name)
    status = 200 if reads else 403
    assert (await world.do("GET", "box", "thing", user="olga")).status == status
    assert (await world.do("GET", "box", user="olga")).status == status
    assert (await world.do("HEAD", "box", user="olga")).status == (204 if reads else 403)
    assert (await world.do("PUT", "box", "new", body=b"", user="olga")).status == 403
    assert await anonymous(world) == 401


async def test_users_of_the_account_without_rights_of_their_own_are_let_in(world: World) -> None:
    await given(world, read="test-account:nina")
    assert (await world.do("GET", "box", "thing", user="nina")).status == 200
    assert (await world.do("PUT", "box", "new", body=b"", user="nina")).status == 403
    await given(world, read="", write="test-account:nina")
    assert (await world.do("PUT", "box", "new", body=b"", user="nina")).status == 201
    assert (await world.do("POST", "box", "new", user="nina")).status == 202
    assert (await world.do("GET", "box", "new", user="nina")).status == 403
    assert (await world.do("DELETE", "box", "new", user="nina")).status == 204


async def test_a_copy_needs_both_lists(world: World) -> None:
    await given(world, write="other-account")
    copy = {"X-Copy-From": "box/thing"}
    assert (await world.do("PUT", "box", "copy", body=b"", user="olga", headers=copy)).status == 403
    await given(world, read="other-account")
    assert (await world.do("PUT", "box", "copy", body=b"", user="olga", headers=copy)).status == 201


async def test_who_may_write_does_not_change_the_container(world: World) -> None:
    await given(world, read="other-account", write="other-account")
    for method in ("POST", "DELETE", "PUT"):
        assert (await world.do(method, "box", user="olga", headers={READ: ".r:*"})).status == 403
    assert (await world.do("HEAD", "box", user="olga")).headers.keys().isdisjoint({READ, WRITE})


async def test_a_policy_that_denies_holds_for_whom_a_list_lets_in(world: World) -> None:
    await given(world, read=".r:*,other-account")
    policy = {"Effect": "Deny", "Principal": {"AWS": "other"}, "Action": "s3:GetObject", "Resource": "*"}
    change = PropsChange(system={POLICY: json.dumps({"Statement": policy})})
    await world.store.update_bucket("box", change)
    assert (await world.do("GET", "box", "thing", user="olga")).status == 403
    assert await anonymous(world) == 200


async def test_a_block_of_public_access_holds_for_referrers(world: World) -> None:
    await given(world, read=".r:*,other-account")
    block = PublicAccessBlock(block_acls=True, ignore_acls=True).pack()
    await world.store.update_bucket("box", PropsChange(system={PUBLIC_ACCESS_BLOCK: block}))
    assert await anonymous(world) == 401
    assert (await world.do("GET", "box", "thing", user="olga")).status == 200
    assert (await world.do("POST", "box", headers={READ: ".r:*"})).status == 403
    assert (await world.do("POST", "box", headers={READ: "bob"})).status == 204


async def control(world: World, **lists: list[str]) -> None:
    named = {name.replace("_", "-"): users for name, users in lists.items()}
    assert (await world.do("POST", headers={CONTROL: json.dumps(named)})).status == 204


@asynccontextmanager
async def controlled(world: World, access: str) -> AsyncIterator[None]:
    await world.container("box", "thing")
    await control(world, **{access: ["other-account:olga"]})
    yield
    await control(world)
    assert (await world.do("GET", "box", "thing", user="olga")).status == 403


async def test_account_lists_are_told_to_owners_alone(world: World) -> None:
    await control(world, read_only=["other-account"], admin=["far-account:fréd"])
    told = '{"admin":["far-account:fr\\u00e9d"],"read-only":["other-account"]}'
    for user in ("alice", "opal"):
        assert (await world.do("HEAD", user=user)).headers[CONTROL] == told
    for user in ("rita", "olga"):
        assert CONTROL not in (await world.do("GET", user=user)).headers
    assert (await world.do("POST", headers={CONTROL: ""})).status == 204
    assert CONTROL not in (await world.do("HEAD")).headers


@pytest.mark.parametrize(
    ("value", "error"),
    (
        ("x", "Syntax error in input ('x')"),
        ("[]", "Syntax error in input ('[]')"),
        ('{"other-auth-system": []}', 'Key "other-auth-system" not recognized'),
        ('{"admin": "bob"}', 'Value for key "admin" must be a list'),
        ('{"read-only": [1]}', 'Elements of "read-only" list must be strings'),
    ),
)
async def test_account_lists_that_do_not_parse_are_refused(world: World, value: str, error: str) -> None:
    answer = await world.do("POST", headers={CONTROL: value})
    assert (answer.status, answer.body.decode()) == (
        400,
        f"X-Account-Access-Control invalid: {error}\n\nInput: {value}\n",
    )
    assert CONTROL not in (await world.do("HEAD")).headers


async def test_read_only_in_a_whole_account(world: World) -> None:
    async with controlled(world, "read_only"):
        for method, path, status in (
            ("GET", (), 200),
            ("GET", ("box",), 200),
            ("HEAD", ("box",), 204),
            ("GET", ("box", "thing"), 200),
            ("GET", ("missing",), 404),
            ("PUT", ("box", "new"), 403),
            ("PUT", ("new",), 403),
            ("POST", (), 403),
        ):
            assert (await world.do(method, *path, user="olga")).status == status


async def test_read_write_in_a_whole_account(world: World) -> None:
    async with controlled(world, "read_write"):
        headers = {READ: ".r:*", "X-Container-Meta-Temp-URL-Key": "k", "X-Container-Meta-A": "b"}
        for method, path, status in (
            ("GET", (), 200),
            ("POST", (), 403),
            ("PUT", ("new",), 201),
            ("POST", ("new",), 204),
            ("PUT", ("new", "x"), 201),
            ("DELETE", ("new", "x"), 204),
        ):
            answer = await world.do(method, *path, user="olga", headers=headers if path == ("new",) else {})
            assert (method, path, answer.status) == (method, path, status)
        found = (await world.do("HEAD", "new")).headers
        assert found["X-Container-Meta-A"] == "b"
        assert READ not in found
        assert "X-Container-Meta-Temp-Url-Key" not in found
        assert (await world.do("DELETE", "new", user="olga")).status == 204


async def test_admin_of_a_whole_account(world: World) -> None:
    async with controlled(world, "admin"):
        assert (await world.do("POST", user="olga", headers={"X-Account-Meta-Temp-URL-Key": "k"})).status == 204
        found = (await world.do("HEAD", user="olga")).headers
        assert found["X-Account-Meta-Temp-Url-Key"] == "k"
        assert CONTROL in found
        assert (await world.do("POST", "box", user="olga", headers={READ: "bob"})).status == 204
        assert (await world.do("HEAD", "box", user="olga")).headers[READ] == "bob"


async def test_a_policy_that_denies_holds_for_whom_the_account_lets_in(world: World) -> None:
    async with controlled(world, "admin"):
        policy = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}}'
        await world.store.update_bucket("box", PropsChange(system={POLICY: policy}))
        assert (await world.do("GET", "box", "thing", user="olga")).status == 403


async def test_the_key_of_a_synchronisation_is_kept_for_the_owner(world: World) -> None:
    await given(world, read="other-account")
    key = {"X-Container-Sync-Key": "secret"}
    assert (await world.do("POST", "box", headers=key)).status == 204
    assert (await world.do("HEAD", "box")).headers["X-Container-Sync-Key"] == "secret"
    assert "X-Container-Sync-Key" not in (await world.do("HEAD", "box", user="olga")).headers
    await control(world, read_write=["other-account:olga"])
    assert (await world.do("POST", "box", user="olga", headers={"X-Container-Sync-Key": "other"})).status == 204
    assert (await world.do("HEAD", "box")).headers["X-Container-Sync-Key"] == "secret"
    assert (await world.do("POST", "box", headers={"X-Remove-Container-Sync-Key": "x"})).status == 204
    assert "X-Container-Sync-Key" not in (await world.do("HEAD", "box")).headers
