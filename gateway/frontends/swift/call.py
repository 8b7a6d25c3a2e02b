"""A request that has passed dispatch, as handlers get it."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.auth.access import Action
from gateway.auth.accountacl import Access
from gateway.auth.accounts import Accounts
from gateway.auth.principals import Principal, Role
from gateway.core.buckets import BucketMeta
from gateway.core.errors import NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import Key
from gateway.frontends.swift.answers import identify
from gateway.frontends.swift.cors import expose
from gateway.frontends.swift.parameters import Parameters
from gateway.frontends.swift.rows import Wanted, wanted
from gateway.frontends.swift.settings import SwiftSettings
from gateway.frontends.swift.target import Target
from gateway.frontends.swift.tempurl import Visit


@dataclass(frozen=True, slots=True)
class Place:
    """A target that the caller has the right to touch, and its container, where there is one.

    `granted`: how far the account's own list lets the caller in, where his role does not.
    """

    target: Target
    owner: str
    store: Store
    bucket: BucketMeta | None = None
    granted: Access | None = None

    @property
    def key(self) -> Key:
        return Key(self.target.container, self.target.name)

    @property
    def container(self) -> BucketMeta:
        """The container. Raises `NoSuchBucket`."""
        if self.bucket is None:
            raise NoSuchBucket
        return self.bucket


class Reach(Protocol):
    """The access check for what a request leads on to. Raises `Refusal`, `NoSuchBucket` (unless it `creates`)."""

    def __call__(self, action: Action, target: Target, *, creates: bool = False) -> Awaitable[Place]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a handler needs to know. `other` is the second object of a copy, `visit` its temporary URL."""

    request: web.BaseRequest
    parameters: Parameters
    principal: Principal
    settings: SwiftSettings
    place: Place
    accounts: Accounts
    reach: Reach
    other: Place | None = None
    visit: Visit | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        return self.request.headers

    @property
    def store(self) -> Store:
        return self.place.store

    @property
    def owns(self) -> bool:
        """Whether the caller administers the account: who was let in by a grant sees none of its secrets."""
        own = self.principal.role is Role.ADMIN and self.principal.is_of(self.place.owner)
        return own or self.principal.role is Role.OPERATOR or self.place.granted is Access.ADMIN

    def wanted(self) -> Wanted:
        """What the request wants of a listing. Raises `Refusal`."""
        return wanted(self.parameters, self.headers.get(hdrs.ACCEPT, ""), self.settings.listing_limit)

    def finish(self, headers: CIMultiDict[str], status: int = 200) -> None:
        """Add what every answer to this request carries, and what one of that status does."""
        identify(headers)
        if self.visit is not None:
            self.visit.dress(headers, status)
        if self.headers.get(hdrs.CONNECTION, "").lower() == "keep-alive":
            headers[hdrs.CONNECTION] = "keep-alive"
        origin = self.headers.get(hdrs.ORIGIN)
        if origin and self.place.bucket is not None:
            expose(headers, origin, self.place.bucket)


async def locate(store: Store, target: Target, owner: str, granted: Access | None = None) -> Place:
    """The place that a target is. Raises `NoSuchBucket`, also for a container of another account."""
    bucket = await store.stat_bucket(target.container)
    if bucket.owner != owner:
        raise NoSuchBucket
    return Place(target, owner, store, bucket, granted)
