"""From an HTTP request to its answer: address, operation, sender, access check, handler, and what is told of errors."""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from gateway.auth.accounts import Accounts
from gateway.auth.asking import Caller
from gateway.auth.errors import AuthError
from gateway.auth.facts import Facts, facts_of
from gateway.auth.keystone import Keystone
from gateway.auth.principals import ANONYMOUS, Principal, Registry
from gateway.auth.request import SignedRequest, fold
from gateway.auth.tenancy import Tenancy
from gateway.core.context import RequestContext, enter, new_request_id
from gateway.core.errors import Denied, NoSuchKey, StoreError
from gateway.core.events import Access, Observer
from gateway.core.types import Key
from gateway.frontends.http.answer import Answer
from gateway.frontends.http.headers import SERVER
from gateway.frontends.http.sending import BrokenTransfer, sent_bytes
from gateway.frontends.http.server import UNKNOWN_METHOD
from gateway.frontends.s3 import model, quirks
from gateway.frontends.s3.address import SERVICE, address_of, decode, query_of, split
from gateway.frontends.s3.call import Call, Pairs
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.cors import Rule
from gateway.frontends.s3.demands import refuse_unserved
from gateway.frontends.s3.errors import S3Error, error_xml, of_auth, of_store
from gateway.frontends.s3.forms import receiving
from gateway.frontends.s3.lasting import outlast
from gateway.frontends.s3.operations import OPERATIONS, Operation
from gateway.frontends.s3.origins import ORIGIN, granted, preflight, rules_of
from gateway.frontends.s3.permission import permit
from gateway.frontends.s3.renames import Renames
from gateway.frontends.s3.rights import conceals
from gateway.frontends.s3.route import Router, not_implemented
from gateway.frontends.s3.sender import Authenticator, Sender
from gateway.frontends.s3.settings import S3Settings
from gateway.frontends.s3.website.site import OPERATION as WEBSITE
from gateway.frontends.s3.website.site import Sites
from gateway.frontends.s3.xmlin import Reader, compile_input
from gateway.frontends.s3.xmlout import XML_TYPE, Output, Reply, Writer, compile_output

logger = logging.getLogger("portico.s3")

CLIENT_CLOSED_REQUEST = 499
"""Told to nobody: the access record of a request that was cancelled."""
NOT_IMPLEMENTED = 501


@dataclass(frozen=True, slots=True)
class _Route:
    """An operation that is served, with what is compiled for it."""

    operation: Operation
    write: Writer
    reader: Reader | None


@dataclass(slots=True)
class _Visit(Caller):
    """What is known of a request so far; the access record is made of it."""

    request: web.BaseRequest
    common: Pairs
    request_id: str
    operation: str = ""
    key: Key = SERVICE.key
    source: Key | None = None
    started: float = field(default_factory=time.monotonic)
    entered: RequestContext | None = None
    principal: Principal = ANONYMOUS
    error: str = ""

    def context(self, principal: str = "", caller: Caller | None = None) -> RequestContext:
        return RequestContext(self.request_id, self.request.remote or "", "s3", principal, None, self.started, caller)

    def admit(self, principal: Principal) -> None:
        """Have all that happens from here on speak of `principal`."""
        self.principal = principal
        self.entered = self.context(principal.label, self)
        enter(self.entered)

    def facts(self) -> Facts:
        headers = self.request.headers
        stated = {"aws:referer": headers.get("Referer"), "aws:useragent": headers.get("User-Agent")}
        return facts_of(self.request.remote or "", secure=self.request.secure, stated=stated.items())


class Dispatcher:
    """Serves every request to the frontend. Whatever goes wrong is answered in S3's own words."""

    def __init__(
        self,
        settings: S3Settings,
        registry: Registry,
        tenancy: Tenancy,
        observe: Observer,
        keystone: Keystone | None = None,
    ) -> None:
        described = model.load()
        self._settings = settings
        self._accounts = Accounts(registry, tenancy)
        self._tenancy = tenancy
        self._observe = observe
        self._authenticate = Authenticator(registry, settings.region, settings.domain, keystone)
        self._router = Router(described)
        self._routes = {name: _compile(described.operations[name], OPERATIONS[name]) for name in OPERATIONS}
        self._tagging = compile_input(described.operations["PutObjectTagging"])
        self._renames = Renames()
        hosts = settings.website_hosts
        self._sites = Sites(hosts, tenancy, settings.stall_timeout) if hosts else None
        self._host_id = secrets.token_urlsafe(32)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request. Raises `BrokenTransfer` where an answer broke off under way."""
        request_id = new_request_id()
        visit = _Visit(request, self._common(request_id), request_id)
        try:
            response = await self._serve(visit)
        except BrokenTransfer as broken:
            if isinstance(broken.cause, StoreError):
                _tell(broken.cause, visit)
            self._record(visit, broken.response.status, type(broken.cause).__name__, broken.sent)
            raise
        except asyncio.CancelledError:
            self._record(visit, CLIENT_CLOSED_REQUEST, "Cancelled")
            raise
        except Exception as raised:  # the outermost boundary: everything becomes an S3 error
            told = _tell(raised, visit)
            visit.error = told.code.value
            response = self._refusal(visit, told)
        if not request.content.is_eof():
            # What is left of the body can't be told from a next request if the client decides not to send it.
            response.force_close()
        self._record(visit, response.status, visit.error, sent_bytes(request, response))
        return response

    def malformed(self, status: int, message: str) -> web.Response:
        """The answer to bytes that are no HTTP request."""
        context = RequestContext(new_request_id(), protocol="s3")
        error = _tell_malformed(status, message)
        body = error_xml(error, resource="", request_id=context.request_id, host_id=self._host_id)
        headers = [*self._common(context.request_id), ("Content-Type", XML_TYPE)]
        self._observe(
            Access(
                context=context, operation="", status=error.status, seconds=0.0, sent=len(body), error=error.code.value
            )
        )
        return web.Response(status=error.status, headers=headers, body=body)

    def _common(self, request_id: str) -> Pairs:
        return ("Server", SERVER), ("x-amz-request-id", request_id), ("x-amz-id-2", self._host_id)

    async def _serve(self, visit: _Visit) -> web.StreamResponse:
        request = visit.request
        target = split(request.raw_path)
        headers = fold(request.headers.items())
        host = headers.get("host", "")
        if self._sites is not None and (site := self._sites.bucket_of(host)):
            return await self._serve_page(visit, self._sites, Key(site, decode(target.path[1:])), target.query)
        address = address_of(target.path, host, self._settings.domain)
        visit.key = address.key
        query = query_of(target.query)
        described = self._router.route(request.method, address.level, query, headers)
        visit.operation = described.name
        route = self._routes.get(described.name)
        if route is None and described.name == quirks.PREFLIGHT:
            allowed = preflight(await self._rules(visit.key.bucket), headers)
            return Answer(status=200, headers=[*visit.common, *allowed], body=None)
        if ORIGIN in headers:
            visit.common += granted(await self._rules(visit.key.bucket), request.method, headers)
        if route is not None and route.operation.form:
            return await self._serve_form(visit, route, headers, query)
        signed = SignedRequest(request.method, target.path, target.query, headers)
        sender = self._authenticate(signed) or await self._authenticate.asked(signed)
        visit.admit(sender.principal)
        if route is None:
            raise not_implemented(described)
        call = self._call(visit, route, sender, headers, query)
        return await (self._outlast if route.operation.lasting else self._perform)(visit, route, call)

    async def _serve_page(self, visit: _Visit, sites: Sites, key: Key, query: str) -> web.StreamResponse:
        visit.operation, visit.key = WEBSITE, key
        visit.admit(ANONYMOUS)
        return await sites.serve(visit.request, key, query, visit.facts, visit.common)

    async def _rules(self, bucket: str) -> tuple[Rule, ...]:
        """What a bucket allows to pages of other origins. It is asked before anybody has said who he is."""
        try:
            store = self._tenancy.store(ANONYMOUS)
        except Denied:
            return ()
        return await rules_of(store, bucket)

    async def _serve_form(
        self, visit: _Visit, route: _Route, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> web.StreamResponse:
        """Serve an upload by a form, which says who sends it and what it is to be called."""
        bucket = visit.key.bucket
        async with receiving(visit.request, headers.get("content-type", ""), self._settings.stall_timeout) as form:
            visit.key = form.key(bucket)
            authenticate = self._authenticate
            sender = authenticate.of_form(form.fields) or await authenticate.asked_of_form(form.fields)
            visit.admit(sender.principal)
            form.check(bucket)
            call = self._call(visit, route, sender, form.headers(headers, self._tagging), query)
            call.form = form
            return await self._perform(visit, route, call)

    def _call(
        self, visit: _Visit, route: _Route, sender: Sender, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> Call:
        return Call(
            request=visit.request,
            headers=headers,
            query=query,
            key=visit.key,
            principal=sender.principal,
            payload=sender.payload,
            verified=sender.verified,
            store=self._tenancy.store(sender.principal),
            accounts=self._accounts,
            reader=route.reader,
            write=route.write,
            settings=self._settings,
            common=visit.common,
            renames=self._renames,
        )

    async def _perform(self, visit: _Visit, route: _Route, call: Call) -> web.StreamResponse:
        await permit(call, route.operation)
        if call.source is not None:
            visit.source = call.source.key
        refuse_unserved(call.headers, route.operation.heeds, call.store)
        try:
            answer = await route.operation.handler(call)
        except NoSuchKey:
            if conceals(call):
                raise Denied from None
            raise
        if isinstance(answer, Output):
            answer = route.write(answer)
        if isinstance(answer, Reply):
            return Answer(status=answer.status, headers=[*visit.common, *answer.headers], body=answer.body or None)
        return answer

    async def _outlast(self, visit: _Visit, route: _Route, call: Call) -> web.StreamResponse:
        """Perform what may take long, and show signs of life meanwhile."""
        headers = (*visit.common, ("Content-Type", XML_TYPE))
        work, refuse = self._perform(visit, route, call), partial(self._late_refusal, visit)
        return await outlast(visit.request, work, headers, refuse, self._settings.stall_timeout)

    def _late_refusal(self, visit: _Visit, raised: Exception) -> bytes:
        """What is told of an error behind a head that has gone out already."""
        told = _tell(raised, visit)
        visit.error = told.code.value
        return self._document(visit, told)

    def _document(self, visit: _Visit, error: S3Error) -> bytes:
        resource = visit.request.raw_path.partition("?")[0]
        return error_xml(error, resource=resource, request_id=visit.request_id, host_id=self._host_id)

    def _refusal(self, visit: _Visit, error: S3Error) -> web.Response:
        headers = [*visit.common, *error.headers.items()]
        if visit.request.method == "HEAD":
            return Answer(status=error.status, headers=[*headers, ("Content-Type", XML_TYPE)])
        body = self._document(visit, error)
        if body:
            headers.append(("Content-Type", XML_TYPE))
        return Answer(status=error.status, headers=headers, body=body or None)

    def _record(self, visit: _Visit, status: int, error: str, sent: int = 0) -> None:
        """Observe the end of a request."""
        self._observe(
            Access(
                context=visit.entered or visit.context(),
                operation=visit.operation,
                status=status,
                seconds=time.monotonic() - visit.started,
                bucket=visit.key.bucket,
                key=visit.key.name,
                received=visit.request.content.total_bytes,
                sent=sent,
                error=error,
                source=f"/{visit.source.bucket}/{visit.source.name}" if visit.source else "",
            )
        )


def _compile(described: model.Operation, operation: Operation) -> _Route:
    reader = compile_input(described) if operation.document else None
    return _Route(operation, compile_output(described), reader)


def _tell(raised: Exception, visit: _Visit) -> S3Error:
    """What the client is told. What is the product's own fault is logged, once."""
    if isinstance(raised, S3Error):
        return raised
    if isinstance(raised, AuthError):
        return of_auth(raised)
    told = of_store(raised) if isinstance(raised, StoreError) else S3Error(Code.INTERNAL_ERROR)
    if told.code is Code.INTERNAL_ERROR:
        logger.error("%s failed", visit.operation, exc_info=raised, extra={"request_id": visit.request_id})
    if told.code is Code.NO_SUCH_KEY:
        return S3Error(told.code, headers=told.headers, Key=visit.key.name)
    if told.code in {Code.NO_SUCH_BUCKET, Code.BUCKET_NOT_EMPTY}:
        return S3Error(told.code, told.message, BucketName=visit.key.bucket)
    return told


def _tell_malformed(status: int, message: str) -> S3Error:
    """aiohttp tells apart what was wrong only by its messages."""
    if status == NOT_IMPLEMENTED:
        return S3Error(Code.NOT_IMPLEMENTED)
    if status >= 500:
        return S3Error(Code.INTERNAL_ERROR)
    if message.startswith(UNKNOWN_METHOD):
        return S3Error(Code.METHOD_NOT_ALLOWED)
    if message.startswith(("Got more than", "Too many headers")):
        return S3Error(Code.REQUEST_HEADER_SECTION_TOO_LARGE)
    return S3Error(Code.INVALID_REQUEST, "The request is not well-formed HTTP")
