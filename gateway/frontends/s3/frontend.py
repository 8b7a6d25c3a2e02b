"""The S3 frontend: a listening server that speaks S3 over the stores."""

from gateway.auth.keystone import Keystone
from gateway.auth.principals import Registry
from gateway.auth.tenancy import Tenancy
from gateway.core.events import Observer
from gateway.frontends.http.frontend import HttpFrontend
from gateway.frontends.s3.dispatch import Dispatcher
from gateway.frontends.s3.happenings import KINDS
from gateway.frontends.s3.settings import S3Settings


class S3Frontend(HttpFrontend):
    """Serves S3 on one address."""

    name = "s3"
    kinds = KINDS

    def __init__(
        self,
        settings: S3Settings,
        registry: Registry,
        tenancy: Tenancy,
        observe: Observer,
        keystone: Keystone | None = None,
    ) -> None:
        dispatcher = Dispatcher(settings, registry, tenancy, observe, keystone)
        super().__init__(dispatcher, dispatcher.malformed, settings)
