"""The FTP frontend as the process sees it."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.auth.principals import Registry
from gateway.auth.tenancy import Tenancy
from gateway.core.events import Observer
from gateway.frontends.frontend import Frontend
from gateway.frontends.ftp.commands import KINDS
from gateway.frontends.ftp.profile import Profiles
from gateway.frontends.ftp.server import FtpServer
from gateway.frontends.ftp.settings import FtpSettings


class FtpFrontend(Frontend):
    """Serves FTP on one address."""

    name = "ftp"
    kinds = KINDS

    def __init__(
        self,
        settings: FtpSettings,
        registry: Registry,
        tenancy: Tenancy,
        observe: Observer,
        profiles: Profiles = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._server = FtpServer(settings, registry, tenancy, observe, profiles)

    async def start(self) -> None:
        await self._server.start(self._settings.host, self._settings.port)

    @property
    def ports(self) -> Mapping[str, int]:
        implicit = self._server.implicit_port
        return {self.name: self._server.server_port} | ({} if implicit is None else {"ftps": implicit})

    @property
    def connections(self) -> int:
        return self._server.open_connections

    async def drain(self, seconds: float) -> None:
        await self._server.drain(seconds)

    async def aclose(self) -> None:
        await self._server.close()
