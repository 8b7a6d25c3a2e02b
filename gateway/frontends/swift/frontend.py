"""The Swift frontend as the process sees it."""

from gateway.auth.keystone import Keystone
from gateway.auth.principals import Registry
from gateway.auth.resellers import NO_RESELLERS, Resellers
from gateway.auth.tempauth import TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.core.events import Observer
from gateway.frontends.http.frontend import HttpFrontend
from gateway.frontends.swift.dispatch import Dispatcher
from gateway.frontends.swift.happenings import KINDS
from gateway.frontends.swift.settings import SwiftSettings


class SwiftFrontend(HttpFrontend):
    """Serves OpenStack Swift's object API."""

    name = "swift"
    kinds = KINDS

    def __init__(
        self,
        settings: SwiftSettings,
        registry: Registry,
        tenancy: Tenancy,
        observe: Observer,
        tokens: TokenIssuer,
        resellers: Resellers = NO_RESELLERS,
        keystone: Keystone | None = None,
    ) -> None:
        dispatcher = Dispatcher(settings, registry, tenancy, tokens, resellers, keystone, observe)
        super().__init__(dispatcher, dispatcher.malformed, settings, lenient=True)
