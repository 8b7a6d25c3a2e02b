"""Serving websites: reads by browsers, who are nobody, answered with pages."""

from collections.abc import Collection
from html import escape
from http import HTTPStatus

from aiohttp import web
from multidict import CIMultiDict

from gateway.auth import guard
from gateway.auth.access import Action
from gateway.auth.facts import Tell
from gateway.auth.principals import ANONYMOUS
from gateway.auth.rules import REDIRECT
from gateway.auth.tenancy import Tenancy
from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ANY
from gateway.core.errors import Denied, NoSuchBucket, NoSuchKey, NotModified, StoreError
from gateway.core.store import Store
from gateway.core.types import Key, Meta
from gateway.frontends.http.answer import Answer
from gateway.frontends.http.sending import Source, head_object, send_object, send_whole
from gateway.frontends.s3.call import Pairs
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error, of_store
from gateway.frontends.s3.metadata import head_of
from gateway.frontends.s3.website import routing
from gateway.frontends.s3.website.configuration import WEBSITE, Website, unpack
from gateway.frontends.s3.website.routing import Asked, Redirect

OPERATION = "WebsiteGet"
"""What access records call a request for a page."""

_METHODS = frozenset({"GET", "HEAD"})
_UNMODIFIED = ("ETag", "Last-Modified", "Cache-Control", "Expires")


class Sites:
    """The websites of all buckets. `hosts`: see `routing.bucket_of`."""

    def __init__(self, hosts: Collection[str], tenancy: Tenancy, stall: float) -> None:
        self._hosts = tuple(host.lower() for host in hosts)
        self._tenancy = tenancy
        self._stall = stall

    def bucket_of(self, host: str) -> str:
        """The bucket whose website is asked for on `host`; empty where none is."""
        return routing.bucket_of(host, self._hosts)

    async def serve(
        self, request: web.BaseRequest, key: Key, query: str, tell: Tell, common: Pairs
    ) -> web.StreamResponse:
        """Answer a request with a page, a redirect, or a page about what went wrong. `query` is still encoded."""
        try:
            if request.method not in _METHODS:
                raise S3Error(Code.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"}, Method=request.method)
            asked = Asked(request.scheme, request.headers.get("Host", ""), key.name, query)
            store = self._tenancy.store(ANONYMOUS)
            found = await _bucket(store, key.bucket)
        except (S3Error, StoreError) as error:
            return _told(error, common)
        visit = _Visit(request, asked, store, found, unpack(found.system[WEBSITE]), tell, common, self._stall)
        return await visit.answer()


async def _bucket(store: Store, name: str) -> BucketMeta:
    try:
        found = await store.stat_bucket(name)
    except NoSuchBucket:
        raise S3Error(Code.NO_SUCH_BUCKET, BucketName=name) from None
    if WEBSITE not in found.system:
        raise S3Error(Code.NO_SUCH_WEBSITE_CONFIGURATION, BucketName=name)
    return found


class _Visit:
    """One request to one website."""

    def __init__(
        self,
        request: web.BaseRequest,
        asked: Asked,
        store: Store,
        bucket: BucketMeta,
        website: Website,
        tell: Tell,
        common: Pairs,
        stall: float,
    ) -> None:
        self._request = request
        self._asked = asked
        self._store = store
        self._bucket = bucket
        self._website = website
        self._tell = tell
        self._common = common
        self._stall = stall

    async def answer(self) -> web.StreamResponse:
        website, asked = self._website, self._asked
        if redirect := routing.everything(website, asked) or routing.before(website, asked):
            return self._redirected(redirect)
        key = routing.page_of(website, asked.key)
        try:
            return await self._page(key)
        except NotModified:
            return await self._not_modified(key)
        except StoreError as error:
            missing = isinstance(error, NoSuchKey | Denied) and key == asked.key
            if missing and await self._stands(f"{key}/{website.index}"):
                return self._redirected(Redirect(302, routing.path_of(f"{key}/")))
            return await self._failed(of_store(error), key)

    async def _page(self, key: str) -> web.StreamResponse:
        """What stands at `key`. Raises as `Store.open`."""
        meta = await self._allowed(key)
        if location := meta.props.system.get(REDIRECT):
            return self._redirected(Redirect(301, location))
        answer = head_object if self._request.method == "HEAD" else send_object
        return await answer(self._request, self._source(key))

    async def _allowed(self, key: str) -> Meta:
        """The object that everybody may read. Raises `Denied`, `NoSuchKey`."""
        await guard.check_in(self._store, ANONYMOUS, Action.READ, self._bucket, key, self._tell)
        try:
            return await self._store.stat(Key(self._bucket.name, key))
        except NoSuchKey:
            if guard.seems_allowed(ANONYMOUS, Action.LIST, self._bucket, tell=self._tell):
                raise
            raise Denied from None

    async def _stands(self, key: str) -> bool:
        try:
            await self._allowed(key)
        except StoreError:
            return False
        return True

    async def _failed(self, error: S3Error, key: str) -> web.StreamResponse:
        if redirect := routing.after(self._website, self._asked, error.status):
            return self._redirected(redirect)
        page = self._website.error
        if page is None or error.status not in range(400, 500):
            return _told(error, self._common, key)
        try:
            await self._allowed(page)
            return await send_whole(self._request, self._source(page), error.status)
        except StoreError:
            return _told(error, self._common, key, lost=True)

    async def _not_modified(self, key: str) -> web.StreamResponse:
        source = self._source(key)
        described = source.head(await source.stat(ANY))
        headers = [*self._common, *((name, described[name]) for name in _UNMODIFIED if name in described)]
        return Answer(status=304, headers=headers)

    def _source(self, key: str) -> Source:
        def head(meta: Meta) -> CIMultiDict[str]:
            return CIMultiDict([*self._common, *head_of(meta)])

        return Source(self._store, Key(self._bucket.name, key), head, None, self._stall)

    def _redirected(self, redirect: Redirect) -> web.StreamResponse:
        return Answer(status=redirect.status, headers=[*self._common, ("Location", redirect.location)], body=b"")


def _told(error: S3Error | StoreError, common: Pairs, key: str = "", *, lost: bool = False) -> web.Response:
    """The page about an error. `lost`: there should have been another one, which could not be had."""
    told = error if isinstance(error, S3Error) else of_store(error)
    title = f"{told.status} {HTTPStatus(told.status).phrase}"
    rows = {"Code": told.code.value, "Message": told.message, **({"Key": key} if key else {}), **told.elements}
    items = "".join(f"<li>{escape(name)}: {escape(value)}</li>\n" for name, value in rows.items())
    more = "<h3>The page for errors of this site could not be had either</h3>\n" if lost else ""
    body = (
        f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n"
        f"<ul>\n{items}</ul>\n{more}</body>\n</html>\n"
    )
    headers = [*common, *told.headers.items(), ("Content-Type", "text/html; charset=utf-8")]
    return Answer(status=told.status, headers=headers, body=body.encode())
