"""What a command needs to be allowed, and the check of it."""

from dataclasses import dataclass

from gateway.auth.access import Action, Resource, check, check_bucket, may
from gateway.auth.principals import Principal
from gateway.core.errors import NoSuchBucket
from gateway.core.paths import TreePath
from gateway.core.store import Store
from gateway.core.types import BucketMeta
from gateway.frontends.ftp.listing import Rights


@dataclass(frozen=True, slots=True)
class Needs:
    """The actions that a command needs on the object or directory that its path names, or on the bucket.

    `new_bucket`: those on a bucket that does not exist; without them such a path is an error. The root needs none: it
    shows each caller what he may see, and no command changes it.
    """

    inside: tuple[Action, ...]
    bucket: tuple[Action, ...]
    new_bucket: tuple[Action, ...] = ()


BROWSE = Needs((Action.LIST,), (Action.LIST,))
READ = Needs((Action.READ,), (Action.READ,))
WRITE = Needs((Action.WRITE,), (Action.WRITE,))
DELETE = Needs((Action.DELETE,), (Action.DELETE,))
MAKE = Needs((Action.WRITE,), (Action.STAT_BUCKET,), (Action.CREATE_BUCKET,))
REMOVE = Needs((Action.DELETE,), (Action.DELETE_BUCKET,))
MOVE_FROM = Needs((Action.READ, Action.DELETE), (Action.DELETE_BUCKET,))
MOVE_TO = Needs((Action.WRITE,), (Action.WRITE,), (Action.CREATE_BUCKET,))


async def authorise(store: Store, principal: Principal, needs: Needs, path: TreePath) -> BucketMeta | None:
    """The bucket that `path` leads into, if there is one. Raises `Denied`, `NoSuchBucket`."""
    if path.is_root:
        return None
    first, *others = needs.bucket if path.is_bucket else needs.inside
    try:
        bucket = await check_bucket(store, principal, first, path.bucket, path.name)
    except NoSuchBucket:
        if not (path.is_bucket and needs.new_bucket):
            raise
        for action in needs.new_bucket:
            check(principal, action, Resource(principal.account.id, path.bucket))
        return None
    for action in others:
        check(principal, action, Resource(bucket.owner, path.bucket, path.name))
    return bucket


def sees(principal: Principal, bucket: BucketMeta) -> bool:
    """Whether the root shows `bucket`."""
    return may(principal, Action.LIST, Resource(bucket.owner, bucket.name))


def rights(principal: Principal, owner: str, bucket: str) -> Rights:
    """The `perm` facts of what lies in a bucket; in the root, of the buckets (without a name)."""
    resource = Resource(owner, bucket)
    read, write, delete = (may(principal, action, resource) for action in (Action.READ, Action.WRITE, Action.DELETE))
    removal = delete if bucket else may(principal, Action.DELETE_BUCKET, resource)
    file = "a" * write + "df" * delete + "r" * read + "w" * write
    folder = "c" * write + "d" * removal + "e" * read + "f" * removal + "l" * read + "m" * write + "p" * delete
    return Rights(file, folder)
