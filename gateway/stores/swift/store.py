"""The store, whole."""

from gateway.stores.swift.uploads import Uploads


class SwiftStore(Uploads):
    """A store on one account of an OpenStack Swift, with `capabilities.Accounts`, `Batch`, `Multipart` and `Segments`.

    What the upstream makes impossible: conditional writes other than on absence (unless nobody else writes, see
    `SwiftStoreSettings.exclusive`); renames that move no bytes, which `core.ops` does without. Listings of
    Swift lag: own writes are laid over them for a while; those of other processes appear when Swift shows them.
    """

    async def log_in(self) -> None:
        """Have a token, of which nothing else may come. Raises `CredentialsRefused`, `Unavailable`."""
        await self._up.client.tokens.get()

    async def knock(self) -> None:
        """Find the upstream's login service there. Raises `Unavailable`."""
        await self._up.client.knock()
