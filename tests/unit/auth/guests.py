"""An upstream in this process, at which guests have credentials."""

from gateway.auth.guests import Credentials, UpstreamGuests
from gateway.auth.principals import Account, Registry, Role, User
from gateway.core.errors import CredentialsRefused, StoreError
from gateway.core.store import Store
from gateway.stores.memory import Memory

LIFETIME = 3600.0

KNOWN = {("t", "u"): "secret", ("t", "u.v"): "secret", ("other", "u"): "other-secret", ("", "solo"): "secret"}

CONFIGURED = (
    User(Account("acme", "acme"), "alice", "ALICE", "alice-secret", Role.ADMIN),
    User(Account("acme", "acme"), "twin", "TWIN", "twin-secret", Role.ADMIN),
    User(Account("far", "far"), "twin", "TWIN2", "twin2-secret", Role.ADMIN),
)


class FakeUpstream:
    """`asked`: the credentials that had to be proved, in order."""

    def __init__(self) -> None:
        self.asked: list[Credentials] = []
        self.known = dict(KNOWN)
        self.fault: StoreError | None = None
        self.stores: dict[Credentials, Store] = {}

    def canonical(self, credentials: Credentials) -> Credentials:
        return credentials

    async def prove(self, credentials: Credentials, account: str) -> None:
        self.asked.append(credentials)
        if self.fault is not None:
            raise self.fault
        if self.known.get((credentials.tenant, credentials.user)) != credentials.secret:
            raise CredentialsRefused

    def store(self, credentials: Credentials, account: str) -> Store:
        return self.stores.setdefault(credentials, Memory())


class World:
    """A registry with guests; time goes by hand."""

    def __init__(self, separator: str = ".") -> None:
        self.now = 0.0
        self.upstream = FakeUpstream()
        self.guests = UpstreamGuests(
            self.upstream, "passthrough", separator=separator, lifetime=LIFETIME, clock=lambda: self.now
        )
        self.registry = Registry(CONFIGURED, self.guests)
