"""What only some stores can do: small protocols, found through all layers around a store."""

from typing import TypeVar, cast

from gateway.core.store import Store

C = TypeVar("C")


def find(store: Store, capability: type[C]) -> C | None:
    """The outermost layer (or the store itself) that has `capability`; None where it must not or can't be had."""
    layer: Store | None = store
    while layer is not None:
        if layer.offers(capability):
            return cast(C, layer)
        if layer.shields:
            return None
        layer = layer.inner
    return None
