"""What is refused in an account that is read-only, by whatever method it is asked for."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.context import RequestContext, enter
from gateway.core.errors import ReadOnly
from gateway.core.locks import BucketLock
from gateway.core.readonly import NO, READ_ONLY, YES
from gateway.core.types import Copy, Key, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import VersionRef
from gateway.layers.guarded import Guarded
from gateway.stores.memory import Memory

KEY = Key("box", "thing")
Ask = Callable[[Guarded], Awaitable[object]]

WRITES: dict[str, Ask] = {
    "append": lambda store: store.append(KEY, BytesBody(b""), Put()),
    "complete_upload": lambda store: store.complete_upload(KEY, "id", [PartRef(1)]),
    "copy": lambda store: store.copy(Key("free", "thing"), KEY, Copy()),
    "copy_part": lambda store: store.copy_part(KEY, "id", 1, KEY),
    "create_bucket": lambda store: store.create_bucket("new", BucketProps(owner="owner")),
    "create_upload": lambda store: store.create_upload(KEY, Put()),
    "put": lambda store: store.put(KEY, BytesBody(b""), Put()),
    "put_part": lambda store: store.put_part(KEY, "id", 1, BytesBody(b"")),
    "rename": lambda store: store.rename(KEY, Key("free", "new")),
    "rename_bucket": lambda store: store.rename_bucket("box", "new"),
    "rename_prefix": lambda store: store.rename_prefix(Key("free", "t"), Key("box", "u")),
    "set_hold": lambda store: store.set_hold(KEY, held=True),
    "set_lock": lambda store: store.set_lock("box", BucketLock()),
    "set_retention": lambda store: store.set_retention(KEY, None),
    "set_versioning": lambda store: store.set_versioning("box", enabled=True),
    "stand": lambda store: store.stand(KEY, "null"),
    "update": lambda store: store.update(KEY, PropsChange(user={"a": "b"})),
    "update_bucket": lambda store: store.update_bucket("box", PropsChange(user={"a": "b"})),
}
DELETES: dict[str, Ask] = {
    "abort_upload": lambda store: store.abort_upload(KEY, "id"),
    "delete": lambda store: store.delete(KEY),
    "delete_bucket": lambda store: store.delete_bucket("box"),
    "delete_governed": lambda store: store.delete_governed(KEY, "null"),
    "expunge": lambda store: store.expunge(KEY, "null"),
    "withdraw": lambda store: store.withdraw(KEY),
}
MANY: dict[str, Callable[[Guarded], Awaitable[Sequence[object]]]] = {
    "delete_many": lambda store: store.delete_many("box", ["thing"]),
    "delete_versions": lambda store: store.delete_versions("box", [VersionRef("thing")]),
}


@pytest.fixture(autouse=True)
def request_under_way() -> Iterator[None]:
    enter(RequestContext(caller=object()))
    yield
    enter(RequestContext())


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
async def store(memory: Memory) -> AsyncIterator[Guarded]:
    store = Guarded(memory)
    await store.start()
    for bucket, owner in (("box", "owner"), ("free", "other")):
        await store.create_bucket(bucket, BucketProps(owner=owner))
        await store.put(Key(bucket, "thing"), BytesBody(b"1"), Put())
    await store.update_account("owner", PropsChange(system={READ_ONLY: YES}))
    yield store
    await store.aclose()


def test_every_change_is_looked_at() -> None:
    """Of the layer's own methods all but those that change accounts are among the ones that are tried here."""
    own = {name for name, _ in inspect.getmembers(Guarded, inspect.isfunction) if name in vars(Guarded)}
    assert {name for name in own if not name.startswith("_")} == {*WRITES, *DELETES, *MANY, "update_account"}


@pytest.mark.parametrize("name", (*WRITES, *DELETES))
async def test_it_is_refused(store: Guarded, name: str) -> None:
    with pytest.raises(ReadOnly):
        await {**WRITES, **DELETES}[name](store)
    assert (await store.stat(KEY)).size == 1


@pytest.mark.parametrize("name", tuple(MANY))
async def test_of_many_each_is_refused(store: Guarded, name: str) -> None:
    told = await MANY[name](store)
    assert [type(each) for each in told] == [ReadOnly]
    assert (await store.stat(KEY)).size == 1


async def test_deletes_may_be_allowed(store: Guarded, memory: Memory) -> None:
    allowing = Guarded(memory, deletes=True)
    with pytest.raises(ReadOnly):
        await allowing.put(KEY, BytesBody(b""), Put())
    assert (await allowing.delete(KEY)).existed
    await allowing.delete_bucket("box")


async def test_what_runs_by_itself_goes_on(store: Guarded) -> None:
    enter(RequestContext())
    assert (await store.delete(KEY)).existed


async def test_others_and_those_that_are_excepted_write(store: Guarded) -> None:
    await store.put(Key("free", "new"), BytesBody(b""), Put())
    for value in (NO, None):
        await store.update_account("owner", PropsChange(system={READ_ONLY: value}))
        await store.put(KEY, BytesBody(b""), Put())
        await store.update_account("owner", PropsChange(system={READ_ONLY: YES}))
        with pytest.raises(ReadOnly):
            await store.put(KEY, BytesBody(b""), Put())
