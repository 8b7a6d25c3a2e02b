"""The Swift frontend: OpenStack Swift's object API (v1) with its own tokens."""

from gateway.frontends.swift.frontend import SwiftFrontend
from gateway.frontends.swift.settings import SwiftSettings

__all__ = ["SwiftFrontend", "SwiftSettings"]
