"""OpenStack's Keystone as who knows the callers: their tokens, their roles, and the keys they sign by."""

from gateway.auth.keystone.authority import Keystone
from gateway.auth.keystone.settings import KeystoneSettings

__all__ = ["Keystone", "KeystoneSettings"]
