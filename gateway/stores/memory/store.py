"""The store, whole."""

from gateway.stores.memory.accounts import Accounts
from gateway.stores.memory.expiry import Expiring
from gateway.stores.memory.locks import Locks
from gateway.stores.memory.renames import Renames
from gateway.stores.memory.uploads import Uploads
from gateway.stores.memory.versions import Versions


class Memory(Uploads, Renames, Versions, Expiring, Locks, Accounts):
    """A store with every capability of the contract."""
