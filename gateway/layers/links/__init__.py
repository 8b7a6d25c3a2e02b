"""Symbolic links: objects that read as other objects."""

from gateway.layers.links.layer import Linked

__all__ = ["Linked"]
