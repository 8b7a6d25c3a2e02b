import json

from gateway.core.buckets import DEFAULT_POLICY
from gateway.stores.memory import Memory
from tests.frontends.swift.world import World, serving

EXCEEDED = b"Upload exceeds quota."


async def test_a_container_takes_as_much_as_its_quota_says(world: World) -> None:
    limits = {"X-Container-Meta-Quota-Bytes": "8", "X-Container-Meta-Quota-Count": "2"}
    assert (await world.do("PUT", "box", headers=limits)).status == 201
    head = await world.do("HEAD", "box")
    assert {name: head.headers[name] for name in limits} == limits
    answer = await world.do("PUT", "box", "large", body=bytes(9))
    assert (answer.status, answer.body) == (413, EXCEEDED)
    assert (await world.do("PUT", "box", "fits", body=bytes(4))).status == 201
    assert (await world.do("COPY", "box", "fits", Destination="box/copy")).status == 201
    assert (await world.do("PUT", "box", "third", body=b"")).status == 413
    assert (await world.do("POST", "box", X_Remove_Container_Meta_Quota_Count="x")).status == 204
    assert (await world.do("PUT", "box", "third", body=b"")).status == 201


async def test_former_versions_count(world: World) -> None:
    assert (await world.do("PUT", "box", headers={"X-Versions-Enabled": "true"})).status == 201
    for body in (b"aaaaa", b"bbbbb"):
        assert (await world.do("PUT", "box", "thing", body=body)).status == 201
    for shown in (await world.do("HEAD", "box"), await world.do("GET", "box")):
        assert shown.headers["X-Container-Bytes-Used"] == "10"
        assert shown.headers["X-Container-Object-Count"] == "1"
    assert (await world.do("HEAD")).headers["X-Account-Bytes-Used"] == "10"
    (row,) = (await world.do("GET", query="format=json")).rows
    assert (row["bytes"], row["count"]) == (10, 1)
    assert (await world.do("POST", "box", headers={"X-Container-Meta-Quota-Bytes": "10"})).status == 204
    answer = await world.do("PUT", "box", "thing", body=b"c")
    assert (answer.status, answer.body) == (413, EXCEEDED)


async def test_a_quota_is_a_number(world: World) -> None:
    await world.container()
    for name, text in (("Bytes", b"Invalid bytes quota."), ("Count", b"Invalid count quota.")):
        for method, container in (("POST", "box"), ("PUT", "box"), ("PUT", "new")):
            answer = await world.do(method, container, headers={f"X-Container-Meta-Quota-{name}": "1e3"})
            assert (answer.status, answer.body) == (400, text)
    assert await world.contents() == {"box"}


async def test_only_an_operator_limits_an_account(world: World) -> None:
    await world.container()
    for name in ("X-Account-Quota-Bytes", "X-Account-Quota-Count", "X-Account-Meta-Quota-Bytes"):
        assert (await world.do("POST", headers={name: "5"})).status == 403
        assert (await world.do("POST", headers={name.replace("X-", "X-Remove-", 1): "x"})).status == 403
        assert (await world.do("POST", user="opal", headers={name: "many"})).status == 400
    assert (await world.do("POST", user="opal", X_Account_Meta_Quota_Bytes="5")).status == 204
    assert (await world.do("POST", user="opal", X_Account_Quota_Count="1")).status == 204
    head = await world.do("HEAD", user="rita")
    assert (head.headers["X-Account-Quota-Bytes"], head.headers["X-Account-Quota-Count"]) == ("5", "1")
    answer = await world.do("PUT", "box", "large", body=bytes(6))
    assert (answer.status, answer.body) == (413, EXCEEDED)
    assert (await world.do("PUT", "box", "fits", body=bytes(5))).status == 201
    assert (await world.do("PUT", "box", "second", body=b"")).status == 413
    assert (await world.do("POST", user="opal", X_Account_Quota_Count="")).status == 204
    assert (await world.do("POST", user="opal", X_Remove_Account_Quota_Bytes="x")).status == 204
    assert (await world.do("PUT", "box", "second", body=bytes(6))).status == 201


async def test_an_account_is_limited_by_policy(world: World) -> None:
    await world.container()
    header = f"X-Account-Quota-Bytes-Policy-{DEFAULT_POLICY}"
    assert (await world.do("POST", headers={header: "5"})).status == 403
    assert (await world.do("POST", user="opal", headers={header: "5", "X-Account-Quota-Bytes": "9"})).status == 204
    assert (await world.do("HEAD")).headers[header] == "5"
    assert (await world.do("PUT", "box", "large", body=bytes(6))).status == 413
    assert (await world.do("POST", user="opal", headers={header: ""})).status == 204
    assert (await world.do("PUT", "box", "large", body=bytes(6))).status == 201
    assert header not in (await world.do("HEAD")).headers


async def test_info_tells_of_quotas_where_they_are_held(world: World) -> None:
    told = json.loads((await world.raw("GET", "/info")).body)
    assert (told["account_quotas"], told["container_quotas"]) == ({}, {})
    async with serving(Memory(), Memory()) as other:
        assert not {"account_quotas", "container_quotas"} & json.loads((await other.raw("GET", "/info")).body).keys()
