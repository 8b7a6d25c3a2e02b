"""What the HTTP frontends have in common as the process sees them: the life of the server below."""

from collections.abc import Mapping

from gateway.frontends.frontend import Frontend
from gateway.frontends.http.server import Handler, HttpServer, Malformed
from gateway.frontends.http.settings import HttpSettings


class HttpFrontend(Frontend):
    """Serves one handler on one address."""

    def __init__(
        self, handler: Handler, malformed: Malformed, settings: HttpSettings, *, lenient: bool = False
    ) -> None:
        self._server = HttpServer(handler, malformed, settings, lenient=lenient)

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
