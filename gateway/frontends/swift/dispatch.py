"""From a request to its handler and back: who asks, whether they may, and what they are told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from aiohttp import hdrs, web

from gateway.auth.access import Action
from gateway.auth.accounts import Accounts
from gateway.auth.keystone import Keystone
from gateway.auth.principals import ANONYMOUS, Principal, Registry
from gateway.auth.resellers import Resellers
from gateway.auth.tempauth import InvalidToken, TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Roster
from gateway.core.capabilities.manifests import Links, Manifests
from gateway.core.capabilities.versions import Versions
from gateway.core.context import RequestContext, current, enter
from gateway.core.errors import Denied, Locked, NoSuchBucket, StoreError
from gateway.core.events import Access, Observer
from gateway.frontends.http.formdata import boundary_of
from gateway.frontends.http.sending import BrokenTransfer, sent_bytes
from gateway.frontends.http.server import UNKNOWN_METHOD
from gateway.frontends.swift import cors, fixed, login, tempurl, unsupported
from gateway.frontends.swift.answers import identify, page, refused
from gateway.frontends.swift.call import Call, Place, Reach, locate
from gateway.frontends.swift.cnames import lookup_of
from gateway.frontends.swift.errors import REASONS, Refusal, of_store
from gateway.frontends.swift.facts import facts_of
from gateway.frontends.swift.formpost import FormPost
from gateway.frontends.swift.hosts import remap
from gateway.frontends.swift.info import Info, info
from gateway.frontends.swift.keys import Bearer, Scope, scope_of
from gateway.frontends.swift.operations import Operation, allowed, operation_of
from gateway.frontends.swift.parameters import NO_PARAMETERS, Parameters
from gateway.frontends.swift.permission import Permits
from gateway.frontends.swift.ratelimit import RateLimit
from gateway.frontends.swift.reaching import reached
from gateway.frontends.swift.sender import Authenticator
from gateway.frontends.swift.served import PROTOCOL, Served, transaction_id
from gateway.frontends.swift.settings import SwiftSettings
from gateway.frontends.swift.target import Level, Target, no_url, parse, split
from gateway.frontends.swift.tempurl import Visit
from gateway.frontends.swift.website import Visitor, is_visit

logger = logging.getLogger("portico.swift")

INTERNAL_ERROR = 500
CLIENT_DISCONNECT = 499
"""Told to nobody: the access record of a request that was cancelled."""


class Dispatcher:
    """Answers every request. It raises nothing but `BrokenTransfer`, where an answer broke off."""

    def __init__(
        self,
        settings: SwiftSettings,
        registry: Registry,
        tenancy: Tenancy,
        tokens: TokenIssuer,
        resellers: Resellers,
        keystone: Keystone | None,
        observe: Observer,
    ) -> None:
        self._settings = settings
        self._tenancy = tenancy
        self._accounts = Accounts(registry, tenancy)
        self._authenticate = Authenticator(tokens, registry, resellers, keystone)
        self._permits = Permits(settings, registry, tenancy, self._accounts, self._authenticate.challenge)
        self._ratelimit = None if settings.ratelimit is None else RateLimit(settings.ratelimit)
        self._cnames = lookup_of(settings.cname_lookup, settings.storage_domains)
        self._observe = observe
        large, links, versions, rosters = (
            all(find(store, each) for store in tenancy.stores) for each in (Manifests, Links, Versions, Roster)
        )
        quotas = all(store.caps.quotas for store in tenancy.stores)
        archived = all(store.caps.archives for store in tenancy.stores)
        document = info(
            settings, large=large, links=links, versions=versions, quotas=quotas, archived=archived, rosters=rosters
        )
        self._fixed: Mapping[str, tuple[str, fixed.Handler]] = {
            "/info": ("info", Info(document, settings.info_admin_key)),
            **fixed.answers(settings.cross_domain_policy),
            **dict.fromkeys(login.PATHS, ("login", login.Login(settings, registry, tokens))),
        }

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        served = Served(request)
        enter(served.context)
        try:
            response = await self._answer(request, served)
        except BrokenTransfer as broken:
            self._observe(served.access(broken.response.status, broken.sent, type(broken.cause).__name__))
            raise
        except asyncio.CancelledError:
            self._observe(served.access(CLIENT_DISCONNECT, 0, "Cancelled"))
            raise
        if not response.prepared:
            identify(response.headers)
        self._observe(served.access(response.status, sent_bytes(request, response)))
        return response

    def malformed(self, status: int, message: str) -> web.Response:
        """The answer to what is no HTTP request, or has a method that HTTP doesn't know."""
        context = RequestContext(request_id=transaction_id(""), protocol=PROTOCOL)
        enter(context)
        response = page(405 if message.startswith(UNKNOWN_METHOD) else status if status in REASONS else 400)
        identify(response.headers)
        title = REASONS[response.status].title
        self._observe(Access(context=context, operation="unknown", status=response.status, seconds=0.0, error=title))
        return response

    async def _answer(self, request: web.BaseRequest, served: Served) -> web.StreamResponse:
        try:
            return await self._route(request, served)
        except Refusal as refusal:
            return refused(refusal)
        except StoreError as error:
            return refused(_told(error))
        except BrokenTransfer:
            raise
        except Exception:
            logger.exception("a request failed", extra={"request_id": served.context.request_id})
            return page(500)

    async def _route(self, request: web.BaseRequest, served: Served) -> web.StreamResponse:
        path, query = split(request.raw_path)
        if self._settings.name_check is not None:
            self._settings.name_check.check(path)
        if (fixed := self._fixed.get(path)) is not None:
            served.operation, handler = fixed
            return await handler(request)
        if self._settings.storage_domains:
            host = request.host if self._cnames is None else await self._cnames.resolve(request.host)
            path = remap(host, path, self._settings.storage_domains)
        target = parse(path)
        if request.method == hdrs.METH_POST and (boundary := boundary_of(request.headers.get(hdrs.CONTENT_TYPE, ""))):
            served.operation = "upload by form"
            served.found(target, ANONYMOUS)
            admit = partial(self._sender, request, served)
            return await FormPost(request, path, target, self._settings, admit).receive(boundary)
        parameters = Parameters(query)
        visit = None
        if tempurl.MARK in query and request.method != hdrs.METH_OPTIONS:
            visit = tempurl.visit_of(request, target, parameters)
        if visit is None:
            try:
                sender = self._authenticate(request.headers) or await self._authenticate.asked(request.headers)
            except InvalidToken:
                raise self._permits.unauthorized(target) from None
            served.found(target, sender)
        else:
            served.found(target, await self._visitor(visit, served))
            visit.check_headers(request.headers)
            parameters = NO_PARAMETERS
        if request.method == hdrs.METH_OPTIONS:
            served.operation = "preflight"
            return await self._preflight(request, target)
        operation = operation_of(target.level, request.method, parameters)
        if operation is None:
            raise _not_allowed(target.level)
        served.operation = operation.name
        if is_visit(request, target, served.principal):
            return await self._browse(request, target, parameters, served.principal, visit)
        return await self._perform(request, operation, target, parameters, served.principal, visit)

    async def _visitor(self, visit: Visit, served: Served) -> Principal:
        """Who comes with a temporary URL. Raises `Refusal` (401) for one that nobody has signed."""
        principal = await self._bearer(visit.target, served, Bearer.TEMPURL, visit.is_signed_with)
        if principal is None:
            raise tempurl.invalid(visit.target)
        return principal

    async def _sender(
        self, request: web.BaseRequest, served: Served, target: Target, fits: Callable[[str], bool]
    ) -> Callable[[Target], Awaitable[Place]] | None:
        """What lets the sender of a form write to a container; None where no key of it `fits`."""
        principal = await self._bearer(target, served, Bearer.FORMPOST, fits) if target.container else None
        if principal is None:
            return None
        served.found(target, principal)
        return partial(self._permits.permit, principal, Action.WRITE, tell=partial(facts_of, request, NO_PARAMETERS))

    async def _bearer(
        self, target: Target, served: Served, kind: Bearer, fits: Callable[[str], bool]
    ) -> Principal | None:
        """Whoever signed with a key of an account or container that `fits`; None where there is none."""
        account = await self._accounts.find(target.owner or "")
        scope = account and await scope_of(self._tenancy.of(account), target, account.id, fits)
        if account is None or scope is None:
            return None
        served.within = target.container if scope is Scope.CONTAINER else ""
        return kind.of(account)

    async def _perform(
        self,
        request: web.BaseRequest,
        operation: Operation,
        target: Target,
        parameters: Parameters,
        principal: Principal,
        visit: Visit | None,
    ) -> web.StreamResponse:
        tell = partial(facts_of, request, parameters)
        reach: Reach = partial(self._permits.permit, principal, tell=tell)
        if operation.action is None:
            place, other = await self._permits.account_of(principal, target), None
        else:
            place, other = await reached(
                reach,
                operation,
                operation.action,
                target,
                request.headers,
                autocreate=self._settings.compat.autocreate,
            )
        unsupported.check(request.method, target.level, request.headers, parameters, place.store)
        if self._ratelimit is not None:
            reach = await self._ratelimit.reaching(request.method, place, reach, many=operation.action is None)
        call = Call(
            request=request,
            parameters=parameters,
            principal=principal,
            settings=self._settings,
            place=place,
            accounts=self._accounts,
            reach=reach,
            other=other,
            visit=visit,
        )
        try:
            response = await operation.handler(call)
        except Refusal as refusal:
            response = refused(refusal)
        except Locked as error:
            response = refused(Refusal(self._settings.compat.locked, error.message))
        except StoreError as error:
            response = refused(self._permits.refusal(principal, target) if type(error) is Denied else _told(error))
        if not response.prepared:
            call.finish(response.headers, response.status)
        return response

    async def _browse(
        self,
        request: web.BaseRequest,
        target: Target,
        parameters: Parameters,
        principal: Principal,
        visit: Visit | None,
    ) -> web.StreamResponse:
        """What a browser is shown: a page of a website, or what everybody else is."""

        async def perform(shown: Target) -> web.StreamResponse:
            operation = operation_of(shown.level, request.method, parameters)
            if operation is None:
                raise Refusal(405, headers={hdrs.ALLOW: allowed(shown.level)})
            seen = replace(visit, inline=True) if visit is not None and shown != target else visit
            return await self._perform(request, operation, shown, parameters, principal, seen)

        reach = partial(self._permits.permit, principal, tell=partial(facts_of, request, parameters))
        try:
            return await Visitor(request, target, self._settings, reach, perform, visit).serve()
        except Denied:
            raise self._permits.refusal(principal, target) from None

    async def _preflight(self, request: web.BaseRequest, target: Target) -> web.Response:
        """OPTIONS comes without a token; a container that allows nothing is answered like one that isn't there."""
        container = None
        if target.container and target.owner and hdrs.ORIGIN in request.headers:
            with suppress(NoSuchBucket, Refusal):
                container = (await locate(await self._permits.store(target.owner), target, target.owner)).bucket
        return cors.preflight(request.headers, allowed(target.level), container)


def _told(error: StoreError) -> Refusal:
    """What the client is told of an error of the store. What is the product's own fault is logged."""
    refusal = of_store(error)
    if refusal.status == INTERNAL_ERROR:
        logger.error("a request failed", exc_info=error, extra={"request_id": current().request_id})
    return refusal


def _not_allowed(level: Level) -> Refusal:
    return no_url() if level is Level.SERVICE else Refusal(405, headers={hdrs.ALLOW: allowed(level)})
