"""The store, whole."""

from gateway.stores.directory.deletes import Deletes
from gateway.stores.directory.renames import Renames
from gateway.stores.directory.uploads import Uploads


class Directory(Uploads, Renames, Deletes):
    """A tree of plain files, as it is: what others put there is served, what is written here is plain files there.

    It keeps no former versions, and no counters. Names that no file can have are refused.
    """
