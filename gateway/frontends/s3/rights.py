"""What the caller of a request may do where more than his role counts: lists, policies, and objects one by one."""

from collections.abc import Mapping
from functools import partial

from gateway.auth import guard
from gateway.auth.access import Action
from gateway.core.buckets import BucketMeta
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.facts import NOTHING, facts_of


async def inspect(
    call: Call,
    action: Action,
    bucket: BucketMeta,
    name: str,
    version: str | None = None,
    tags: str | None = None,
    stated: Mapping[str, str] = NOTHING,
) -> None:
    """Raise `Denied` unless the caller may do `action` in `bucket`, to the object `name` if there is one.

    `tags`, `stated`: what the request's document says, see `facts_of`.
    """
    tell = partial(facts_of, call, tags, stated)
    await guard.check_in(call.store, call.principal, action, bucket, name, tell, version or None)


def bucket_of(call: Call) -> BucketMeta:
    """The bucket that the request names, which stands: dispatch has seen it."""
    if call.bucket is None:
        raise RuntimeError("the operation has no bucket")
    return call.bucket


def seems_allowed(call: Call, action: Action, bucket: BucketMeta, name: str = "") -> bool:
    """Whether the caller may do `action` as far as that can be said without a look at the object."""
    return guard.seems_allowed(call.principal, action, bucket, name, partial(facts_of, call))


def conceals(call: Call) -> bool:
    """Whether the caller must not learn that an object is missing, since he may not list the bucket."""
    return call.bucket is not None and not seems_allowed(call, Action.LIST, call.bucket)
