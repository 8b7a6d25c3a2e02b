"""Containers as buckets, and the account that they lie in."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from multidict import CIMultiDictProxy

from gateway.core import locks
from gateway.core.buckets import DEFAULT_POLICY, STORAGE_POLICY, AccountMeta, BucketMeta, BucketProps
from gateway.core.errors import BadRequest, InvalidName, NoSuchBucket, NotEmpty, Unsupported
from gateway.core.names import check_bucket
from gateway.core.store import Caps, Store
from gateway.core.tasks import wholly
from gateway.core.types import ListQuery, Page, Prefix, PropsChange
from gateway.stores.swift.found import end_of
from gateway.stores.swift.listing import listing_of
from gateway.stores.swift.merging import Merged
from gateway.stores.swift.metadata import of_container, read_container, removing, timestamp
from gateway.stores.swift.names import container_of, is_hidden
from gateway.stores.swift.paging import page_of, query_of
from gateway.stores.swift.request import Request
from gateway.stores.swift.rows import TICK, Listed, Row, parsed, policy_of
from gateway.stores.swift.rows import buckets as bucket_rows
from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.tokens import Shelf
from gateway.stores.swift.upstream import ACCOUNT, Upstream

SECOND = 1_000_000_000
CONFLICT_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between attempts to delete a container whose last objects Swift still counts."""
MAX_OWNERS = 10_000
_REFUSED = "The upstream takes the container for invalid"
AT_ONCE = 8


class Buckets(Store):
    """A container belongs to `owner` of the store, unless it was created here for another account.

    Counters are Swift's own: they lag, and count a large object (SLO) by its manifest.
    """

    caps = Caps(listed_props=False, policies=True)

    def __init__(
        self, settings: SwiftStoreSettings, owner: str, shelf: Shelf | None = None, *, ahead: bool = False
    ) -> None:
        """`shelf`: where processes that have the same credentials share their token. `ahead`: what the cluster can do
        is asked at the start, and not first when it matters.
        """
        self._up = Upstream(settings, owner, shelf)
        self._ahead = ahead
        self._owners: OrderedDict[tuple[str, int], str] = OrderedDict()

    async def start(self) -> None:
        """Nothing of the upstream is waited for: one that is down now is not down for ever."""
        await self._up.client.start()
        if self._ahead:
            self._up.info.start()

    async def aclose(self) -> None:
        await self._up.info.aclose()
        await self._up.segments.aclose()
        await self._up.client.aclose()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        """Rows of buckets tell what the account's listing does: name, time and counters that lag.

        Of own recent writes they tell everything.
        """
        if query.limit <= 0:
            return Page(())
        shown: list[BucketMeta | Prefix] = []
        look = None if self._up.settings.exclusive else self._looked_at
        merged = Merged(self._up.buckets, ACCOUNT, self._rows, slack=SECOND, join=_counted, look=look)
        rest = query
        while True:
            page = await merged.page(rest)
            for row in page.items:
                if isinstance(row, Prefix) or (owner in {None, row.owner} and self._is_listed(row)):
                    if len(shown) == query.limit:
                        return Page(tuple(shown), shown[-1].name)
                    shown.append(row)
            if page.next is None:
                return Page(tuple(shown))
            rest = replace(rest, marker=page.next)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        if is_hidden(check_bucket(name)):
            raise InvalidName("Names that end in '_segments' are kept for segments of large objects")
        locks.refuse(props)
        async with self._up.turns.of((ACCOUNT, name)):
            return await wholly(self._create(name, props))

    async def _create(self, name: str, props: BucketProps) -> bool:
        """The properties come in a second step: a PUT of what is there already would set them on it."""
        system = dict(props.system)
        policy = system.pop(STORAGE_POLICY, self._up.settings.storage_policy)
        under = {"X-Storage-Policy": policy} if policy else {}
        made = await self._up.client.call(Request(method="PUT", path=(name,), headers=under), 400, 409)
        if made.status == 400:
            raise BadRequest(f"The upstream has no storage policy '{policy}'" if policy else _REFUSED)
        if made.status != 201:  # there already; if it is under another policy, the status is 409
            return False
        self._up.objects.drop(name)
        self._up.segments.forget(name)
        owner = "" if props.owner == self._up.owner else props.owner
        headers = of_container(props.user, system, owner)
        if headers:
            await self._up.client.call(Request(method="POST", path=(name,), headers=headers))
        await self._know_bucket(name)
        return True

    async def stat_bucket(self, name: str) -> BucketMeta:
        return self._meta(name, await self._head(check_bucket(name)))

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        async with self._up.turns.of((ACCOUNT, check_bucket(name))):
            return await wholly(self._update(name, change))

    async def _update(self, name: str, change: PropsChange) -> BucketMeta:
        old = await self._head(name)
        user, packed = read_container(old)
        headers = of_container(change.apply_user(user), change.apply_system(packed.system), packed.owner)
        await self._up.client.call(Request(method="POST", path=(name,), headers=removing(old, headers)))
        return await self._know_bucket(name)

    async def delete_bucket(self, name: str) -> None:
        async with self._up.turns.of((ACCOUNT, check_bucket(name))):
            await wholly(self._delete(name))

    async def _delete(self, name: str) -> None:
        segmented = await self._up.segments.may_hold(name)
        self._up.buckets.deleted(ACCOUNT, name, await self._remove(name), sure=False)
        self._up.objects.drop(name)
        if segmented:
            container = container_of(name)
            await self._up.deletes.remove(container, await self._up.segments.names(container, "portico"))
            await self._up.client.call(Request(method="DELETE", path=(container,)), 404, 409)
        self._up.segments.forget(name)

    async def _remove(self, name: str) -> int:
        """When it was done at the latest, by the upstream's clock."""
        for pause in (0.0, *CONFLICT_PAUSES):
            await asyncio.sleep(pause)
            answer = await self._up.client.call(Request(method="DELETE", path=(name,)), 404, 409)
            if answer.status == 404:
                raise NoSuchBucket
            if answer.status != 409:
                return end_of(answer.headers)
            if (await listing_of(self._up, name).page(ListQuery(limit=1))).items:
                break
        raise NotEmpty

    async def stat_account(self, owner: str) -> AccountMeta:
        """`capabilities.Accounts`. Totals are added up, since the account's own count segments, too."""
        total = AccountMeta(name=owner, buckets=0, objects=0, bytes=0)
        query = ListQuery(limit=self._up.settings.page_limit)
        while True:
            page = await self.buckets(query, owner)
            for row in page.items:
                if isinstance(row, BucketMeta):
                    total = replace(
                        total,
                        buckets=total.buckets + 1,
                        objects=total.objects + row.objects,
                        bytes=total.bytes + row.bytes,
                    )
            if page.next is None:
                break
            query = replace(query, marker=page.next)
        if owner != self._up.owner:
            return total
        headers = (await self._up.client.call(Request(method="HEAD"))).headers
        user, packed = read_container(headers, "Account")
        return replace(total, user=user, system=packed.system)

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        """`capabilities.Accounts`. Only the account that the upstream's is has properties there."""
        if owner != self._up.owner:
            raise Unsupported("The upstream keeps metadata of its own account only")
        async with self._up.turns.of(ACCOUNT):
            old = (await self._up.client.call(Request(method="HEAD"))).headers
            user, packed = read_container(old, "Account")
            new = of_container(change.apply_user(user), change.apply_system(packed.system), "", "Account")
            await wholly(self._up.client.call(Request(method="POST", headers=removing(old, new, "Account"))))
        return await self.stat_account(owner)

    async def _head(self, name: str) -> CIMultiDictProxy[str]:
        answer = await self._up.client.call(Request(method="HEAD", path=(name,)), 404)
        if answer.status == 404:
            raise NoSuchBucket
        return answer.headers

    async def _looked_at(self, names: Sequence[str]) -> Mapping[str, Row[BucketMeta] | None]:
        found: dict[str, Row[BucketMeta] | None] = {}
        for name in names:
            try:
                meta = self._meta(name, await self._head(name))
            except NoSuchBucket:
                found[name] = None
            else:
                found[name] = Row(meta, meta.created)
        return found

    async def _know_bucket(self, name: str) -> BucketMeta:
        meta = self._meta(name, await self._head(name))
        self._up.buckets.wrote(ACCOUNT, name, meta, meta.created)
        return meta

    def _meta(self, name: str, headers: CIMultiDictProxy[str]) -> BucketMeta:
        user, packed = read_container(headers)
        return BucketMeta(
            name=name,
            owner=packed.owner or self._up.owner,
            created=timestamp(headers.get("X-Timestamp", "")) // TICK * TICK,
            objects=_number(headers.get("X-Container-Object-Count", "")),
            bytes=_number(headers.get("X-Container-Bytes-Used", "")),
            user=user,
            system={**packed.system, **policy_of(headers.get("X-Storage-Policy", ""))},
        )

    def _is_listed(self, row: BucketMeta) -> bool:
        wanted = self._up.settings.storage_policy.lower()
        return not wanted or row.system.get(STORAGE_POLICY, DEFAULT_POLICY).lower() == wanted

    async def _rows(self, query: ListQuery) -> Listed[BucketMeta]:
        """One page of the account, without the containers of segments, and with the owner of each bucket."""
        while True:
            answer, _ = await page_of(self._up.client, (), query_of(query), query.limit)
            found = await parsed(partial(bucket_rows, self._up.owner), b"" if answer.status == 404 else answer.body)
            shown = [row for row in found if not is_hidden(row.name)]
            if shown or not found or found[-1].name == query.marker:
                return Listed(await self._owned(shown))
            query = replace(query, marker=found[-1].name)

    async def _owned(self, rows: Sequence[Row[BucketMeta]]) -> Sequence[Row[BucketMeta]]:
        """An owner never changes: each container is asked for its own once."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def owned(row: Row[BucketMeta]) -> Row[BucketMeta]:
            if isinstance(row.item, Prefix) or self._up.buckets.get(ACCOUNT, row.name) is not None:
                return row
            place = row.name, row.stamp
            if (owner := self._owners.get(place)) is None:
                async with turns:
                    answer = await self._up.client.call(Request(method="HEAD", path=(row.name,)), 404)
                owner = self._owners[place] = read_container(answer.headers)[1].owner or self._up.owner
                if len(self._owners) > MAX_OWNERS:
                    self._owners.popitem(last=False)
            return Row(replace(row.item, owner=owner), row.stamp)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(owned(row)) for row in rows]
        return [task.result() for task in tasks]


def _counted(known: BucketMeta, row: BucketMeta) -> BucketMeta:
    return replace(known, objects=row.objects, bytes=row.bytes)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
