"""What is ruled for one bucket and its objects, as their properties keep it.

Sources: "Controlling ownership of objects and disabling ACLs for your bucket" and "Blocking public access to your
Amazon S3 storage" in the Amazon S3 User Guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl

from gateway.auth import acl, containeracl
from gateway.auth.acl import Acl
from gateway.auth.containeracl import ContainerAcl
from gateway.auth.policy import document
from gateway.auth.policy.document import Policy
from gateway.core import locks
from gateway.core.buckets import BucketMeta
from gateway.core.types import Meta

ACL = "s3:acl"
"""The property of buckets and objects that holds a list other than the private one."""

OWNER = "s3:owner"
"""The property of objects that belong to another account than their bucket."""

OWNERSHIP = "s3:ownership"
PUBLIC_ACCESS_BLOCK = "s3:public-access-block"
POLICY = "s3:policy"

TAGGING = "s3:tagging"
"""The property of objects and buckets that holds their tags, encoded as a query string."""

POLICY_BINDS_OWNER = "s3:policy-binds-owner"
"""The property of buckets whose policy may take the owner's own right to change it."""

SHARED = "s3:shared"
"""The property of buckets in which objects of other accounts were written."""

REDIRECT = "s3:website-redirect"
"""The property of objects that a website redirects from: the place where to."""

OF_OBJECTS = frozenset({ACL, OWNER, REDIRECT}) | locks.OF_VERSIONS
"""Properties of one object that its copies don't have."""

_OF_BUCKETS = frozenset({ACL, OWNERSHIP, PUBLIC_ACCESS_BLOCK, POLICY, SHARED, containeracl.READ, containeracl.WRITE})


class Ownership(StrEnum):
    """Who owns what others write to a bucket, and whether there are access lists. The values are S3's words."""

    OBJECT_WRITER = "ObjectWriter"
    BUCKET_OWNER_PREFERRED = "BucketOwnerPreferred"
    BUCKET_OWNER_ENFORCED = "BucketOwnerEnforced"


@dataclass(frozen=True, slots=True)
class PublicAccessBlock:
    """What is held back of public grants: the putting of lists and policies, and the heed that is paid to them."""

    block_acls: bool = False
    ignore_acls: bool = False
    block_policy: bool = False
    restrict_buckets: bool = False

    def pack(self) -> str:
        """The block as a property holds it."""
        flags = self.block_acls, self.ignore_acls, self.block_policy, self.restrict_buckets
        return "".join("1" if flag else "0" for flag in flags)

    @classmethod
    def unpack(cls, text: str) -> "PublicAccessBlock":
        return cls(*(flag == "1" for flag in text))


NO_BLOCK = PublicAccessBlock()


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRules:
    """What is ruled for a bucket. `ownership` is None where nothing was set, which means `OBJECT_WRITER`.

    `shared`: objects of other accounts may lie in it. `policy_binds_owner`: the policy holds for its own change too.
    `container`: the lists that Swift knows.
    """

    owner: str
    acl: Acl
    ownership: Ownership | None = None
    block: PublicAccessBlock = NO_BLOCK
    policy: Policy | None = None
    policy_binds_owner: bool = False
    shared: bool = False
    container: ContainerAcl | None = None

    @property
    def has_acls(self) -> bool:
        """Whether access lists count."""
        return self.ownership is not Ownership.BUCKET_OWNER_ENFORCED

    def heeded(self, found: Acl) -> Acl:
        """A list, of the bucket or an object in it, without what the public access block ignores."""
        return found.without_public() if self.block.ignore_acls else found


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRules:
    """What is ruled for an object."""

    owner: str
    acl: Acl
    tags: Mapping[str, str] = field(default_factory=dict)


def is_ruled(bucket: BucketMeta) -> bool:
    """Whether anything is ruled for a bucket beside whose it is."""
    return not _OF_BUCKETS.isdisjoint(bucket.system)


def of_bucket(bucket: BucketMeta) -> BucketRules:
    """The rules of a bucket."""
    system = bucket.system
    ownership = system.get(OWNERSHIP)
    policy = system.get(POLICY)
    return BucketRules(
        owner=bucket.owner,
        acl=acl_of(system, bucket.owner),
        ownership=Ownership(ownership) if ownership else None,
        block=PublicAccessBlock.unpack(system.get(PUBLIC_ACCESS_BLOCK, "")),
        policy=document.read(policy) if policy else None,
        policy_binds_owner=POLICY_BINDS_OWNER in system,
        shared=SHARED in system,
        container=containeracl.acl_of(system, bucket.owner),
    )


def of_object(meta: Meta, bucket: BucketMeta) -> ObjectRules:
    """The rules of an object."""
    system = meta.props.system
    owner = system.get(OWNER, bucket.owner)
    return ObjectRules(owner=owner, acl=acl_of(system, owner), tags=dict(parse_qsl(system.get(TAGGING, ""), True)))


def acl_of(system: Mapping[str, str], owner: str) -> Acl:
    """The list that the properties of a bucket or object of `owner` hold."""
    packed = system.get(ACL)
    return acl.private(owner) if packed is None else acl.unpack(packed)
