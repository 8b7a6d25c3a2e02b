"""Nothing of one tenant reaches another, and nothing of one user reaches another who may see less."""

import asyncio
import ftplib
import logging

import pytest

from gateway import passthrough as module
from gateway.stores.swift import SwiftStore
from tests.passthrough.world import Gateway, Swift, config, gateways, logins
from tests.support.faultproxy import Fault, FaultProxy, refusal
from tests.support.waiting import until


async def filled(gateway: Gateway) -> tuple[Swift, Swift]:
    """The user of one name and one secret in both tenants, each of which has a container of its own and one name."""
    one, two = await gateway.swift("t:same", "same-secret"), await gateway.swift("other:same", "same-secret")
    for swift, own in ((one, "of-t"), (two, "of-other")):
        for container in ("common", own):
            assert (await swift("PUT", container)).status == 201
            assert (await swift("PUT", container, own, body=own.encode())).status == 201
    return one, two


async def test_f07_one_user_of_two_tenants_shares_no_token_and_no_listing(gateway: Gateway, proxy: FaultProxy) -> None:
    one, two = await filled(gateway)
    assert logins(proxy) == 2
    for _ in range(2):  # the second time from the cache
        assert (await one("GET")).names == ["common", "of-t"]
        assert (await two("GET")).names == ["common", "of-other"]
        assert (await one("GET", "common")).names == ["of-t"]
        assert (await two("GET", "common")).names == ["of-other"]
        assert (await one("HEAD", "common", "of-other")).status == 404
        assert (await two("HEAD", "common", "of-t")).status == 404
        assert (await one("GET", "of-other")).status == 404
    tokens = {head.partition("X-Auth-Token: ")[2].partition("\r\n")[0] for head in proxy.heads} - {""}
    assert len(tokens) == 2
    ftp = await gateway.ftp("other.same", "same-secret")
    assert await ftp.names() == ["common", "of-other"]
    with pytest.raises(ftplib.error_perm, match="550"):
        await ftp.get("/of-t/of-t")
    ftp.close()
    signed = await gateway.s3("other:same", "same-secret", "GET")
    assert b"of-other" in signed.body
    assert b"of-t<" not in signed.body


async def test_f07_a_token_is_no_use_at_the_url_of_another_tenant(gateway: Gateway, proxy: FaultProxy) -> None:
    one, two = await filled(gateway)
    assert one.storage != two.storage
    proxy.heads.clear()
    for method, path in (("GET", ()), ("HEAD", ()), ("GET", ("common",)), ("GET", ("common", "of-other")),
                         ("PUT", ("common", "mine")), ("DELETE", ("common", "of-other")), ("POST", ())):  # fmt: skip
        known = await one(method, *path, storage=two.storage)
        unknown = await one(method, *path, storage=two.storage.replace("other", "nobody"))
        assert known.status == 403
        assert (known.status, known.body) == (unknown.status, unknown.body)
    for storage in (one.storage, two.storage):
        assert (await gateway.ask("GET", storage)).status == 401
    configured = await gateway.swift("acme:alice", "alice-secret")
    assert (await one("GET", storage=configured.storage)).status == 403
    assert (await configured("GET", storage=one.storage)).status == 403
    assert proxy.heads == []


async def test_the_upstreams_own_token_opens_nothing_here(gateway: Gateway, proxy: FaultProxy) -> None:
    swift = await gateway.swift("t:u", "t-secret")
    await swift("GET")
    head = next(head for head in proxy.heads if "X-Auth-Token: " in head)
    token = head.partition("X-Auth-Token: ")[2].partition("\r\n")[0]
    assert token not in swift.token
    assert (await Swift(gateway, swift.storage, token)("GET")).status == 401


async def test_who_may_see_less_gets_nothing_from_the_cache_of_who_may_see_more(gateway: Gateway) -> None:
    admin, reader = await gateway.swift("t:u", "t-secret"), await gateway.swift("t:reader", "reader-secret")
    assert admin.storage == reader.storage
    assert (await reader("GET")).status == 204
    assert (await admin("PUT", "box")).status == 201
    assert (await reader("GET")).names == ["box"]
    assert (await admin("PUT", "box", "new", body=b"1")).status == 201
    assert (await reader("GET", "box")).names == ["new"]
    assert (await reader("PUT", "box", "mine", body=b"1")).status == 403
    assert (await reader("DELETE", "box", "new")).status == 403


async def test_a_listing_that_was_cached_for_one_is_refused_to_who_is_denied(
    gateway: Gateway, proxy: FaultProxy
) -> None:
    admin, reader = await gateway.swift("t:u", "t-secret"), await gateway.swift("t:reader", "reader-secret")
    await admin("PUT", "box")
    assert (await admin("GET", "box")).status == 204
    proxy.faults[:] = [Fault(when="^(GET|HEAD) /v1/AUTH_t/box", answer=refusal(403, "Forbidden"))]
    assert (await admin("GET", "box")).status == 204
    assert (await reader("GET", "box")).status == 403


async def test_f19_who_may_not_list_the_account_still_has_what_he_knows(gateway: Gateway, proxy: FaultProxy) -> None:
    admin = await gateway.swift("t:u", "t-secret")
    await admin("PUT", "box")
    ftp = await gateway.ftp("t.u.v", "tv-secret")
    proxy.faults[:] = [Fault(when=r"^GET /v1/AUTH_t\?", answer=refusal(403, "Forbidden"))]
    assert await ftp.names() == []
    await ftp.do("CWD /box")
    proxy.faults[:] = [Fault(when=r"^GET /v1/AUTH_t\?", answer=refusal(503, "Unavailable"))]
    for _ in range(2):
        with pytest.raises(ftplib.error_temp):
            await ftp.names("/")
    proxy.faults.clear()
    assert await ftp.names("/") == ["box"]
    ftp.close()


async def test_many_who_log_in_at_once_get_their_own_trees(gateway: Gateway) -> None:
    users = (("t", "same", "same-secret"), ("other", "same", "same-secret"), ("other", "u", "other-secret"))

    async def work(tenant: str, user: str, secret: str) -> None:
        swift = await gateway.swift(f"{tenant}:{user}", secret)
        assert (await swift("PUT", f"{tenant}-box")).status in {201, 202}
        ftp = await gateway.ftp(f"{tenant}.{user}", secret)
        assert await ftp.names() == [f"{tenant}-box"]
        ftp.close()
        assert (await swift("GET")).names == [f"{tenant}-box"]

    await asyncio.gather(*[work(*user) for user in users * 3])


async def test_neither_logs_nor_errors_nor_metrics_tell_of_secrets_or_of_others(
    gateway: Gateway, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one, two = await filled(gateway)
    with pytest.raises(ftplib.error_perm):
        await gateway.ftp("t.same", "wrong-secret")
    proxy.faults[:] = [Fault(when="/v1/", answer=refusal(500, "Broken"))]
    told = [await two("PUT", "new"), await gateway.s3("other:same", "same-secret", "PUT", "/new")]
    metrics = await gateway.ask("GET", gateway.app.endpoints["admin"] + "/metrics")
    for text in (metrics.body, *(answer.body for answer in told)):
        assert b"same" not in text
        assert b"of-t" not in text
    for secret in ("same-secret", "wrong-secret", one.token, two.token):
        assert secret not in caplog.text
        assert secret.encode() not in metrics.body


async def test_a_guests_token_is_good_at_a_replica_that_never_saw_him(proxy: FaultProxy) -> None:
    each = config(f"{proxy.url}/auth/v1.0")
    async with gateways(each, each) as (one, two):
        swift = await one.swift("t:u", "t-secret")
        storage = swift.storage.replace(str(one.app.ports["swift"]), str(two.app.ports["swift"]))
        assert (await Swift(two, storage, swift.token)("PUT", "box")).status == 201
        assert (await swift("GET")).names == ["box"]
        assert b"InvalidAccessKeyId" in (await two.s3("t:u", "t-secret", "GET")).body
        await two.swift("t:u", "t-secret")
        assert (await two.s3("t:u", "t-secret", "GET")).status == 200


async def test_stores_of_guests_are_few_and_closed_when_nobody_uses_them(
    proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[SwiftStore] = []
    closed: list[SwiftStore] = []

    class Counted(SwiftStore):
        async def start(self) -> None:
            opened.append(self)
            await super().start()

        async def aclose(self) -> None:
            closed.append(self)
            await super().aclose()

    monkeypatch.setattr(module, "SwiftStore", Counted)
    each = config(f"{proxy.url}/auth/v1.0", idle_seconds=0.3, max_stores=1)
    async with gateways(each) as (gateway,):
        ftp = await gateway.ftp("t.u", "t-secret")
        assert len(opened) == 2  # that of nobody, and his
        await until(lambda: closed == [opened[1]])
        await ftp.do("MKD /box")  # the session goes on
        assert len(opened) == 3
        other = await gateway.ftp("other.u", "other-secret")
        assert await other.names() == []
        assert await ftp.names() == ["box"]
        ftp.close()
        other.close()
    assert sorted(map(id, closed)) == sorted(map(id, opened))
