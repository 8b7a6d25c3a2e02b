"""The metadata cache: stats and listings of a store, kept where all replicas find them."""

from gateway.layers.metacache.layer import MetaCache, View

__all__ = ["MetaCache", "View"]
