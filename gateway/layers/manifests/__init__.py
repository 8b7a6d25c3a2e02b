"""Large objects: manifests read as the bytes of their segments."""

from gateway.layers.manifests.gate import Gate
from gateway.layers.manifests.layer import LargeObjects

__all__ = ["Gate", "LargeObjects"]
