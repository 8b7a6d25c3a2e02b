"""How much room users have: by the quotas of their profiles, and by those of buckets and accounts (`core.quotas`)."""

from collections.abc import AsyncIterator

from gateway.core import ops, quotas
from gateway.core.buckets import AccountMeta, BucketMeta
from gateway.core.errors import QuotaExceeded
from gateway.core.quotas import Quota
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.session import Target

Holder = BucketMeta | AccountMeta


async def allow(target: Target) -> None:
    """Let an upload have as much as the user's quota leaves it. Raises `QuotaExceeded` where that is nothing.

    As with quotas of buckets, what an upload replaces is not counted in its favour.
    """
    quota = target.login.profile.quota
    if quota is None or not (target.login.view.home.is_root or target.path.is_inside(target.login.view.home)):
        return
    holder = await _home(target.login)
    if not quota.allows(holder.used + target.least, holder.objects + 1):
        raise QuotaExceeded("You have no room for this file")
    target.room = None if quota.bytes is None else quota.bytes - holder.used


async def available(target: Target) -> int | None:
    """Bytes for which there is room where `target` leads; None where nothing limits them."""
    rooms = [
        0 if not quota.allows(holder.used, holder.objects + 1) else quota.bytes - holder.used
        async for quota, holder in _quotas(target)
        if quota.bytes is not None
    ]
    return min(rooms, default=None)


async def _quotas(target: Target) -> AsyncIterator[tuple[Quota, Holder]]:
    login, store = target.login, target.tree.store
    if login.profile.quota is not None:
        yield login.profile.quota, await _home(login)
    if store.caps.quotas and target.bucket is not None:
        yield quotas.of_bucket(target.bucket), target.bucket
        account = await ops.stat_account(store, target.bucket.owner)
        yield quotas.of_account(account), account


async def _home(login: Login) -> Holder:
    """What the user's quota counts: his account's buckets, or that one which is his home."""
    store, home = login.tree.store, login.view.home
    if home.is_root:
        return await ops.stat_account(store, login.principal.account.id)
    return await ops.counted(store, await store.stat_bucket(home.bucket))
