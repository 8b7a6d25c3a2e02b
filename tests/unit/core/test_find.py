"""How capabilities are found through layers."""

from gateway.core.buckets import AccountMeta
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.versions import Versions
from gateway.core.store import Store
from gateway.core.types import PropsChange
from gateway.stores.memory import Memory
from tests.support.stores import Plain

CAPABILITIES = (Accounts, Append, Batch, Multipart, Rename, Versions)


class Layer(Plain):
    """A layer that adds nothing and hides nothing."""

    shields = False


class Cache(Layer):
    """A layer that nothing may pass."""

    shields = True


class Counting(Layer):
    """A layer with a capability of its own."""

    async def stat_account(self, owner: str) -> AccountMeta:
        return AccountMeta(name=owner, buckets=0, objects=0, bytes=0)

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        return await self.stat_account(owner)


class Half(Layer):
    """A layer with half of a capability, which is none."""

    async def stat_account(self, owner: str) -> AccountMeta:
        return AccountMeta(name=owner, buckets=0, objects=0, bytes=0)


def test_a_store_is_found_by_itself() -> None:
    store = Memory()
    for capability in CAPABILITIES:
        found: object = find(store, capability)
        assert found is store


def test_a_layer_is_looked_through() -> None:
    store = Memory()
    found: object = find(Layer(Layer(store)), Append)
    assert found is store


def test_the_outermost_layer_that_has_it_is_found() -> None:
    inner = Counting(Memory())
    for outermost in (inner, Counting(inner)):
        found: object = find(Layer(outermost), Accounts)
        assert found is outermost


def test_half_a_capability_is_none() -> None:
    store = Memory()
    found: object = find(Half(store), Accounts)
    assert found is store


def test_nothing_is_found_behind_a_layer_that_shields() -> None:
    for capability in CAPABILITIES:
        assert find(Cache(Memory()), capability) is None
        assert find(Layer(Cache(Memory())), capability) is None


def test_what_a_shielding_layer_has_itself_is_found() -> None:
    class CountingCache(Counting):
        shields = True

    layer = CountingCache(Memory())
    found: object = find(layer, Accounts)
    assert found is layer
    assert find(layer, Append) is None


def test_a_store_without_it() -> None:
    class Bare(Plain):
        shields = False

        def __init__(self) -> None:
            super().__init__(Memory())
            self.inner_store, self.inner = self.inner, None  # type: ignore[assignment]

    store: Store = Bare()
    for capability in CAPABILITIES:
        assert find(store, capability) is None
