"""Access to what an object leads on to: asked where the bytes are put together, about whoever sent the request."""

from abc import ABC, abstractmethod

from gateway.auth import guard
from gateway.auth.access import Action
from gateway.auth.facts import Facts
from gateway.auth.principals import Principal
from gateway.core.buckets import BucketMeta
from gateway.core.context import current
from gateway.core.errors import Denied
from gateway.core.store import Store


class Caller(ABC):
    """Who sent a request, and what is known of it; a frontend has one in `RequestContext.caller`."""

    __slots__ = ()

    principal: Principal

    @abstractmethod
    def facts(self) -> Facts:
        """What conditions may ask of the request."""

    def reaches(self, bucket: str) -> bool:
        """Whether the request may lead on to what lies in a bucket, as far as rights allow it."""
        return True


async def check_segment(store: Store, bucket: BucketMeta, name: str) -> None:
    """Raise `Denied` unless the object `name` may be read by whoever asks."""
    await _check(store, Action.READ, bucket, name)


async def check_segments(store: Store, bucket: BucketMeta) -> None:
    """Raise `Denied` unless the bucket may be listed by whoever asks."""
    await _check(store, Action.LIST, bucket, "")


async def _check(store: Store, action: Action, bucket: BucketMeta, name: str) -> None:
    caller = current().caller
    if not isinstance(caller, Caller):
        raise Denied  # nobody asks: what runs by itself has no business with others' bytes
    if not caller.reaches(bucket.name):
        raise Denied
    await guard.check_in(store, caller.principal, action, bucket, name, caller.facts)
