"""The store over a directory of plain files, served as they are."""

from gateway.stores.directory.settings import DirectorySettings
from gateway.stores.directory.store import Directory

__all__ = ["Directory", "DirectorySettings"]
