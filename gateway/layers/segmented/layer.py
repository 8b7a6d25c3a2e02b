"""The segment uploader: large bodies go to the store inside as parallel segments, and become an object at last."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace

from gateway.core import ops
from gateway.core.body import BLOCK, Body, CheckedBody, ReadyBody, StreamBody, checked
from gateway.core.capabilities import Append, Segments
from gateway.core.conditions import ANY, When, check_write
from gateway.core.digest import Algorithm
from gateway.core.errors import NoSuchKey, StoreError, TooLarge, Unsupported
from gateway.core.locks import unlocked
from gateway.core.names import checked_key
from gateway.core.store import Store
from gateway.core.tasks import Flight, Turns, wholly
from gateway.core.types import Base, Copy, Key, Meta, Part, Put, SegmentRules
from gateway.layers.layer import Layer
from gateway.layers.segmented.intake import Intake, segment_size
from gateway.layers.segmented.settings import SegmentSettings
from gateway.layers.segmented.spool import Budget, Spool
from gateway.layers.segmented.sweep import ROUNDS, drop, keep_sweeping

SMALL = 2 * BLOCK
"""Bodies that are known to be of so many bytes at most go to the store as they are."""

logger = logging.getLogger("portico.segmented")


class Segmented(Layer):
    """Around a store with `capabilities.Segments`. The old object is served until the new one is whole.

    What fits one segment is put as one object, once it has come in; what does not is put in segments while it comes.
    Each lies ready before it is sent, so that sending can be repeated. Appends put segments behind what stands.
    """

    def __init__(self, inner: Store, settings: SegmentSettings, budget: Budget | None = None) -> None:
        """`budget`: shared with other stores; without it, one of the settings' size."""
        super().__init__(inner)
        self._settings = settings
        self._segments: Segments = self._native(Segments)
        self._budget = Budget(settings.segment_buffer) if budget is None else budget
        self._turns = Turns()
        self._sweeping: asyncio.Task[None] | None = None

    def offers(self, capability: type) -> bool:
        return capability is Append or super().offers(capability)

    async def start(self) -> None:
        await self.inner.start()
        self._sweeping = asyncio.create_task(
            keep_sweeping(self.inner, self._segments, self._settings.segment_grace), name="sweep of segments"
        )

    async def aclose(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping
        await self.inner.aclose()

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        if body.size is not None and body.size <= SMALL:
            return await self.inner.put(key, body, opts)
        rules = await self._segments.segment_rules(key, opts.when, body.size)
        if not rules.joins or (rules.streams and not opts.checksums and self._fits(body, rules)):
            return await self.inner.put(key, body, opts)
        return await self._take_in(key, body, opts, rules)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        """What is too large for the store to copy passes through here."""
        try:
            return await self.inner.copy(source, target, opts)
        except TooLarge:
            found = await self.inner.stat(source, opts.source_version, opts.source_when)
        same = When(if_match=(found.etag,))
        async with self.inner.open(source, version=opts.source_version, when=same) as reader:
            props = unlocked(found.props) if opts.props is None else opts.props
            return await self.put(target, StreamBody(reader.chunks(), found.size), Put(props=props, when=opts.when))

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        """`capabilities.Append`. Appends to one object by one process follow upon each other.

        What others change meanwhile makes it fail, as far as the store can tell.
        """
        async with self._turns.of(checked_key(key)):
            return await self._append(key, body, opts)

    async def _append(self, key: Key, body: Body, opts: Put) -> Meta:
        rules = await self._segments.segment_rules(key)
        if not rules.joins:
            return await ops.append_anew(self.inner, key, body, opts)
        found = await self._standing(key)
        check_write(opts.when, found)
        opts = replace(opts, when=ANY)
        if found is None:
            return await self._take_in(key, body, opts, rules, Base(None))
        opts = replace(opts, props=unlocked(found.props), checksums=frozenset())
        if await self._segments.extends(found):
            return await self._take_in(key, body, opts, rules, Base(found, inside=False))
        size = None if body.size is None else found.size + body.size
        both = StreamBody(ops.joined(self.inner, found, body), size)
        return await self._take_in(key, both, opts, rules, Base(found))

    def _fits(self, body: Body, rules: SegmentRules) -> bool:
        return body.size is not None and body.size <= min(self._settings.segment_size, rules.largest)

    async def _standing(self, key: Key) -> Meta | None:
        try:
            return await self.inner.stat(key)
        except NoSuchKey:
            return None

    async def _take_in(self, key: Key, body: Body, opts: Put, rules: SegmentRules, base: Base | None = None) -> Meta:
        every = {Algorithm.MD5, *opts.checksums}
        stage = checked(body, every if rules.whole else ())
        async with aclosing(stage.chunks()) as blocks:
            with Intake(blocks, self._spool, {Algorithm.MD5} if rules.whole else every) as intake:
                first = await intake.take(self._size(rules, 1, body.size))
                if base is not None and not base.inside:
                    if base.meta is not None and not first.count:
                        return base.meta
                elif not await intake.more():
                    ready = ReadyBody(first, first.count, {**first.digests, **stage.digests})
                    return await self._put_ready(key, ready, opts, base)
                return await self._put_segments(key, intake, first, stage, opts, base)

    def _spool(self) -> Spool:
        return Spool(self._budget, self._settings.spool)

    def _size(self, rules: SegmentRules, number: int, size: int | None) -> int:
        return segment_size(rules, self._settings.segment_size, number, size)

    async def _put_ready(self, key: Key, ready: ReadyBody, opts: Put, base: Base | None) -> Meta:
        """Put what has come in as one object. A store that has no conditions is looked at right before."""
        if base is None:
            return await self.inner.put(key, ready, opts)
        with suppress(Unsupported):
            return await self.inner.put(key, ready, replace(opts, when=base.when))
        check_write(base.when, await self._standing(key))
        return await self.inner.put(key, ready, replace(opts, when=ANY))

    async def _put_segments(
        self, key: Key, intake: Intake, first: ReadyBody, stage: CheckedBody, opts: Put, base: Base | None
    ) -> Meta:
        segments = self._segments
        upload = await wholly(segments.begin_segments(key, opts, base), lambda upload: drop(segments, key, upload))
        parts: dict[int, Part] = {}
        number = 0

        async def send(number: int, segment: ReadyBody) -> None:
            parts[number] = await segments.put_segment(key, upload, number, segment)
            intake.free(segment)

        try:
            rules = await segments.segment_rules(key)  # a store may have learnt more by beginning
            async with self._renewed(key, upload), Flight(self._settings.segment_parallelism) as flight:
                segment: ReadyBody | None = first
                while segment is not None:
                    number += 1
                    await flight.launch(send(number, segment))
                    segment = (
                        await intake.take(self._size(rules, number + 1, stage.size)) if await intake.more() else None
                    )
        except BaseException:
            await wholly(drop(segments, key, upload, number))
            raise
        joined = [parts[number] for number in sorted(parts)]
        digests = stage.digests
        return await wholly(segments.join_segments(key, upload, joined, opts, digests, base))

    @asynccontextmanager
    async def _renewed(self, key: Key, upload: str) -> AsyncIterator[None]:
        """Tell the store, for as long as the context lasts, that somebody is at this upload."""
        task = asyncio.create_task(self._keep_renewing(key, upload))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_renewing(self, key: Key, upload: str) -> None:
        while True:
            await asyncio.sleep(self._settings.segment_grace / ROUNDS)
            try:
                await self._segments.renew_segments(key, upload)
            except StoreError as error:
                logger.warning("upload %s was not renewed: %s", upload, error.message)
