"""No layer may leave out a method: what it does not forward would be done by nobody, or behind its back."""

import inspect
import pkgutil
from importlib import import_module
from typing import Protocol

import pytest

from gateway.core import capabilities
from gateway.core.capabilities import find
from gateway.core.capabilities.listings import Glance, Rendering, Row
from gateway.core.capabilities.manifests import Links, Manifests
from gateway.core.capabilities.segments import Keeping, Segments
from gateway.core.store import Store
from gateway.layers import limit, observe, retry
from gateway.layers.around import Around
from gateway.layers.layer import Layer
from gateway.layers.metacache import MetaCache
from gateway.stores.memory import Memory
from tests.conformance.factories import BACKOFF, BOUNDS, CAPABILITIES
from tests.support.stores import Plain

MODULES = [
    import_module(found.name) for found in pkgutil.iter_modules(capabilities.__path__, f"{capabilities.__name__}.")
]

PROTOCOLS = {
    kind
    for module in MODULES
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if Protocol in kind.__bases__ and kind not in {Glance, Links, Manifests, Rendering, Row, Segments}
}
"""`Segments` is for the one layer that stands right around the store, `Links` and `Manifests` are for others. Nothing
stands between who asks for `Rendering` and the store, and `Row` is no capability."""

METHODS = Store.__abstractmethods__ | {name for kind in PROTOCOLS for name in vars(kind) if not name.startswith("_")}


def around(inner: Store, kind: type[Around]) -> Around:
    if kind is limit.Limit:
        return limit.Limit(inner, limit.Turns(BOUNDS))
    if kind is retry.Retry:
        return retry.Retry(inner, BACKOFF)
    return observe.Observe(inner, "inner", lambda _: None)


def test_every_capability_is_in_the_conformance_suite() -> None:
    """`Keeping` is in `tests/stores/test_kept.py`: it speaks of bodies that break."""
    assert PROTOCOLS - {Keeping} == CAPABILITIES


def test_the_plain_layer_forwards_every_method() -> None:
    assert METHODS | {"start"} <= vars(Layer).keys()


def test_a_layer_around_operations_is_around_every_one() -> None:
    assert METHODS - {"aclose"} <= vars(Around).keys()


def test_the_cache_is_told_of_every_write() -> None:
    reads = {
        "accounts",
        "aclose",
        "create_account",
        "delete_account",
        "expired",
        "has_account",
        "kept_size",
        "kept_uploads",
        "object_parts",
        "open",
        "stat_account",
        "update_account",
        "stat_upload",
        "parts",
        "uploads",
        "versions",
    }
    uploads = {"create_upload", "put_part", "copy_part", "abort_upload", "drop_kept"}
    assert METHODS - reads - uploads <= vars(MetaCache).keys()


@pytest.mark.parametrize("kind", (limit.Limit, retry.Retry, observe.Observe))
async def test_capabilities_are_those_of_the_store_inside(kind: type[Around]) -> None:
    whole = around(Memory(), kind)
    bare = around(Plain(Memory()), kind)
    for capability in CAPABILITIES:
        assert find(whole, capability) is whole
        assert find(bare, capability) is None
