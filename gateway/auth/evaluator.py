"""The one decision on access. Pure: all that it depends on is given.

What a role allows in its own account, what access lists grant and what a bucket's policy allows add up; what the policy
denies is denied, whoever asks. Source: "How Amazon S3 authorizes a request" in the Amazon S3 User Guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gateway.auth.access import Action, Resource, may
from gateway.auth.accountacl import AccountAcl
from gateway.auth.acl import ON_BUCKET, ON_OBJECT, Acl, Permission
from gateway.auth.facts import NO_FACTS, Facts
from gateway.auth.policy import document
from gateway.auth.policy.document import ARN, Effect
from gateway.auth.policy.names import EXISTING_TAG
from gateway.auth.policy.patterns import Values
from gateway.auth.policy.status import is_public
from gateway.auth.principals import ANONYMOUS, Principal, Role
from gateway.auth.rules import BucketRules, ObjectRules

ON_OBJECTS = frozenset(
    {
        Action.READ,
        Action.READ_VERSION,
        Action.GET_OBJECT_ACL,
        Action.GET_VERSION_ACL,
        Action.PUT_OBJECT_ACL,
        Action.PUT_VERSION_ACL,
    }
)
"""Actions that the owner of the object allows, who may be another one than its bucket's."""

_POLICY_ACTIONS = frozenset({Action.GET_POLICY, Action.PUT_POLICY, Action.DELETE_POLICY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whether `principal` may do `action` to what `resource` names in a bucket with `rules`.

    `found` are the rules of the object; None where there is none, or where it was not looked at. `account` is the list
    of the bucket's account, in the same way.
    """

    principal: Principal
    action: Action
    resource: Resource
    rules: BucketRules
    found: ObjectRules | None = None
    facts: Facts = NO_FACTS
    account: AccountAcl | None = None


class Decision(NamedTuple):
    """`reason` is for logs: it says what decided, and is never told to clients."""

    allowed: bool
    reason: str


def decide(question: Question) -> Decision:
    """Whether it is allowed."""
    principal, rules = question.principal, question.rules
    decided = _by_policy(question)
    if decided is not None and (decided.allowed or not _keeps_policy(question)):
        return decided
    if _by_role(question):
        return Decision(True, f"role {principal.role}")
    if rules.has_acls and _grants(rules.acl, ON_BUCKET, question):
        return Decision(True, "bucket ACL")
    if rules.has_acls and question.found is not None and _grants(question.found.acl, ON_OBJECT, question):
        return Decision(True, "object ACL")
    if rules.container is not None and _admits(question):
        return Decision(True, "container ACL")
    if question.account is not None and question.account.allows(principal, question.action):
        return Decision(True, "account ACL")
    return Decision(False, "nothing allows it")


def hinges_on_object(question: Question) -> bool:
    """Whether the object has to be looked at for a decision."""
    rules = question.rules
    if not question.resource.name:
        return False
    if rules.policy is not None and rules.policy.looks_at_objects:
        return True
    if question.action not in ON_OBJECTS or not rules.has_acls:
        return False
    return rules.shared or not decide(question).allowed


def _by_policy(question: Question) -> Decision | None:
    """What the bucket's policy says; None where it says nothing."""
    rules, principal = question.rules, question.principal
    if rules.policy is None:
        return None
    resource = question.resource
    attempt = document.Attempt(
        principal,
        question.action.lower(),
        f"{ARN}{resource.bucket}/{resource.name}" if resource.name else ARN + resource.bucket,
        _known(question),
    )
    statement = rules.policy.effect(attempt)
    if statement is None:
        return None
    if statement.effect is Effect.DENY:
        return Decision(False, f"policy denies it ({statement.sid or 'a statement without Sid'})")
    if rules.block.restrict_buckets and principal.account.id != rules.owner and is_public(rules.policy):
        return None
    return Decision(True, f"policy allows it ({statement.sid or 'a statement without Sid'})")


def _known(question: Question) -> Values:
    """The facts of the request, and what is known of who asks and of the object."""
    principal = question.principal
    values = {**question.facts.values, "s3:resourceaccount": (question.rules.owner,)}
    if principal is ANONYMOUS:
        values["aws:principaltype"] = values["aws:userid"] = ("Anonymous",)
    else:
        account, user = principal.account.id, principal.user
        values["aws:principaltype"] = ("User",)
        values["aws:principalaccount"] = (account,)
        values["aws:principalarn"] = (f"arn:aws:iam::{account}:user/{user}",)
        values["aws:userid"] = (f"{account}:{user}",)
        values["aws:username"] = (user,)
    if question.found is not None:
        values.update((EXISTING_TAG + name, (value,)) for name, value in question.found.tags.items())
    return values


def _keeps_policy(question: Question) -> bool:
    """Whether a denial does not hold, lest nobody could ever change the policy again."""
    if question.action not in _POLICY_ACTIONS or not _by_role(question):
        return False
    return question.principal.role is Role.OPERATOR or not question.rules.policy_binds_owner


def _by_role(question: Question) -> bool:
    """Whether the principal's role allows it in its account, to which the resource has to belong."""
    owner = question.rules.owner
    if question.found is not None and question.action in ON_OBJECTS and question.rules.has_acls:
        owner = question.found.owner
    return may(question.principal, question.action, question.resource._replace(account=owner))


def _admits(question: Question) -> bool:
    """Whether Swift's lists of the bucket grant it."""
    rules = question.rules
    referrer = next(iter(question.facts.values.get("aws:referer", ())), "")
    return rules.container is not None and rules.container.allows(
        question.principal, question.action, referrer, public=not rules.block.ignore_acls
    )


def _grants(acl: Acl, table: Mapping[Permission, frozenset[Action]], question: Question) -> bool:
    """Whether a list grants it. What is granted to an owner's account, its users have as far as their roles go."""
    principal, rules = question.principal, question.rules
    owners = {rules.owner, question.found.owner} if question.found is not None else {rules.owner}
    limited = question.resource._replace(account=principal.account.id)
    return any(
        question.action in table[grant.permission]
        and grant.reaches(principal)
        and (grant.grantee not in owners or may(principal, question.action, limited))
        for grant in rules.heeded(acl).grants
    )
