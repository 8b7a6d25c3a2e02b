"""A store whose upstream is a real Swift, to which a real Keystone gives the tokens."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import CredentialsRefused, Denied, Unavailable
from gateway.core.types import Key, ListQuery, Put
from gateway.stores.swift import SwiftStore, SwiftStoreSettings
from tests.support.openstack.cluster import Identity
from tests.support.swift import QUICK

TESTER = {"user": "tester", "key": "tester-secret", "project": "work", "region": "RegionOne"}
PEOPLE = {**TESTER, "key": "people-secret", "user_domain": "people", "project_domain": "people"}


@asynccontextmanager
async def opened(identity: Identity, **stated: object) -> AsyncIterator[SwiftStore]:
    settings = SwiftStoreSettings.model_validate({"auth_url": identity.auth, **QUICK, **stated})
    store = SwiftStore(settings, "owner")
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


@pytest.mark.parametrize(
    "stated",
    (
        TESTER,
        PEOPLE,
        {**TESTER, "user": "work:tester", "project": ""},
        {**TESTER, "endpoint_type": "internal", "auth_version": "3"},
    ),
    ids=("default domain", "another domain", "tenant and user", "internal endpoint"),
)
async def test_f08_objects_are_written_and_read_with_a_token_of_keystone(
    identity: Identity, stated: dict[str, object]
) -> None:
    name = f"box-{secrets.token_hex(4)}"
    async with opened(identity, **stated) as store:
        assert await store.create_bucket(name, BucketProps(owner="owner"))
        await store.put(Key(name, "key"), BytesBody(b"data"), Put())
        assert name in {row.name for row in (await store.buckets(ListQuery())).items}
        async with store.open(Key(name, "key")) as reader:
            assert b"".join([chunk async for chunk in reader.chunks()]) == b"data"
        await store.delete(Key(name, "key"))
        await store.delete_bucket(name)


async def test_f08_one_name_in_two_domains_is_two_users_and_two_projects(identity: Identity) -> None:
    name = f"box-{secrets.token_hex(4)}"
    async with opened(identity, **TESTER) as one, opened(identity, **PEOPLE) as two:
        await one.create_bucket(name, BucketProps(owner="owner"))
        assert name not in {row.name for row in (await two.buckets(ListQuery())).items}
        await one.delete_bucket(name)


async def test_f08_the_region_chooses_the_endpoint(identity: Identity) -> None:
    async with opened(identity, **{**TESTER, "region": "RegionTwo"}, retries=0) as store:
        with pytest.raises(Unavailable, match="can't be reached"):
            await store.buckets(ListQuery())
    async with opened(identity, **{**TESTER, "region": "RegionThree"}) as store:
        with pytest.raises(Unavailable, match="'RegionThree'"):
            await store.buckets(ListQuery())


async def test_a_stated_storage_url_goes_before_the_catalogs(identity: Identity) -> None:
    async with opened(identity, **TESTER) as store:
        url = (await store._up.client.tokens.get()).url
    assert url.startswith(f"{identity.swift}/v1/AUTH_")
    async with opened(identity, **{**TESTER, "region": "RegionTwo", "storage_url": url}) as store:
        await store.buckets(ListQuery())
    async with opened(identity, **TESTER, storage_url=f"{identity.swift}/v1/AUTH_foreign") as store:
        with pytest.raises(Denied):
            await store.buckets(ListQuery())


async def test_wrong_credentials_are_told_as_such(identity: Identity) -> None:
    wrongs = (
        {"key": "wrong"},
        {"user": "nobody"},
        {"project": "nowhere"},
        {"user_domain": "nobody's"},
        {"project_domain": "people"},
    )
    for wrong in wrongs:
        async with opened(identity, **{**TESTER, **wrong}) as store:
            with pytest.raises(CredentialsRefused):
                await store.buckets(ListQuery())


async def test_who_asks_for_no_project_gets_no_endpoint(identity: Identity) -> None:
    async with opened(identity, **{**TESTER, "project": ""}) as store:
        with pytest.raises(Unavailable, match="no public endpoint"):
            await store.buckets(ListQuery())


async def test_who_has_no_right_to_the_account_is_denied(identity: Identity) -> None:
    async with opened(identity, **{**TESTER, "user": "visitor", "key": "visitor-secret"}) as store:
        with pytest.raises(Denied):
            await store.buckets(ListQuery())
