"""What TLS the frontend offers to its clients, and what it asks of them."""

import ssl

from gateway.frontends.ftp.addresses import Address
from gateway.frontends.ftp.certificates import Certificates
from gateway.frontends.ftp.settings import TlsMode, TlsSettings


class Security:
    """Without `settings` there is no TLS. `binds_data`: data connections must show their control connection's session.

    Raises `ValueError` where a certificate can't be used.
    """

    def __init__(self, settings: TlsSettings | None) -> None:
        self._settings = settings
        self._certificates = Certificates((settings, *settings.others)) if settings else None
        self.binds_data = settings is not None and settings.bind_data

    @property
    def is_offered(self) -> bool:
        return self._settings is not None

    def is_required(self, client: Address) -> bool:
        """Whether `client` is served over TLS only."""
        settings = self._settings
        if settings is None or settings.mode is not TlsMode.REQUIRED:
            return False
        return not any(client in network for network in settings.plain_networks)

    def context(self) -> ssl.SSLContext:
        """What a new control connection and its data connections are protected with. Raises `ValueError`.

        Where data connections are bound it is theirs alone, so that only what belongs together can be resumed.
        """
        if self._certificates is None:
            raise ValueError("TLS is not configured")
        return self._certificates.fresh() if self.binds_data else self._certificates.shared()
