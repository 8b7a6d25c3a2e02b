import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.auth.principals import Account, Role, User
from gateway.config.settings import CacheSettings, Config
from gateway.core.events import Done
from gateway.core.store import Store
from gateway.failures import StartError
from gateway.layers.archived import Archived
from gateway.layers.guarded import Guarded
from gateway.layers.limit import Limit
from gateway.layers.links import Linked
from gateway.layers.manifests import LargeObjects
from gateway.layers.metacache import MetaCache
from gateway.layers.observe import Observe
from gateway.layers.quotas import Quotas
from gateway.layers.retry import Retry
from gateway.layers.segmented import Segmented
from gateway.storage import opened
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store

KEY = b"k" * 32
S3 = {"type": "s3", "endpoint_url": "http://127.0.0.1:9", "access_key": "a", "secret_key": "b"}


def user(account: str) -> User:
    return User(Account(account, account), "u", account, "secret", Role.ADMIN)


def config(store: Mapping[str, object], **more: object) -> Config:
    return Config.model_validate({"stores": {"main": store}, "namespaces": {"default": {"store": "main"}}, **more})


async def test_local_stores_have_no_cache_before_them() -> None:
    async with opened(config({"type": "memory"}, cache={}), [user("a")], KEY) as storage:
        assert layers(storage.served["main"]) == [LargeObjects, Linked, Guarded, Archived, Quotas, Memory]
        assert inside(storage.served["main"])[-1] is storage.plain["main"]


def layers(store: Store) -> list[type[Store]]:
    """What a store consists of, outermost first."""
    return [type(each) for each in inside(store)]


def inside(store: Store) -> list[Store]:
    found: list[Store] = []
    inner: Store | None = store
    while inner is not None:
        found.append(inner)
        inner = inner.inner
    return found


@pytest.mark.parametrize("cache", ({}, {"memcached": ["127.0.0.1:9"]}))
async def test_remote_stores_are_cached_where_that_is_asked_for(cache: Mapping[str, object]) -> None:
    async with opened(config(S3, cache=cache), [user("a")], KEY) as storage:
        assert layers(storage.served["main"]) == [MetaCache, Observe, Limit, Retry, Segmented, S3Store]
        assert isinstance(storage.plain["main"], S3Store)


async def test_remote_stores_are_asked_each_time_otherwise() -> None:
    async with opened(config(S3), [user("a")], KEY) as storage:
        assert layers(storage.served["main"]) == [Observe, Limit, Retry, Segmented, S3Store]


async def test_operations_of_remote_stores_are_told_and_limited() -> None:
    told: list[Done] = []
    remote = {**S3, "retries": 1, "max_operations": 1, "max_waiting": 0}
    async with opened(config(remote), [user("a")], KEY, told.append) as storage:
        found = await asyncio.gather(
            *(storage.served["main"].stat_bucket("b") for _ in range(3)), return_exceptions=True
        )
    assert [type(error).__name__ for error in found] == ["Unavailable", "Busy", "Busy"]
    assert sorted(done.error for done in told) == ["Busy", "Busy", "Unavailable"]
    assert {(done.store, done.operation) for done in told} == {("main", "stat_bucket")}


async def test_remote_buckets_belong_to_the_only_account_or_to_a_stated_one() -> None:
    with pytest.raises(StartError, match="serves 2 accounts"):
        async with opened(config(S3), [user("a"), user("b")], KEY):
            pass
    async with opened(config({**S3, "owner": "b"}), [user("a"), user("b")], KEY):
        pass


async def test_a_store_that_does_not_open_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"store 'main' in .*file"):
        async with opened(config({"type": "catalog", "path": str(tmp_path / "file")}), [user("a")], KEY):
            pass


@pytest.mark.parametrize("address", ("", "localhost", "a b:11211", ":11211", "host:port", "[::1]"))
def test_addresses_of_caches_are_checked(address: str) -> None:
    with pytest.raises(ValidationError):
        CacheSettings.model_validate({"memcached": [address]})


@pytest.mark.parametrize("address", ("127.0.0.1:11211", "cache.example.org:1", "[::1]:11211"))
def test_addresses_of_caches(address: str) -> None:
    assert CacheSettings.model_validate({"memcached": [address]}).memcached == (address,)


async def test_settings_of_an_upstream_for_callers_that_can_not_be_used_are_told(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    swift = {"type": "swift", "auth_url": "http://127.0.0.1:9/auth/v1.0", "ca_file": str(file)}
    callers = {"upstream": {"store": "main", "credentials": "caller"}}
    with pytest.raises(StartError, match=r"store 'main' does not open: .*ca_file"):
        async with opened(Config.model_validate({"stores": {"main": swift}, "namespaces": callers}), [], KEY):
            pass
