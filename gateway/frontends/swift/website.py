"""Containers as websites: an index, pages for errors, and listings.

Source: "Static web" in the OpenStack Swift documentation, and `swift.common.middleware.staticweb`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.auth.access import Action
from gateway.auth.principals import ANONYMOUS, Principal
from gateway.core.buckets import BucketMeta
from gateway.core.errors import NoSuchBucket, NoSuchKey, StoreError
from gateway.core.types import ListQuery, Meta, Page, Prefix
from gateway.frontends.http.sending import Source, send_whole
from gateway.frontends.swift.answers import answer, identify, page, refused
from gateway.frontends.swift.call import Place, Reach
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.keys import Bearer
from gateway.frontends.swift.parameters import truth
from gateway.frontends.swift.properties import described
from gateway.frontends.swift.rows import gather
from gateway.frontends.swift.settings import SwiftSettings
from gateway.frontends.swift.target import Level, Target
from gateway.frontends.swift.tempurl import Visit, invalid
from gateway.frontends.swift.webpages import Look, css_of, listing, no_listing

DIRECTORY_TYPE = "application/directory"

Perform = Callable[[Target], Awaitable[web.StreamResponse]]
"""The ordinary operation on a target. Raises `Refusal` where the caller may not do it."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the metadata of a container says of its website."""

    index: str
    error: str
    listings: str
    label: str
    css: str
    directory_type: str

    @property
    def is_on(self) -> bool:
        return bool(self.index or self.listings)

    def is_directory(self, found: Meta) -> bool:
        """Whether an object stands for a directory."""
        return found.size <= 1 and found.props.content_type == self.directory_type


def site_of(container: BucketMeta) -> Site:
    def stated(name: str) -> str:
        return container.user.get(f"web-{name}", "").strip()

    return Site(
        index=stated("index"),
        error=stated("error"),
        listings=stated("listings"),
        label=stated("listings-label"),
        css=stated("listings-css"),
        directory_type=stated("directory-type") or DIRECTORY_TYPE,
    )


def is_visit(request: web.BaseRequest, target: Target, principal: Principal) -> bool:
    """Whether a request is one of a browser: it comes without a token, by a temporary URL, or says so itself."""
    if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD} or not target.container:
        return False
    is_signed = isinstance(principal.user, Bearer)
    return principal is ANONYMOUS or is_signed or truth(request.headers.get("X-Web-Mode", ""))


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request that sees a container as a website, if it is one. `visit`: the temporary URL that it came with."""

    request: web.BaseRequest
    target: Target
    settings: SwiftSettings
    reach: Reach
    perform: Perform
    visit: Visit | None = None

    async def serve(self) -> web.StreamResponse:
        """Raises `Refusal`, `StoreError`."""
        return await (self._container() if self.target.level is Level.CONTAINER else self._object())

    async def _container(self) -> web.StreamResponse:
        try:
            place = await self.reach(Action.LIST, self.target)
        except Refusal as refusal:
            return await self._refused(refusal)
        site = site_of(place.container)
        if not site.is_on:
            if self.visit is not None:
                raise invalid(self.target)
            if truth(self.request.headers.get("X-Web-Mode", "")):
                raise Refusal(404)
            return await self.perform(self.target)
        if not self._ends_with_slash:
            return self._redirect()
        index = await self._index(site)
        return await self._listing(place, site) if index is None else await self.perform(index)

    async def _object(self) -> web.StreamResponse:
        place = await self._place(self.target)
        site = site_of(place.container)
        if not site.is_on:
            return await self.perform(self.target)
        found = await _stat(place, self.target)
        if found is not None and not site.is_directory(found):
            return await self.perform(self.target)
        index = await self._index(site)
        if self._ends_with_slash:
            return await self._listing(place, site) if index is None else await self.perform(index)
        if index is not None or await self._is_below(place):
            return self._redirect()
        return await self._error(page(404), site)

    @property
    def _ends_with_slash(self) -> bool:
        return self.request.raw_path.partition("?")[0].endswith("/")

    def _redirect(self) -> web.Response:
        scheme = self.settings.storage_url_scheme or self.request.scheme
        path, mark, query = self.request.raw_path.partition("?")
        signed = mark + query if self.visit is not None else ""
        return page(301, ((hdrs.LOCATION, f"{scheme}://{self.request.host}{path}/{signed}"),))

    async def _index(self, site: Site) -> Target | None:
        """The page that stands for a directory. Raises `Refusal` where it may not be read."""
        if not site.index:
            return None
        name = self.target.name
        directory = f"{name}/" if name and not name.endswith("/") else name
        target = replace(self.target, name=directory + site.index)
        place = await self._place(target)
        return None if await _stat(place, target) is None else target

    async def _place(self, target: Target) -> Place:
        """The place of an object that may be read, if it is there. Raises `Refusal`, `NoSuchBucket`."""
        try:
            return await self.reach(Action.READ, target)
        except NoSuchKey:
            return await self.reach(Action.LIST, replace(target, name=""))

    async def _is_below(self, place: Place) -> bool:
        """Whether anything lies below the name, as far as the caller may know."""
        container = replace(self.target, name="")
        try:
            await self.reach(Action.LIST, container)
        except Refusal:
            return False
        return bool(await self._rows(place, f"{self.target.name}/", 1))

    async def _listing(self, place: Place, site: Site) -> web.StreamResponse:
        target, prefix = self.target, self.target.name
        root = site.label or f"/v1/{target.account}/{target.container}"
        look = Look(f"{root}/{prefix}", css_of(site.css, prefix), *self._signed())
        if not truth(site.listings):
            return await self._error(answer(404, (), no_listing(look, site.index)), site)
        try:
            await self.reach(Action.LIST, replace(target, name=""))
        except Refusal as refusal:
            return await self._error(refused(refusal), site)
        rows = await self._rows(place, prefix, self.settings.listing_limit)
        if prefix and not rows:
            return await self._error(page(404), site)
        response = answer(200, (), listing(look, prefix, rows))
        if self.visit is not None:
            replace(self.visit, inline=True).dress(response.headers, response.status)
        return response

    def _signed(self) -> tuple[str, str]:
        """The query that links of a listing carry, and the highest directory that they may lead to."""
        return ("", "") if self.visit is None else (self.visit.query, self.visit.prefix or "")

    async def _rows(self, place: Place, prefix: str, limit: int) -> list[Meta | Prefix]:
        async def fetch(query: ListQuery) -> Page[Meta | Prefix]:
            return await place.store.list(self.target.container, query)

        return await gather(fetch, ListQuery(prefix=prefix, delimiter="/", limit=limit))

    async def _refused(self, refusal: Refusal) -> web.StreamResponse:
        """A refusal to look at the container, with a page for it if that may be read."""
        try:
            place = await self.reach(Action.READ, replace(self.target, name=str(refusal.status)))
        except (Refusal, NoSuchBucket):
            raise refusal from None
        return await self._error(refused(refusal), site_of(place.container))

    async def _error(self, response: web.Response, site: Site) -> web.StreamResponse:
        """`response`, with the container's own page for its status where there is one that may be read."""
        if not site.error:
            return response
        target = replace(self.target, name=f"{response.status}{site.error}")
        try:
            place = await self.reach(Action.READ, target)
            source = Source(place.store, place.key, self._head, stall=self.settings.stall_timeout)
            return await send_whole(self.request, source, response.status)
        except (Refusal, StoreError):
            return response

    def _head(self, meta: Meta) -> CIMultiDict[str]:
        headers = described(meta)
        identify(headers)
        return headers


async def _stat(place: Place, target: Target) -> Meta | None:
    try:
        return await place.store.stat(replace(place, target=target).key)
    except NoSuchKey:
        return None
