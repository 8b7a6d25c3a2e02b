"""The Swift frontend as the process sees it."""

from collections.abc import Mapping

from gateway.auth.principals import Registry
from gateway.auth.tempauth import TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.core.events import Observer
from gateway.frontends.frontend import Frontend
from gateway.frontends.http.server import HttpServer
from gateway.frontends.swift.dispatch import Dispatcher, malformed
from gateway.frontends.swift.settings import SwiftSettings


class SwiftFrontend(Frontend):
    """Serves OpenStack Swift's object API."""

    name = "swift"

    def __init__(
        self, settings: SwiftSettings, registry: Registry, tenancy: Tenancy, observe: Observer, tokens: TokenIssuer
    ) -> None:
        self._server = HttpServer(Dispatcher(settings, registry, tenancy, tokens, observe), malformed, settings)

    async def start(self) -> None:
        await self._server.start()

    @property
    def ports(self) -> Mapping[str, int]:
        return {self.name: self._server.port}

    @property
    def connections(self) -> int:
        return self._server.connections

    async def drain(self, seconds: float) -> None:
        await self._server.drain(seconds)

    async def aclose(self) -> None:
        await self._server.aclose()
