"""To whom a new object belongs, and the access list, the tags and the locks that its writer gives it.

Source: "Controlling ownership of objects and disabling ACLs for your bucket" in the Amazon S3 User Guide.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.auth import acl, rules
from gateway.auth.access import Action
from gateway.auth.acl import BUCKET_OWNER_FULL_CONTROL, Acl
from gateway.auth.principals import Role
from gateway.auth.rules import ACL, OF_OBJECTS, OWNER, SHARED, BucketRules, Ownership
from gateway.core.buckets import BucketMeta
from gateway.core.errors import Denied
from gateway.core.types import Props, PropsChange
from gateway.frontends.s3 import locking, tagging
from gateway.frontends.s3.acl import check_settable
from gateway.frontends.s3.aclin import CANNED, HEADERS, of_headers
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of, seems_allowed
from gateway.frontends.s3.tags import HEADER as TAGS
from gateway.frontends.s3.website import location

_SAYING = HEADERS | locking.HEADERS | {TAGS, location.HEADER}


def is_plain(call: Call) -> bool:
    """Whether a new object simply belongs to the bucket's owner, with a private list and nothing else. So do most."""
    return not _is_foreign(call, bucket_of(call)) and _SAYING.isdisjoint(call.headers)


async def described(call: Call, props: Props) -> Props:
    """`props` with the tags and all that belongs to a new object. Raises `S3Error`, `Denied`."""
    if is_plain(call):
        return props
    return await belonging(call, replace(props, system={**props.system, **tagging.stated(call)}))


async def belonging(call: Call, props: Props) -> Props:
    """`props` with the owner, the list, the locks and the redirect of a new object. Raises `S3Error`, `Denied`."""
    if is_plain(call):
        return props
    return replace(
        props, system={**props.system, **await stated(call), **locking.stated(call), **location.stated(call.headers)}
    )


async def copied(call: Call, props: Props) -> Props | None:
    """What a copy of an object with `props` has beside its owner and list; None where it is the same."""
    if is_plain(call) and OF_OBJECTS.isdisjoint(props.system):
        return None
    kept = {name: value for name, value in props.system.items() if name not in OF_OBJECTS}
    return await belonging(call, replace(props, system=kept))


async def stated(call: Call) -> Mapping[str, str]:
    """The properties that say whose a new object is and who may do what with it."""
    bucket = bucket_of(call)
    found = rules.of_bucket(bucket)
    owner = _owner(call, bucket, found)
    private = acl.private(owner)
    wanted = await _wanted(call, found, owner) or private
    if owner != bucket.owner:
        if SHARED not in bucket.system:
            await call.store.update_bucket(bucket.name, PropsChange(system={SHARED: "1"}))
    elif wanted != private and not seems_allowed(call, Action.PUT_OBJECT_ACL, bucket, call.key.name):
        raise Denied
    system = {} if owner == bucket.owner else {OWNER: owner}
    return system if wanted == private else {**system, ACL: wanted.pack()}


def _is_foreign(call: Call, bucket: BucketMeta) -> bool:
    """An operator acts for the owner of whatever he touches."""
    return call.principal.account.id != bucket.owner and call.principal.role is not Role.OPERATOR


def _owner(call: Call, bucket: BucketMeta, found: BucketRules) -> str:
    given = (
        found.ownership is Ownership.BUCKET_OWNER_PREFERRED and call.headers.get(CANNED) == BUCKET_OWNER_FULL_CONTROL
    )
    if not _is_foreign(call, bucket) or not found.has_acls or given:
        return bucket.owner
    return call.principal.account.id


async def _wanted(call: Call, found: BucketRules, owner: str) -> Acl | None:
    """The list that the request states; None: the private one."""
    if not found.has_acls:
        if not HEADERS.isdisjoint(call.headers) and call.headers.get(CANNED) != BUCKET_OWNER_FULL_CONTROL:
            raise S3Error(Code.ACCESS_CONTROL_LIST_NOT_SUPPORTED)
        return None
    wanted = await of_headers(call, owner, found.owner)
    if wanted is not None:
        check_settable(found, wanted)
    return wanted
