"""The one access check: it brings before the evaluator what a decision needs, and no more than that."""

import logging
from dataclasses import replace

from gateway.auth import rules
from gateway.auth.access import Action, Resource, check, may
from gateway.auth.accountacl import ACCESS_CONTROL, Access, AccountAcl, unpack
from gateway.auth.evaluator import ON_OBJECTS, Question, decide, hinges_on_object
from gateway.auth.facts import Tell, nothing
from gateway.auth.principals import ANONYMOUS, Principal
from gateway.auth.rules import ObjectRules
from gateway.core.buckets import BucketMeta
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts
from gateway.core.errors import Denied, NoSuchBucket, NoSuchKey, NotFound
from gateway.core.store import Store
from gateway.core.types import Key

logger = logging.getLogger("portico.access")


def is_settled(principal: Principal, action: Action, bucket: BucketMeta) -> bool:
    """Whether the role of `principal` allows `action` in a bucket for which nothing further is ruled.

    So it is with most requests by far.
    """
    return not (bucket.system and rules.is_ruled(bucket)) and may(principal, action, Resource(bucket.owner))


async def check_bucket(
    store: Store, principal: Principal, action: Action, bucket: str, name: str = "", tell: Tell = nothing
) -> BucketMeta:
    """Check an action on a bucket that stands, or on an object in it, and return the bucket.

    Raises `NoSuchBucket` and `Denied`. Whoever has no right by his role is denied the same whether it exists or not.
    """
    try:
        found = await store.stat_bucket(bucket)
    except NoSuchBucket:
        check(principal, action, Resource(principal.account.id, bucket, name))
        raise
    await check_in(store, principal, action, found, name, tell)
    return found


async def check_in(
    store: Store,
    principal: Principal,
    action: Action,
    bucket: BucketMeta,
    name: str = "",
    tell: Tell = nothing,
    version: str | None = None,
) -> None:
    """Raise `Denied` unless `principal` may do `action` in a bucket, to the object `name` if there is one.

    Raises `NoSuchKey` where there is no object that could be read, to those who may list the bucket anyway.
    """
    if is_settled(principal, action, bucket):
        return
    question = _question(principal, action, bucket, name, tell)
    if hinges_on_object(question):
        found = await _object(store, bucket, name, version)
        if found is None and action in ON_OBJECTS and not decide(question).allowed:
            _reveal(principal, bucket, tell)
        question = replace(question, found=found)
    decision = decide(question)
    if not decision.allowed and (account := await _account(store, principal, bucket.owner)):
        decision = decide(replace(question, account=account))
    if not decision.allowed:
        logger.debug("denied: %s", decision.reason)
        raise Denied


async def access_in(store: Store, principal: Principal, owner: str) -> Access | None:
    """How far the list of an account lets somebody in; None where it does not."""
    account = await _account(store, principal, owner)
    return None if account is None else account.access_of(principal)


async def _account(store: Store, principal: Principal, owner: str) -> AccountAcl | None:
    """The list of an account; None where it has none, or none that could name `principal`."""
    accounts = find(store, Accounts)
    if accounts is None or principal is ANONYMOUS:
        return None
    packed = (await accounts.stat_account(owner)).system.get(ACCESS_CONTROL)
    return unpack(packed) if packed else None


def _reveal(principal: Principal, bucket: BucketMeta, tell: Tell) -> None:
    """Raise `NoSuchKey` if `principal` may list the bucket, and so learns nothing by it."""
    if seems_allowed(principal, Action.LIST, bucket, tell=tell):
        raise NoSuchKey


def seems_allowed(
    principal: Principal, action: Action, bucket: BucketMeta, name: str = "", tell: Tell = nothing
) -> bool:
    """Whether `principal` may do `action` as far as that can be said without a look at the object."""
    return is_settled(principal, action, bucket) or decide(_question(principal, action, bucket, name, tell)).allowed


def _question(principal: Principal, action: Action, bucket: BucketMeta, name: str, tell: Tell) -> Question:
    return Question(
        principal=principal,
        action=action,
        resource=Resource(bucket.owner, bucket.name, name),
        rules=rules.of_bucket(bucket),
        facts=tell(),
    )


async def _object(store: Store, bucket: BucketMeta, name: str, version: str | None) -> ObjectRules | None:
    try:
        return rules.of_object(await store.stat(Key(bucket.name, name), version), bucket)
    except NotFound:
        return None
