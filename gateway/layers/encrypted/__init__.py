"""Encryption at rest: a layer that keeps from the store inside what the bytes of objects are."""

from gateway.layers.encrypted.keys import KEY_BYTES, MasterKeys
from gateway.layers.encrypted.layer import Encrypted

__all__ = ["KEY_BYTES", "Encrypted", "MasterKeys"]
