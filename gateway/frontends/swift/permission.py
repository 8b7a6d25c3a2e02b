"""The one access check of every operation, and the places that lie behind it."""

from collections.abc import Callable

from aiohttp import hdrs

from gateway.auth.access import Action, Resource, may
from gateway.auth.accountacl import GRANTED
from gateway.auth.accounts import Accounts
from gateway.auth.facts import Tell
from gateway.auth.guard import access_in, check_in
from gateway.auth.principals import ANONYMOUS, MARK_OF_RESELLERS, Principal, Registry
from gateway.auth.tenancy import Tenancy
from gateway.core.errors import Denied, InvalidName, NoSuchBucket
from gateway.core.store import Store
from gateway.frontends.swift import readonly
from gateway.frontends.swift.call import Place, locate
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.keys import Bearer
from gateway.frontends.swift.settings import SwiftSettings
from gateway.frontends.swift.target import Level, Target


class Permits:
    """Lets principals to places. `challenge`: what a realm tells whoever is not known."""

    def __init__(
        self,
        settings: SwiftSettings,
        registry: Registry,
        tenancy: Tenancy,
        accounts: Accounts,
        challenge: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._tenancy = tenancy
        self._accounts = accounts
        self._challenge = challenge

    async def account_of(self, principal: Principal, target: Target) -> Place:
        """The account that a request about many objects is in. Raises `Refusal`; nothing has been checked otherwise."""
        if principal is ANONYMOUS or target.owner is None:
            raise self.refusal(principal, target)
        return Place(target, target.owner, await self.store(target.owner, principal))

    async def permit(
        self, principal: Principal, action: Action, target: Target, *, tell: Tell, creates: bool = False
    ) -> Place:
        """The place that a target is, if `principal` may do `action` there. Raises `Refusal`, `NoSuchBucket`.

        Whoever has no right by his role or the account's list is refused the same whether the container exists or not.
        """
        owner = target.owner
        if target.level is Level.SERVICE and may(principal, action, Resource("")):
            return Place(target, "", self._tenancy.store(principal))
        if owner is None:
            raise self.refusal(principal, target)
        if self._settings.read_only and readonly.changes(action, principal, deletes=self._settings.allow_deletes):
            await readonly.check(await self.store(owner, principal), owner)
        allowed = may(principal, action, Resource(owner, target.container, target.name))
        try:
            store = await self.store(owner, principal)
        except Refusal:
            if not allowed:
                raise self.refusal(principal, target) from None
            if creates and target.level is Level.ACCOUNT:
                return Place(target, owner, self._tenancy.store(principal))
            raise
        granted = None if allowed else await access_in(store, principal, owner)
        allowed = allowed or (granted is not None and action in GRANTED[granted])
        if target.level is Level.ACCOUNT and allowed:
            return Place(target, owner, store, granted=granted)
        try:
            place = await locate(store, target, owner, granted)
        except (NoSuchBucket, InvalidName, Refusal) as missing:
            if not allowed:
                raise self.refusal(principal, target) from None
            if creates and isinstance(missing, NoSuchBucket):
                return Place(target, owner, store, granted=granted)
            raise
        try:
            await check_in(place.store, principal, action, place.container, target.name, tell)
        except Denied:
            raise self.refusal(principal, target) from None
        return Place(target, owner, store, granted=granted) if creates else place

    async def store(self, owner: str, principal: Principal = ANONYMOUS) -> Store:
        """The store of an account, as `principal` has it.

        Raises `Refusal`: 404 for one that does not exist, 403 under a prefix that is none.
        """
        if principal.account.id == owner:
            return self._tenancy.store(principal)
        account = self._registry.account(owner) or await self._accounts.entered(owner)
        if account is None:
            raise Refusal(403 if owner.startswith(MARK_OF_RESELLERS) else 404)
        return self._tenancy.of(account)

    def refusal(self, principal: Principal, target: Target) -> Refusal:
        is_nobody = principal is ANONYMOUS or isinstance(principal.user, Bearer)
        return self.unauthorized(target) if is_nobody else Refusal(403)

    def unauthorized(self, target: Target) -> Refusal:
        return Refusal(401, headers={hdrs.WWW_AUTHENTICATE: self._challenge(target.realm)})
