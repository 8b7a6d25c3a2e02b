"""Who gets in, through which door, and what it costs the upstream."""

import asyncio
import ftplib

import pytest

from gateway.auth.attempts import FOR_ONE_NAME
from tests.passthrough.world import Gateway, config, gateways, logins
from tests.support.faultproxy import Fault, FaultProxy, refusal


async def test_guests_come_in_by_all_doors_and_configured_users_as_before(gateway: Gateway) -> None:
    ftp = await gateway.ftp("t.u", "t-secret")
    await ftp.do("MKD /box")
    await ftp.put("/box/of-ftp", b"ftp")
    swift = await gateway.swift("t:u", "t-secret")
    assert (await swift("PUT", "box", "of-swift", body=b"swift")).status == 201
    assert (await gateway.s3("t:u", "t-secret", "PUT", "/box/of-s3", b"s3")).status == 200
    names = ["of-ftp", "of-s3", "of-swift"]
    assert await ftp.names("/box") == names
    assert (await swift("GET", "box")).names == names
    listing = await gateway.s3("t.u", "t-secret", "GET", "/box")
    assert all(name.encode() in listing.body for name in names)
    assert await ftp.get("/box/of-s3") == b"s3"
    ftp.close()
    alice = await gateway.ftp("alice", "alice-secret")
    assert await alice.names() == []
    alice.close()
    assert (await (await gateway.swift("acme:alice", "alice-secret"))("GET")).status == 204
    assert (await gateway.s3("alice", "alice-secret", "GET")).status == 200


@pytest.mark.parametrize(
    ("user", "key"),
    (("t.u", "wrong"), ("nobody.u", "t-secret"), ("t.nobody", "t-secret"), ("alice", "wrong"), ("t", "x")),
)
async def test_f04_wrong_credentials_get_one_answer_from_each_door(gateway: Gateway, user: str, key: str) -> None:
    with pytest.raises(ftplib.error_perm) as refused:
        await gateway.ftp(user, key)
    assert str(refused.value) == "530 User name or password is wrong"
    answer = await gateway.swift_login(user, key)
    assert answer.status == 401
    assert b"verify that you are authorized" in answer.body
    signed = await gateway.s3(user if user != "alice" else "t.u", key, "GET")
    assert (signed.status, signed.body.count(b"<Code>InvalidAccessKeyId</Code>")) == (403, 1)


async def test_f04_an_empty_password_never_reaches_the_upstream(gateway: Gateway, proxy: FaultProxy) -> None:
    with pytest.raises(ftplib.error_perm, match="530"):
        await gateway.ftp("t.u", "")
    assert (await gateway.swift_login("t:u", "")).status == 401
    assert logins(proxy) == 0


async def test_s3_lets_in_who_has_logged_in_elsewhere_and_no_other_secret(gateway: Gateway) -> None:
    assert b"InvalidAccessKeyId" in (await gateway.s3("t:u", "t-secret", "GET")).body
    await gateway.swift("t:u", "t-secret")
    assert (await gateway.s3("t:u", "t-secret", "GET")).status == 200
    wrong = await gateway.s3("t:u", "other-secret", "GET")
    assert (wrong.status, b"<Code>SignatureDoesNotMatch</Code>" in wrong.body) == (403, True)
    assert b"InvalidAccessKeyId" in (await gateway.s3("other:u", "other-secret", "GET")).body


async def test_f05_two_logins_make_one_upstream_login(gateway: Gateway, proxy: FaultProxy) -> None:
    for _ in range(2):
        (await gateway.ftp("t.u", "t-secret")).close()
        await (await gateway.swift("t:u", "t-secret"))("GET")
    assert logins(proxy) == 1
    found = await asyncio.gather(*[gateway.swift("t.u.v", "tv-secret") for _ in range(8)])
    assert len(found) == 8
    assert logins(proxy) == 2


async def test_f06_a_refused_token_is_renewed_unseen(gateway: Gateway, proxy: FaultProxy) -> None:
    ftp = await gateway.ftp("t.u", "t-secret")
    proxy.faults[:] = [Fault(when="^GET /v1", times=1, answer=refusal(401, "Unauthorized"))]
    assert await ftp.names() == []
    assert logins(proxy) == 2
    ftp.close()


async def test_f09_the_upstream_learns_who_asks(gateway: Gateway, proxy: FaultProxy) -> None:
    await (await gateway.swift("t:u", "t-secret"))("GET")
    assert proxy.heads
    assert all("X-Forwarded-For: 127.0.0.1\r\n" in head for head in proxy.heads)


async def test_an_outage_is_told_as_one_and_passes(gateway: Gateway, proxy: FaultProxy) -> None:
    ftp = await gateway.ftp("t.u", "t-secret")
    proxy.down = True
    with pytest.raises(ftplib.error_temp, match="451"):
        await gateway.ftp("other.u", "other-secret")
    assert (await gateway.swift_login("other:u", "other-secret")).status == 503
    proxy.faults[:] = [Fault(when="/v1/", answer=refusal(503, "Unavailable"))]
    with pytest.raises(ftplib.error_temp, match="451"):
        await ftp.do("MKD /box")
    proxy.faults.clear()
    status = await gateway.ask("GET", gateway.app.endpoints["admin"] + "/readyz")
    assert (status.status, b'"main"' in status.body) == (503, True)
    proxy.down = False
    await asyncio.sleep(2.1)  # for so long a failed opening is told again
    assert await ftp.names() == []
    (await gateway.ftp("other.u", "other-secret")).close()
    assert (await gateway.ask("GET", gateway.app.endpoints["admin"] + "/readyz")).status == 200
    ftp.close()


async def test_a_gateway_starts_while_its_upstream_is_down(proxy: FaultProxy) -> None:
    proxy.down = True
    async with gateways(config(f"{proxy.url}/auth/v1.0")) as (gateway,):
        status = await gateway.ask("GET", gateway.app.endpoints["admin"] + "/readyz")
        assert (status.status, b"main" in status.body) == (503, True)
        alice = await gateway.ftp("alice", "alice-secret")
        alice.close()
        proxy.down = False
        assert (await gateway.ask("GET", gateway.app.endpoints["admin"] + "/readyz")).status == 200
        (await gateway.ftp("t.u", "t-secret")).close()


async def test_a_secret_that_was_changed_upstream_ends_the_session(gateway: Gateway, proxy: FaultProxy) -> None:
    ftp, swift = await gateway.ftp("t.u", "t-secret"), await gateway.swift("t:u", "t-secret")
    refused = refusal(401, "Unauthorized")
    proxy.faults[:] = [Fault(when="/auth/", answer=refused), Fault(when="/v1/", answer=refused)]
    with pytest.raises(ftplib.error_perm, match=r"530 .*log in again"):
        await ftp.do("MKD /box")
    assert (await swift("PUT", "box")).status == 401
    signed = await gateway.s3("t:u", "t-secret", "PUT", "/box")
    assert (signed.status, b"InvalidAccessKeyId" in signed.body) == (403, True)
    with pytest.raises(ftplib.error_perm, match="530 User name or password is wrong"):
        await gateway.ftp("t.u", "t-secret")
    ftp.close()


async def test_passwords_can_be_tried_at_the_upstream_a_few_times_only(gateway: Gateway, proxy: FaultProxy) -> None:
    tries = [gateway.swift_login("t:u", f"wrong-{number}") for number in range(3 * FOR_ONE_NAME)]
    assert {answer.status for answer in await asyncio.gather(*tries)} == {401}
    for number in range(3):
        await gateway.swift_login("t:u", f"wrong again {number}")
    assert (await gateway.swift_login("t:u", "t-secret")).status == 401
    assert logins(proxy) == FOR_ONE_NAME
    await gateway.swift("other:u", "other-secret")
