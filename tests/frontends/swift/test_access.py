"""Who gets in, and who is told what."""

import re
from urllib.parse import quote

import pytest

from gateway.auth.principals import Registry, Role, User
from gateway.auth.rules import POLICY
from gateway.auth.tempauth import TokenIssuer
from gateway.core.types import PropsChange
from gateway.frontends.swift.operations import OPERATIONS
from gateway.frontends.swift.target import Level
from tests.frontends.marks import in_memory
from tests.frontends.swift.conftest import Serve
from tests.frontends.swift.world import KEY, LIFETIME, TEST, USERS, World

LOGIN = "/auth/v1.0"
ALICE = {"X_Auth_User": "test-account:alice", "X_Auth_Key": "alice-secret"}


async def test_a_token_for_a_user_and_a_key(world: World) -> None:
    answer = await world.raw("GET", LOGIN, **ALICE)
    assert answer.status == 200
    token = answer.headers["X-Auth-Token"]
    assert answer.headers["X-Storage-Token"] == token
    assert answer.headers["X-Auth-Token-Expires"] == str(LIFETIME)
    assert answer.headers["X-Storage-Url"] == f"http://127.0.0.1:{world.port}/v1/AUTH_test"
    assert (await world.raw("HEAD", "/v1/AUTH_test", X_Auth_Token=token)).status == 204
    assert (await world.raw("HEAD", "/v1/AUTH_test", X_Storage_Token=token)).status == 204


async def test_the_older_headers_and_paths_of_the_login(world: World) -> None:
    old = {"X_Storage_User": "test-account:alice", "X_Storage_Pass": "alice-secret"}
    assert (await world.raw("GET", LOGIN, **old)).status == 200
    assert (await world.raw("GET", "/auth/v1", **ALICE)).status == 200


async def test_the_storage_url_is_the_one_that_the_client_came_by(serve: Serve) -> None:
    async with serve(storage_url_scheme="https") as world:
        answer = await world.raw("GET", LOGIN, **ALICE, Host="swift.example:444")
        assert answer.headers["X-Storage-Url"] == "https://swift.example:444/v1/AUTH_test"


@pytest.mark.parametrize(
    "headers",
    (
        {},
        {"X_Auth_User": "test-account:alice"},
        {"X_Auth_User": "test-account:alice", "X_Auth_Key": ""},
        {"X_Auth_User": "test-account:alice", "X_Auth_Key": "wrong"},
        {"X_Auth_User": "test-account:nobody", "X_Auth_Key": "alice-secret"},
        {"X_Auth_User": "nobody:alice", "X_Auth_Key": "alice-secret"},
        {"X_Auth_User": "alice", "X_Auth_Key": "alice-secret"},
        {"X_Auth_User": "test-account:alice", "X_Auth_Key": "alice-secreté"},
    ),
)
async def test_f04_bad_credentials_are_401(world: World, headers: dict[str, str]) -> None:
    answer = await world.raw("GET", LOGIN, **headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Swift realm=")
    assert "X-Auth-Token" not in answer.headers
    assert b"secret" not in answer.body


async def test_the_login_takes_no_other_method(world: World) -> None:
    answer = await world.raw("POST", LOGIN, **ALICE)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


async def test_tokens_that_do_not_hold_are_401(world: World) -> None:
    good = world.token("alice")
    expired = TokenIssuer(KEY, LIFETIME, clock=lambda: 1_000_000.0).issue(USERS["alice"]).value
    foreign = TokenIssuer(b"the key of somebody else", LIFETIME).issue(USERS["alice"]).value
    gone = TokenIssuer(KEY, LIFETIME).issue(User(TEST, "gone", "GONE", "x", Role.ADMIN)).value
    changed = TokenIssuer(KEY, LIFETIME).issue(User(TEST, "alice", "ALICE", "old secret", Role.ADMIN)).value
    middle = len(good) // 2
    tampered = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]
    for token in (expired, foreign, gone, changed, tampered, good[:-1], good + "A", "AUTH_tk", "é", "x" * 9000):
        for path in ("/v1/AUTH_test", "/v1/AUTH_test/box/thing", "/v1/AUTH_other"):
            answer = await world.raw("GET", path, X_Auth_Token=token)
            assert (answer.status, path) == (401, path)
            assert answer.headers["WWW-Authenticate"] == f'Swift realm="{path.split("/")[2]}"'


async def test_a_realm_is_quoted(world: World) -> None:
    account = quote('AUTH_x"\nSet-Cookie: y')
    answer = await world.raw("GET", f"/v1/{account}")
    assert answer.headers["WWW-Authenticate"] == f'Swift realm="{account}"'


PATHS = {
    Level.SERVICE: "/v1/",
    Level.ACCOUNT: "/v1/AUTH_test",
    Level.CONTAINER: "/v1/AUTH_test/box",
    Level.OBJECT: "/v1/AUTH_test/box/thing",
}

ALL = [(level, method) for level, methods in OPERATIONS.items() for method in methods]


@in_memory
@pytest.mark.parametrize(("level", "method"), ALL)
async def test_without_a_token_nothing_goes(world: World, level: Level, method: str) -> None:
    await world.container("box", "thing")
    before = await world.contents()
    for path in (PATHS[level], f"{PATHS[level]}-missing"):
        answer = await world.raw(method, path, Destination="box/copy")
        assert answer.status == 401
    assert await world.contents() == before


@in_memory
@pytest.mark.parametrize(("level", "method"), ALL)
@pytest.mark.parametrize("user", ("olga", "fred", "nina"))
async def test_f07_tenants_and_users_without_rights_are_kept_out(
    world: World, level: Level, method: str, user: str
) -> None:
    await world.container("box", "thing")
    before = await world.contents()
    answers = [
        await world.raw(method, path, X_Auth_Token=world.token(user), Destination="box/copy")
        for path in (PATHS[level], f"{PATHS[level]}-missing")
    ]
    assert [answer.status for answer in answers] == [403, 403]
    assert answers[0].body == answers[1].body
    assert await world.contents() == before


async def test_readers_read_and_writers_write_objects(world: World) -> None:
    await world.container("box", "thing")
    for user, method, path, status in (
        ("rita", "GET", ("box", "thing"), 200),
        ("rita", "GET", ("box",), 200),
        ("rita", "GET", (), 200),
        ("rita", "PUT", ("box", "new"), 403),
        ("rita", "POST", ("box", "thing"), 403),
        ("rita", "DELETE", ("box", "thing"), 403),
        ("rita", "COPY", ("box", "thing"), 403),
        ("rita", "PUT", ("mine",), 403),
        ("rita", "POST", (), 403),
        ("walter", "PUT", ("box", "new"), 201),
        ("walter", "COPY", ("box", "new"), 201),
        ("walter", "DELETE", ("box", "new"), 204),
        ("walter", "PUT", ("mine",), 403),
        ("walter", "DELETE", ("box",), 403),
        ("walter", "POST", ("box",), 403),
    ):
        answer = await world.do(method, *path, user=user, Destination="box/copy")
        assert (user, method, path, answer.status) == (user, method, path, status)


async def test_an_operator_works_in_every_account(world: World) -> None:
    await world.container("box", "thing")
    assert (await world.do("GET", "box", "thing", user="opal")).body == b"thing"
    assert (await world.do("PUT", "for-olga", user="opal", account="AUTH_other")).status == 201
    assert (await world.do("GET", user="olga", account="AUTH_other")).names == ["for-olga"]
    assert (await world.do("PUT", "for-fred", user="opal", account="AUTH_far")).status == 201
    assert (await world.do("GET", user="fred", account="AUTH_far")).names == ["for-fred"]
    assert (await world.do("GET", user="opal", account="AUTH_nobody")).status == 404


async def test_a_container_is_found_in_its_own_account_only(world: World) -> None:
    await world.container("box", "thing")
    for method, path in (("GET", ("box",)), ("GET", ("box", "thing")), ("DELETE", ("box", "thing"))):
        assert (await world.do(method, *path, user="olga", account="AUTH_other")).status == 404
        assert (await world.do(method, *path, user="opal", account="AUTH_other")).status == 404
    taken = await world.do("PUT", "box", user="olga", account="AUTH_other")
    assert taken.status == 409
    assert b"test" not in taken.body
    assert (await world.do("PUT", "box", user="fred", account="AUTH_far")).status == 201
    assert (await world.do("GET", "box", user="fred", account="AUTH_far")).names == []


async def test_accounts_without_the_prefix_are_nobodys(world: World) -> None:
    assert (await world.raw("GET", "/v1/test")).status == 401
    assert (await world.do("GET", account="test")).status == 403
    assert (await world.do("GET", account="AUTH_", user="opal")).status == 403


async def test_what_is_told_of_a_request(world: World) -> None:
    await world.do("PUT", "box")
    answer = await world.do("PUT", "box", "a/b", body=b"12345", X_Trans_Id_Extra="my own " + "x" * 50)
    trans_id = answer.headers["X-Trans-Id"]
    assert answer.headers["X-Openstack-Request-Id"] == trans_id
    assert answer.headers["Server"] == "Portico"
    assert re.fullmatch(r"tx[0-9a-f]{21}-[0-9a-f]{10}-my%20own%20x{25}", trans_id)
    await world.do("GET", "box", "a/b")
    await world.do("GET", "box", "none", user="rita")
    write, read, missed = world.seen[-3:]
    assert write.context.request_id == trans_id
    assert (write.context.protocol, write.context.client) == ("swift", "127.0.0.1")
    assert write.context.principal == "test-account:alice"
    assert (write.operation, write.status, write.bucket, write.key) == ("write object", 201, "box", "a/b")
    assert (write.received, write.sent, read.received, read.sent) == (5, 0, 0, 5)
    assert (missed.status, missed.error, missed.context.principal) == (404, "Not Found", "test-account:rita")


def test_an_account_is_known_by_its_id() -> None:
    registry = Registry(USERS.values())
    assert registry.account("test") is TEST
    assert registry.account("test-account") is None


async def test_who_is_let_in_by_a_grant_sees_no_secrets(world: World) -> None:
    await world.do("PUT", "c", headers={"X-Container-Meta-Temp-URL-Key": "secret", "X-Container-Meta-A": "b"})
    await world.do("PUT", "c", "o", body=b"x")
    policy = '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "other"}, "Action": "s3:*", "Resource": "*"}}'
    await world.store.update_bucket("c", PropsChange(system={POLICY: policy}))
    assert (await world.do("HEAD", "c")).headers["X-Container-Meta-Temp-URL-Key"] == "secret"
    answer = await world.do("HEAD", "c", user="olga")
    assert (answer.status, answer.headers["X-Container-Meta-A"]) == (204, "b")
    assert "X-Container-Meta-Temp-URL-Key" not in answer.headers
    assert (await world.do("GET", "c", "o", user="olga")).body == b"x"
    assert (await world.do("GET", "c", "o", user="nina")).status == 403


async def test_a_container_that_stands_is_not_changed_past_a_denial(world: World) -> None:
    await world.do("PUT", "c", headers={"X-Container-Meta-A": "b"})
    policy = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}'
    await world.store.update_bucket("c", PropsChange(system={POLICY: policy}))
    for method in ("PUT", "POST", "HEAD", "GET", "DELETE"):
        assert (await world.do(method, "c", headers={"X-Container-Meta-A": "c"})).status == 403
    assert (await world.store.stat_bucket("c")).user["a"] == "b"


async def test_the_storage_url_may_be_another_one(serve: Serve) -> None:
    async with serve(storage_url="https://objects.example/swift") as world:
        answer = await world.raw("GET", LOGIN, **ALICE)
        assert answer.headers["X-Storage-Url"] == "https://objects.example/swift/v1/AUTH_test"


async def test_without_services_their_tokens_give_no_right_and_their_accounts_are_unknown(world: World) -> None:
    await world.container("box", "thing")
    service = {"X-Service-Token": world.token("alice")}
    assert (await world.do("GET", "box", "thing", user="olga", headers=service)).status == 403
    assert (await world.raw("GET", "/v1/AUTH_test/box/thing", X_Service_Token=world.token("alice"))).status == 401
    assert (await world.do("GET", "box", account="SERVICE_test", headers=service)).status == 403
    assert (await world.do("GET", "box", "thing", headers=service)).status == 200
