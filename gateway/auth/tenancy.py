"""Which store a principal's buckets lie in."""

from collections.abc import Collection, Mapping

from gateway.auth.principals import Account, Principal
from gateway.core.errors import Denied
from gateway.core.store import Store


class Tenancy:
    """Namespaces by name, each with its store, apart from those of guests. A principal sees exactly one of them."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self._stores = stores

    @property
    def namespaces(self) -> Mapping[str, Store]:
        """The stores of all namespaces by their names."""
        return self._stores

    @property
    def stores(self) -> Collection[Store]:
        """Those of all namespaces."""
        return self._stores.values()

    def store(self, principal: Principal) -> Store:
        """A guest's own, or that of the namespace that the account lives in. Raises `Denied` where there is none."""
        return principal.store or self.of(principal.account)

    def of(self, account: Account) -> Store:
        """The store of the namespace that an account lives in. Raises `Denied` where there is none."""
        try:
            return self._stores[account.namespace]
        except KeyError:
            raise Denied from None
