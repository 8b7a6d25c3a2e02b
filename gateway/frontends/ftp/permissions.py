"""What a command needs to be allowed, and the check of it."""

from dataclasses import dataclass
from functools import partial

from gateway.auth import guard
from gateway.auth.access import Action, Resource, check, may
from gateway.auth.asking import Caller
from gateway.auth.facts import Facts, facts_of
from gateway.auth.principals import Principal
from gateway.core.errors import NoSuchBucket
from gateway.core.paths import SEPARATOR, TreePath
from gateway.core.store import Store
from gateway.core.types import BucketMeta
from gateway.frontends.ftp.addresses import Address
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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a command comes from, and whether TLS protected it on its way."""

    client: Address
    secure: bool


@dataclass(frozen=True, slots=True)
class Sender(Caller):
    """Who sent a command, as far as access to what it leads on to is concerned."""

    principal: Principal
    origin: Origin

    def facts(self) -> Facts:
        return facts_of(str(self.origin.client), secure=self.origin.secure)


BROWSE = Needs((Action.LIST,), (Action.LIST,))
READ = Needs((Action.READ,), (Action.READ,))
WRITE = Needs((Action.WRITE,), (Action.WRITE,))
DELETE = Needs((Action.DELETE,), (Action.DELETE,))
MAKE = Needs((Action.WRITE,), (Action.STAT_BUCKET,), (Action.CREATE_BUCKET,))
REMOVE = Needs((Action.DELETE,), (Action.DELETE_BUCKET,))
MOVE_FROM = Needs((Action.READ, Action.DELETE), (Action.DELETE_BUCKET,))
MOVE_TO = Needs((Action.WRITE,), (Action.WRITE,), (Action.CREATE_BUCKET,))


async def authorise(
    store: Store, principal: Principal, needs: Needs, path: TreePath, origin: Origin
) -> BucketMeta | None:
    """The bucket that `path` leads into, if there is one. Raises `Denied`, `NoSuchBucket`."""
    if path.is_root:
        return None
    first, *others = needs.bucket if path.is_bucket else needs.inside
    tell = partial(_facts, path, origin)
    try:
        bucket = await guard.check_bucket(store, principal, first, path.bucket, _name(first, path), tell)
    except NoSuchBucket:
        if not (path.is_bucket and needs.new_bucket):
            raise
        for action in needs.new_bucket:
            check(principal, action, Resource(principal.account.id, path.bucket))
        return None
    for action in others:
        await guard.check_in(store, principal, action, bucket, _name(action, path), tell)
    return bucket


def _name(action: Action, path: TreePath) -> str:
    """Listing is done to the bucket, whatever part of it is listed."""
    return "" if action is Action.LIST else path.name


def _facts(path: TreePath, origin: Origin) -> Facts:
    """What conditions may ask of a command, which tells less than HTTP has headers for."""
    return facts_of(
        str(origin.client), secure=origin.secure, stated=(("s3:prefix", path.prefix), ("s3:delimiter", SEPARATOR))
    )


def sees(principal: Principal, origin: Origin, bucket: BucketMeta) -> bool:
    """Whether the root shows `bucket`."""
    tell = partial(_facts, TreePath((bucket.name,)), origin)
    return guard.seems_allowed(principal, Action.LIST, bucket, tell=tell)


def rights(principal: Principal, origin: Origin, directory: TreePath, bucket: BucketMeta | None) -> Rights:
    """The `perm` facts of what lies in a directory of `bucket`; without one, of the buckets in the root."""

    def has(action: Action) -> bool:
        if bucket is None:
            return may(principal, action, Resource(principal.account.id))
        anything = f"{directory.prefix}*"
        return guard.seems_allowed(principal, action, bucket, anything, partial(_facts, directory, origin))

    read, write, delete = has(Action.READ), has(Action.WRITE), has(Action.DELETE)
    removal = has(Action.DELETE_BUCKET) if bucket is None else delete
    file = "a" * write + "df" * delete + "r" * read + "w" * write
    folder = "c" * write + "d" * removal + "e" * read + "f" * removal + "l" * read + "m" * write + "p" * delete
    return Rights(file, folder)
