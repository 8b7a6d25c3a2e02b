from gateway.core.buckets import AccountMeta, BucketProps
from gateway.core.capabilities.accounts import Accounts
from gateway.core.capabilities.objects import Rename
from gateway.core.store import Store
from gateway.core.types import Key, PropsChange
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, put


async def test_an_account_that_was_never_written_to(store: Store, accounts: Accounts) -> None:
    assert await accounts.stat_account("new") == AccountMeta(name="new", buckets=0, objects=0, bytes=0)


async def test_totals_follow_every_write(store: Store, accounts: Accounts) -> None:
    await store.create_bucket("second", BucketProps(owner=OWNER))
    await store.create_bucket("others", BucketProps(owner="another"))
    await put(store, KEY, OLD)
    await put(store, Key("second", "a"), NEW)
    await put(store, Key("second", "a"), NEW + NEW)
    await put(store, Key("others", "a"), b"1")
    expected = AccountMeta(name=OWNER, buckets=2, objects=2, bytes=len(OLD + NEW + NEW))
    assert await accounts.stat_account(OWNER) == expected
    assert await accounts.stat_account("another") == AccountMeta(name="another", buckets=1, objects=1, bytes=1)
    await store.delete(Key("second", "a"))
    await store.delete_bucket("second")
    assert await accounts.stat_account(OWNER) == AccountMeta(name=OWNER, buckets=1, objects=1, bytes=len(OLD))


async def test_totals_move_with_objects(store: Store, accounts: Accounts, renamer: Rename) -> None:
    await store.create_bucket("others", BucketProps(owner="another"))
    await put(store, KEY, OLD)
    await renamer.rename(KEY, Key("others", "object"))
    assert (await accounts.stat_account(OWNER)).objects == 0
    assert await accounts.stat_account("another") == AccountMeta(name="another", buckets=1, objects=1, bytes=len(OLD))
    await renamer.rename_bucket("others", "renamed")
    assert (await accounts.stat_account("another")).bytes == len(OLD)


async def test_properties_are_set_kept_removed_and_replaced(store: Store, accounts: Accounts) -> None:
    changed = await accounts.update_account(OWNER, PropsChange(user={"a": "1", "b": "2"}, system={"x:y": "z"}))
    assert (changed.user, changed.system, changed.buckets) == ({"a": "1", "b": "2"}, {"x:y": "z"}, 1)
    assert await accounts.stat_account(OWNER) == changed
    changed = await accounts.update_account(OWNER, PropsChange(user={"a": None, "c": "é"}, system={"x:y": None}))
    assert (changed.user, changed.system) == ({"b": "2", "c": "é"}, {})
    changed = await accounts.update_account(OWNER, PropsChange(user={"d": "4"}, replace_user=True))
    assert changed.user == {"d": "4"}
    assert await accounts.stat_account(OWNER) == changed
    assert (await accounts.stat_account("another")).user == {}


async def test_properties_outlive_the_buckets(store: Store, accounts: Accounts) -> None:
    await accounts.update_account(OWNER, PropsChange(user={"a": "1"}))
    await store.delete_bucket(BUCKET)
    assert await accounts.stat_account(OWNER) == AccountMeta(name=OWNER, buckets=0, objects=0, bytes=0, user={"a": "1"})
