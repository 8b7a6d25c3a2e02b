"""A store on a remote OpenStack Swift."""

from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.store import SwiftStore

__all__ = ["SwiftStore", "SwiftStoreSettings"]
