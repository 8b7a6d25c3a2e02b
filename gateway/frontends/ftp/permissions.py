"""What a command needs to be allowed, and the check of it."""

from collections.abc import Set
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from gateway.auth import guard
from gateway.auth.access import Action, Resource, check, may
from gateway.auth.asking import Caller
from gateway.auth.facts import Facts, facts_of
from gateway.auth.principals import Principal
from gateway.core.buckets import BucketMeta
from gateway.core.errors import Denied, NoSuchBucket
from gateway.core.paths import SEPARATOR, TreePath
from gateway.core.store import Store
from gateway.frontends.ftp.addresses import Address
from gateway.frontends.ftp.listing import Rights
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.view import EVERYTHING, Permission


@dataclass(frozen=True, slots=True)
class Needs:
    """The actions that a command needs on the object or directory that its path names, or on the bucket.

    `new_bucket`: those on a bucket that does not exist; without them such a path is an error. The root needs none: it
    shows each caller what he may see, and no command changes it. `permissions`: what the user's profile must not deny
    in the directory. What `replaces` needs `Permission.OVERWRITE`, too, where a file stands. What `removes` the path is
    refused for places of the profile.
    """

    inside: tuple[Action, ...]
    bucket: tuple[Action, ...]
    new_bucket: tuple[Action, ...] = ()
    permissions: tuple[Permission, ...] = ()
    replaces: bool = False
    removes: bool = False


class Origin(NamedTuple):
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


ENTER = Needs((Action.LIST,), (Action.LIST,))
BROWSE = replace(ENTER, permissions=(Permission.LIST,))
READ = Needs((Action.READ,), (Action.READ,), permissions=(Permission.READ,))
EXAMINE = replace(READ, permissions=(Permission.LIST,))
CHANGE = Needs((Action.WRITE,), (Action.WRITE,), permissions=(Permission.WRITE,))
WRITE = replace(CHANGE, replaces=True)
DELETE = Needs((Action.DELETE,), (Action.DELETE,), permissions=(Permission.DELETE,), removes=True)
MAKE = Needs((Action.WRITE,), (Action.STAT_BUCKET,), (Action.CREATE_BUCKET,), permissions=(Permission.CREATE_DIRS,))
REMOVE = Needs((Action.DELETE,), (Action.DELETE_BUCKET,), permissions=(Permission.DELETE,), removes=True)
MOVE_FROM = Needs((Action.READ, Action.DELETE), (Action.DELETE_BUCKET,), permissions=(Permission.RENAME,), removes=True)
MOVE_TO = Needs(
    (Action.WRITE,), (Action.WRITE,), (Action.CREATE_BUCKET,), permissions=(Permission.RENAME,), replaces=True
)
TAKE = replace(MOVE_FROM, permissions=(Permission.READ, Permission.DELETE))


async def check_path(login: Login, needs: Needs, shown: TreePath, origin: Origin) -> BucketMeta | None:
    """The one access check: by the user's profile, then by his role and what is ruled where the path lies.

    Returns the bucket that it leads into, if there is one. Raises `Denied`, `NoSuchBucket`.
    """
    view = login.view
    if not all(view.allows(permission, shown) for permission in needs.permissions):
        raise Denied
    if needs.removes and view.is_fixed(shown):
        raise Denied("This directory is a part of your configuration, and stays as it is")
    return await _authorise(login.tree.store, login.principal, needs, view.real(shown), origin)


async def _authorise(
    store: Store, principal: Principal, needs: Needs, path: TreePath, origin: Origin
) -> BucketMeta | None:
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


def rights(
    principal: Principal,
    origin: Origin,
    directory: TreePath,
    bucket: BucketMeta | None,
    granted: Set[Permission] = EVERYTHING,
) -> Rights:
    """The `perm` facts of what lies in a directory of `bucket`; without one, of the buckets in the root.

    `granted`: what the user's profile allows in it.
    """

    def has(action: Action) -> bool:
        if bucket is None:
            return may(principal, action, Resource(principal.account.id))
        anything = f"{directory.prefix}*"
        return guard.seems_allowed(principal, action, bucket, anything, partial(_facts, directory, origin))

    def both(action: Action, permission: Permission) -> bool:
        return permission in granted and has(action)

    removal = Action.DELETE_BUCKET if bucket is None else Action.DELETE
    marks = {
        "a": both(Action.WRITE, Permission.OVERWRITE),
        "c": both(Action.WRITE, Permission.WRITE),
        "d": both(Action.DELETE, Permission.DELETE),
        "e": has(Action.READ),
        "f": both(Action.DELETE, Permission.RENAME),
        "l": both(Action.READ, Permission.LIST),
        "m": both(Action.WRITE, Permission.CREATE_DIRS),
        "p": both(Action.DELETE, Permission.DELETE),
        "r": both(Action.READ, Permission.READ),
        "w": both(Action.WRITE, Permission.OVERWRITE),
    }
    of_directory = marks | {"d": both(removal, Permission.DELETE), "f": both(removal, Permission.RENAME)}
    return Rights(
        "".join(mark for mark in "adfrw" if marks[mark]), "".join(mark for mark in "cdeflmp" if of_directory[mark])
    )
