"""Operations on buckets, apart from listings."""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address

from gateway.auth import acl
from gateway.auth.rules import ACL, OWNERSHIP, TAGGING, Ownership
from gateway.core.buckets import BucketProps
from gateway.core.errors import NotEmpty
from gateway.core.locks import OBJECT_LOCK, BucketLock
from gateway.core.ops import locks_of
from gateway.frontends.s3 import tags
from gateway.frontends.s3.acl import packed
from gateway.frontends.s3.aclin import of_headers
from gateway.frontends.s3.bodies import document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import BucketForbidden, S3Error
from gateway.frontends.s3.locking import wants_lock
from gateway.frontends.s3.xmlout import Output

CLASSIC_REGION = "us-east-1"
"""The region that has no name in LocationConstraint, and where creating one's own bucket again is no error."""

_OWNERSHIP = "x-amz-object-ownership"

_ALIASES = {"EU": "eu-west-1", "US": CLASSIC_REGION}

_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
"""Labels of a host's name: a bucket may be addressed as a host."""

_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def check_name(name: str) -> None:
    """Raise `S3Error` `InvalidBucketName` unless a bucket may be created under `name`.

    Source: "General purpose bucket naming rules" in the Amazon S3 User Guide.
    """
    if (
        not _NAME.fullmatch(name)
        or name.startswith(_RESERVED_STARTS)
        or name.endswith(_RESERVED_ENDS)
        or _is_address(name)
    ):
        raise S3Error(Code.INVALID_BUCKET_NAME, BucketName=name)


def _is_address(name: str) -> bool:
    try:
        IPv4Address(name)
    except AddressValueError:
        return False
    return True


async def create_bucket(call: Call) -> Output:
    """CreateBucket. In `us-east-1`, and only there, the owner may create a bucket again, as on AWS."""
    name = call.key.bucket
    check_name(name)
    account = call.principal.account.id
    system = {**await _configured(call), **await _ruled(call, account)}
    if not await call.store.create_bucket(name, BucketProps(owner=account, system=system)):
        found = await call.store.stat_bucket(name)
        if found.owner != account or found.system.get(ACL) != system.get(ACL):
            raise S3Error(Code.BUCKET_ALREADY_EXISTS, BucketName=name)
        if call.settings.region != CLASSIC_REGION or (OBJECT_LOCK in system and OBJECT_LOCK not in found.system):
            raise S3Error(Code.BUCKET_ALREADY_OWNED_BY_YOU, BucketName=name)
    return Output({"Location": f"/{name}"})


async def _ruled(call: Call, account: str) -> dict[str, str]:
    """The properties of a new bucket: its access list, who owns the objects in it, and whether they can be locked.

    Raises `S3Error`, and `Unsupported` where the store can't lock.
    """
    wanted = await of_headers(call, account, account) or acl.private(account)
    ownership = call.headers.get(_OWNERSHIP)
    if ownership is not None and ownership not in tuple(Ownership):
        raise S3Error(Code.INVALID_ARGUMENT, "Invalid x-amz-object-ownership header", ArgumentName=_OWNERSHIP)
    if ownership == Ownership.BUCKET_OWNER_ENFORCED and wanted != acl.private(account):
        raise S3Error(Code.INVALID_BUCKET_OWNER_ACL)
    system = {name: value for name, value in packed(wanted, account).items() if value is not None}
    if wants_lock(call.headers):
        locks_of(call.store)
        system[OBJECT_LOCK] = BucketLock().pack()
    return system if ownership is None else {**system, OWNERSHIP: ownership}


async def _configured(call: Call) -> Mapping[str, str]:
    """The properties that the document states: tags. Raises `S3Error` where no bucket here is as it wants."""
    wanted = await document(call)
    if wanted is None:
        return {}
    for name in ("Location", "Bucket"):
        if name in wanted:
            raise S3Error(Code.NOT_IMPLEMENTED, f"CreateBucketConfiguration with {name} is not implemented.")
    location = wanted.text("LocationConstraint") or call.settings.region
    if _ALIASES.get(location, location) != call.settings.region:
        raise S3Error(
            Code.ILLEGAL_LOCATION_CONSTRAINT,
            f"The {location} location constraint is incompatible for the region specific endpoint this request was "
            "sent to.",
        )

    tagging = tags.of_rows(wanted.records("Tags"), tags.OF_BUCKET)
    return {TAGGING: tagging} if tagging else {}


async def head_bucket(call: Call) -> Output:
    """HeadBucket."""
    return Output({"BucketRegion": call.settings.region})


async def delete_bucket(call: Call) -> Output:
    """DeleteBucket."""
    try:
        await call.store.delete_bucket(call.key.bucket)
    except NotEmpty:
        if call.settings.compat:
            raise BucketForbidden(call.key.bucket) from None
        raise
    return Output({})


async def get_bucket_location(call: Call) -> Output:
    """GetBucketLocation."""
    region = call.settings.region
    return Output({"LocationConstraint": None if region == CLASSIC_REGION else region})
