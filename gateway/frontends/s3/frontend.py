"""The S3 frontend: a listening server that speaks S3 over the stores."""

from collections.abc import Mapping

from gateway.auth.principals import Registry
from gateway.auth.tenancy import Tenancy
from gateway.core.events import Observer
from gateway.frontends.frontend import Frontend
from gateway.frontends.http.server import HttpServer
from gateway.frontends.s3.dispatch import Dispatcher
from gateway.frontends.s3.settings import S3Settings


class S3Frontend(Frontend):
    """Serves S3 on one address."""

    name = "s3"

    def __init__(self, settings: S3Settings, registry: Registry, tenancy: Tenancy, observe: Observer) -> None:
        dispatcher = Dispatcher(settings, registry, tenancy, observe)
        self._server = HttpServer(dispatcher, dispatcher.malformed, settings)

    async def start(self) -> None:
        await self._server.start()

    @property
    def ports(self) -> Mapping[str, int]:
        return {"s3": self._server.port}

    async def drain(self, seconds: float) -> None:
        await self._server.drain(seconds)

    async def aclose(self) -> None:
        await self._server.aclose()
