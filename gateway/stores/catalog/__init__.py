"""The embedded store: an SQL index with small objects inline, and files for the large ones."""

from gateway.stores.catalog.catalog import Catalog
from gateway.stores.catalog.settings import CatalogSettings

__all__ = ["Catalog", "CatalogSettings"]
