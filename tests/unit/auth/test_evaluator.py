"""The table of cases of access: who, what, whose, under which rules; and what is decided and why."""

from dataclasses import dataclass, field

import pytest

from gateway.auth import acl
from gateway.auth.access import Action, Resource
from gateway.auth.acl import Acl, Grant, Group, Permission
from gateway.auth.evaluator import Question, decide, hinges_on_object
from gateway.auth.facts import Facts
from gateway.auth.policy.document import Policy, parse
from gateway.auth.principals import ANONYMOUS, Account, Principal, Role
from gateway.auth.rules import BucketRules, ObjectRules, Ownership, PublicAccessBlock

OWNER, OTHER, THIRD = "owner", "other", "third"

ADMIN = Principal(Account(OWNER, OWNER), "admin", Role.ADMIN)
READER = Principal(Account(OWNER, OWNER), "reader", Role.READER)
NONE = Principal(Account(OWNER, OWNER), "none", Role.NONE)
GUEST = Principal(Account(OTHER, OTHER), "guest", Role.ADMIN)
GUESTS_NONE = Principal(Account(OTHER, OTHER), "none", Role.NONE)
OPERATOR = Principal(Account("ops", "ops"), "operator", Role.OPERATOR)


def allow(action: str, principal: str = '"*"', more: str = "") -> str:
    return f'{{"Sid": "yes", "Effect": "Allow", "Principal": {principal}, "Action": "{action}", "Resource": "*"{more}}}'


def deny(action: str, principal: str = '"*"', more: str = "") -> str:
    return allow(action, principal, more).replace("Allow", "Deny").replace("yes", "no")


def policy(*statements: str) -> Policy:
    return parse(f'{{"Version": "2012-10-17", "Statement": [{", ".join(statements)}]}}')


def granted(grantee: str | Group, permission: Permission, owner: str = OWNER) -> Acl:
    return acl.with_grants(acl.private(owner), [Grant(grantee, permission)])


PRIVATE = acl.private(OWNER)
TO_ALL = granted(Group.ALL_USERS, Permission.READ)
TO_KNOWN = granted(Group.AUTHENTICATED_USERS, Permission.READ)
TO_OTHER = granted(OTHER, Permission.READ)
MINE = ObjectRules(owner=OWNER, acl=PRIVATE)
THEIRS = ObjectRules(owner=OTHER, acl=acl.private(OTHER))
TAGGED = ObjectRules(owner=OWNER, acl=PRIVATE, tags={"Kind": "open"})
BY_TAG = ', "Condition": {"StringEquals": {"s3:ExistingObjectTag/Kind": "open"}}'
FROM_HOME = ', "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}'


@dataclass(frozen=True)
class Case:
    """`allowed` is what has to be decided, `because` a part of the reason."""

    who: Principal
    allowed: bool
    because: str
    action: Action = Action.READ
    bucket_acl: Acl = PRIVATE
    found: ObjectRules | None = MINE
    policy: Policy | None = None
    ownership: Ownership | None = None
    block: PublicAccessBlock = field(default_factory=PublicAccessBlock)
    binds: bool = False
    source: str = "10.1.2.3"

    def question(self) -> Question:
        on_bucket = self.action in {Action.LIST, Action.GET_BUCKET_ACL, Action.PUT_POLICY, Action.GET_POLICY}
        return Question(
            principal=self.who,
            action=self.action,
            resource=Resource(OWNER, "bucket", "" if on_bucket else "dir/name"),
            rules=BucketRules(
                owner=OWNER,
                acl=self.bucket_acl,
                ownership=self.ownership,
                block=self.block,
                policy=self.policy,
                policy_binds_owner=self.binds,
            ),
            found=None if on_bucket else self.found,
            facts=Facts({"aws:sourceip": (self.source,)}),
        )


WHOLE = Permission.FULL_CONTROL
ENFORCED = Ownership.BUCKET_OWNER_ENFORCED
IGNORING = PublicAccessBlock(ignore_acls=True)
RESTRICTING = PublicAccessBlock(restrict_buckets=True)
FOR_OTHER = f'{{"AWS": "{OTHER}"}}'
FOR_NONE = f'{{"AWS": "arn:aws:iam::{OWNER}:user/none"}}'

CASES = (
    # Roles, where nothing is ruled.
    Case(ADMIN, True, "role"),
    Case(READER, True, "role"),
    Case(READER, False, "nothing", Action.WRITE),
    Case(NONE, False, "nothing"),
    Case(GUEST, False, "nothing"),
    Case(OPERATOR, True, "role", Action.DELETE),
    Case(ANONYMOUS, False, "nothing"),
    # Lists of objects.
    Case(ANONYMOUS, True, "object ACL", found=ObjectRules(owner=OWNER, acl=TO_ALL)),
    Case(NONE, True, "object ACL", found=ObjectRules(owner=OWNER, acl=TO_ALL)),
    Case(ANONYMOUS, False, "nothing", found=ObjectRules(owner=OWNER, acl=TO_KNOWN)),
    Case(GUESTS_NONE, True, "object ACL", found=ObjectRules(owner=OWNER, acl=TO_KNOWN)),
    Case(GUESTS_NONE, True, "object ACL", found=ObjectRules(owner=OWNER, acl=TO_OTHER)),
    Case(ANONYMOUS, False, "nothing", found=ObjectRules(owner=OWNER, acl=TO_OTHER)),
    Case(NONE, False, "nothing", found=ObjectRules(owner=OWNER, acl=TO_OTHER)),
    Case(GUEST, False, "nothing", Action.WRITE, found=ObjectRules(owner=OWNER, acl=granted(OTHER, WHOLE))),
    Case(GUEST, False, "nothing", Action.DELETE, found=ObjectRules(owner=OWNER, acl=granted(OTHER, WHOLE))),
    Case(GUEST, True, "object ACL", Action.PUT_OBJECT_ACL, found=ObjectRules(owner=OWNER, acl=granted(OTHER, WHOLE))),
    Case(ANONYMOUS, False, "nothing", found=None),
    # What an account owns is its users' as far as their roles go.
    Case(NONE, False, "nothing", Action.LIST, bucket_acl=granted(OWNER, WHOLE)),
    Case(READER, False, "nothing", Action.WRITE, bucket_acl=granted(OWNER, WHOLE)),
    Case(ADMIN, True, "role", Action.WRITE, bucket_acl=Acl(())),
    Case(ADMIN, False, "nothing", found=THEIRS),
    Case(GUEST, True, "role", found=THEIRS),
    Case(GUESTS_NONE, False, "nothing", found=THEIRS),
    Case(OPERATOR, True, "role", found=THEIRS),
    Case(ADMIN, True, "role", Action.DELETE, found=THEIRS),
    Case(ADMIN, True, "object ACL", found=ObjectRules(owner=OTHER, acl=granted(OWNER, WHOLE, OTHER))),
    Case(NONE, False, "nothing", found=ObjectRules(owner=OTHER, acl=granted(OWNER, WHOLE, OTHER))),
    # Lists of buckets.
    Case(ANONYMOUS, True, "bucket ACL", Action.LIST, bucket_acl=TO_ALL),
    Case(ANONYMOUS, False, "nothing", bucket_acl=TO_ALL),
    Case(GUEST, True, "bucket ACL", Action.WRITE, bucket_acl=granted(OTHER, Permission.WRITE)),
    Case(GUEST, True, "bucket ACL", Action.DELETE, bucket_acl=granted(OTHER, Permission.WRITE)),
    Case(GUEST, False, "nothing", Action.LIST, bucket_acl=granted(OTHER, Permission.WRITE)),
    Case(GUEST, True, "bucket ACL", Action.GET_BUCKET_ACL, bucket_acl=granted(OTHER, Permission.READ_ACP)),
    Case(GUEST, False, "nothing", Action.PUT_POLICY, bucket_acl=granted(OTHER, WHOLE)),
    Case(ANONYMOUS, False, "nothing", Action.WRITE, bucket_acl=granted(Group.LOG_DELIVERY, Permission.WRITE)),
    # Ownership and the public access block.
    Case(ADMIN, True, "role", found=THEIRS, ownership=ENFORCED),
    Case(GUEST, False, "nothing", found=THEIRS, ownership=ENFORCED),
    Case(ANONYMOUS, False, "nothing", found=ObjectRules(owner=OWNER, acl=TO_ALL), ownership=ENFORCED),
    Case(ANONYMOUS, False, "nothing", Action.LIST, bucket_acl=TO_ALL, ownership=ENFORCED),
    Case(ANONYMOUS, True, "policy", policy=policy(allow("s3:GetObject")), ownership=ENFORCED),
    Case(ANONYMOUS, False, "nothing", found=ObjectRules(owner=OWNER, acl=TO_ALL), block=IGNORING),
    Case(ANONYMOUS, False, "nothing", Action.LIST, bucket_acl=TO_ALL, block=IGNORING),
    Case(GUEST, True, "object ACL", found=ObjectRules(owner=OWNER, acl=TO_OTHER), block=IGNORING),
    Case(ANONYMOUS, False, "nothing", policy=policy(allow("s3:GetObject")), block=RESTRICTING),
    Case(GUEST, False, "nothing", policy=policy(allow("s3:GetObject")), block=RESTRICTING),
    Case(NONE, True, "policy", policy=policy(allow("s3:GetObject")), block=RESTRICTING),
    Case(GUEST, True, "policy", policy=policy(allow("s3:GetObject", FOR_OTHER)), block=RESTRICTING),
    # Policies.
    Case(ANONYMOUS, True, "policy allows it (yes)", policy=policy(allow("s3:Get*"))),
    Case(ANONYMOUS, False, "nothing", Action.LIST, policy=policy(allow("s3:Get*"))),
    Case(NONE, True, "policy", policy=policy(allow("s3:GetObject", FOR_NONE))),
    Case(GUESTS_NONE, False, "nothing", policy=policy(allow("s3:GetObject", FOR_NONE))),
    Case(GUESTS_NONE, True, "policy", policy=policy(allow("s3:GetObject", FOR_OTHER))),
    Case(ANONYMOUS, True, "policy", policy=policy(allow("s3:GetObject", more=FROM_HOME))),
    Case(ANONYMOUS, False, "nothing", policy=policy(allow("s3:GetObject", more=FROM_HOME)), source="192.0.2.1"),
    Case(ANONYMOUS, True, "policy", policy=policy(allow("s3:GetObject", more=BY_TAG)), found=TAGGED),
    Case(ANONYMOUS, False, "nothing", policy=policy(allow("s3:GetObject", more=BY_TAG))),
    Case(ANONYMOUS, False, "nothing", policy=policy(allow("s3:GetObject", more=BY_TAG)), found=None),
    # A denial wins over everything.
    Case(ADMIN, False, "policy denies it (no)", policy=policy(deny("s3:GetObject"))),
    Case(OPERATOR, False, "denies", policy=policy(deny("*"))),
    Case(ANONYMOUS, False, "denies", policy=policy(allow("*"), deny("s3:GetObject"))),
    Case(ANONYMOUS, False, "denies", policy=policy(deny("s3:*")), found=ObjectRules(owner=OWNER, acl=TO_ALL)),
    Case(GUEST, False, "denies", Action.LIST, bucket_acl=granted(OTHER, WHOLE), policy=policy(deny("*", FOR_OTHER))),
    Case(ADMIN, True, "role", policy=policy(deny("*", FOR_OTHER))),
    Case(ADMIN, False, "denies", Action.UPDATE_BUCKET, policy=policy(deny("s3:*"))),
    # The policy stays within reach of the owner.
    Case(ADMIN, True, "role", Action.PUT_POLICY, policy=policy(deny("*"))),
    Case(ADMIN, False, "denies", Action.PUT_POLICY, policy=policy(deny("*")), binds=True),
    Case(OPERATOR, True, "role", Action.PUT_POLICY, policy=policy(deny("*")), binds=True),
    Case(READER, False, "denies", Action.GET_POLICY, policy=policy(deny("*"))),
    Case(GUEST, False, "denies", Action.PUT_POLICY, policy=policy(deny("*"), allow("*", FOR_OTHER))),
)


@pytest.mark.parametrize("case", CASES)
def test_cases(case: Case) -> None:
    decision = decide(case.question())
    assert decision.allowed is case.allowed
    assert case.because in decision.reason


@pytest.mark.parametrize(
    ("case", "shared", "looked_at"),
    (
        (Case(ADMIN, True, "", found=None), False, False),
        (Case(ADMIN, True, "", found=None), True, True),
        (Case(ADMIN, True, "", found=None, ownership=ENFORCED), True, False),
        (Case(NONE, False, "", found=None), False, True),
        (Case(NONE, False, "", found=None, ownership=ENFORCED), False, False),
        (Case(NONE, False, "", Action.WRITE, found=None), False, False),
        (Case(NONE, False, "", Action.LIST), False, False),
        (Case(NONE, False, "", found=None, policy=policy(allow("s3:GetObject"))), False, False),
        (Case(ADMIN, False, "", found=None, policy=policy(deny("s3:GetObject", more=BY_TAG))), False, True),
        (Case(ADMIN, False, "", Action.DELETE, found=None, policy=policy(deny("*", more=BY_TAG))), False, True),
    ),
)
def test_objects_are_looked_at_where_they_matter(case: Case, shared: bool, looked_at: bool) -> None:
    question = case.question()
    rules = BucketRules(
        owner=OWNER, acl=PRIVATE, ownership=case.ownership, policy=case.policy, shared=shared, block=case.block
    )
    assert (
        hinges_on_object(
            Question(
                principal=question.principal,
                action=question.action,
                resource=question.resource,
                rules=rules,
                facts=question.facts,
            )
        )
        is looked_at
    )


def test_lists_survive_being_kept() -> None:
    for found in (PRIVATE, TO_ALL, TO_KNOWN, granted(OTHER, WHOLE), Acl(())):
        assert acl.unpack(found.pack()) == found


def test_blocks_survive_being_kept() -> None:
    for number in range(16):
        block = PublicAccessBlock(*(bool(number >> bit & 1) for bit in range(4)))
        assert PublicAccessBlock.unpack(block.pack()) == block
