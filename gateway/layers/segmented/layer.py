"""The segment uploader: large bodies go to the store inside as parallel segments, and become an object at last."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from gateway.core import ops
from gateway.core.body import BLOCK, Body, CheckedBody, ReadyBody, Salvage, StreamBody, checked
from gateway.core.capabilities.objects import Append
from gateway.core.capabilities.segments import Keeping, Segments
from gateway.core.conditions import ANY, When, check_write
from gateway.core.digest import Algorithm
from gateway.core.errors import IncompleteBody, NoSuchKey, StoreError, TooLarge, Unsupported
from gateway.core.kept import first_of
from gateway.core.locks import unlocked
from gateway.core.names import checked_key
from gateway.core.segments import Base, Kept, SegmentRules
from gateway.core.store import Caps, Store
from gateway.core.tasks import Turns, beside, wholly
from gateway.core.types import Copy, Key, Meta, Put
from gateway.layers.layer import Layer
from gateway.layers.segmented.intake import Intake, segment_size
from gateway.layers.segmented.sending import Sending
from gateway.layers.segmented.settings import SegmentSettings
from gateway.layers.segmented.spool import Budget, Spool
from gateway.layers.segmented.sweep import ROUNDS, drop, keep_sweeping

SMALL = 2 * BLOCK
"""Bodies that are known to be of so many bytes at most go to the store as they are."""

logger = logging.getLogger("portico.segmented")


class Segmented(Layer):
    """Around a store with `capabilities.Segments`. The old object is served until the new one is whole.

    What fits one segment is put as one object, once it has come in; what does not is put in segments while it comes.
    Each lies ready before it is sent, so that sending can be repeated. Appends put segments behind what stands. Of a
    body that breaks, what makes whole segments is kept where that is wished (`Put.keep`), until it is swept.
    """

    def __init__(self, inner: Store, settings: SegmentSettings, budget: Budget | None = None) -> None:
        """`budget`: shared with other stores; without it, one of the settings' size."""
        super().__init__(inner)
        self._settings = settings
        self._segments: Segments = self._native(Segments)
        self._budget = Budget(settings.segment_buffer) if budget is None else budget
        self._turns = Turns()
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def caps(self) -> Caps:  # type: ignore[override]
        return replace(self.inner.caps, keeps=True)

    def offers(self, capability: type) -> bool:
        return capability in (Append, Keeping) or super().offers(capability)

    async def start(self) -> None:
        await self.inner.start()
        self._sweeping = asyncio.create_task(
            keep_sweeping(self.inner, self._segments, self._settings.segment_grace), name="sweep of segments"
        )

    async def aclose(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.wait((self._sweeping,))
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
        rest = Salvage(body) if opts.keep and base is None else None
        stage = checked(rest or body, every if rules.whole else ())
        async with aclosing(stage.chunks()) as blocks:
            with Intake(blocks, self._spool, {Algorithm.MD5} if rules.whole else every) as intake:
                first = await intake.take(self._size(rules, 1, body.size))
                if base is not None and not base.inside:
                    if base.meta is not None and not first.count:
                        return base.meta
                elif not await intake.more() and (rest is None or rest.error is None):
                    ready = ReadyBody(first, first.count, {**first.digests, **stage.digests})
                    return await self._put_ready(key, ready, opts, base)
                if rest is not None and rest.error is not None and not _is_worth(first, rules):
                    raise rest.error
                return await self._put_segments(key, intake, first, stage, opts, base, rest)

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
        self,
        key: Key,
        intake: Intake,
        first: ReadyBody,
        stage: CheckedBody,
        opts: Put,
        base: Base | None,
        rest: Salvage | None,
    ) -> Meta:
        segments = self._segments
        upload = await wholly(segments.begin_segments(key, opts, base), lambda upload: drop(segments, key, upload))
        sending: Sending | None = None
        try:
            rules = await segments.segment_rules(key)  # a store may have learnt more by beginning
            sending = Sending(segments, key, upload, lambda number: self._size(rules, number, stage.size))
            await self._send(key, upload, sending, intake, first, rules, rest)
        except BaseException:
            await wholly(drop(segments, key, upload, sending.begun if sending else 0))
            raise
        if rest is not None and rest.error is not None:
            await wholly(self._keep(key, upload, sending, opts.keep, rest.error))
            raise rest.error
        return await wholly(segments.join_segments(key, upload, sending.parts, opts, stage.digests, base))

    async def _send(
        self,
        key: Key,
        upload: str,
        sending: Sending,
        intake: Intake,
        first: ReadyBody | None,
        rules: SegmentRules,
        rest: Salvage | None,
    ) -> None:
        def takes(segment: ReadyBody) -> bool:
            return rest is None or rest.error is None or _is_worth(segment, rules)

        async with beside(self._keep_renewing(key, upload)):
            await sending.send(intake, first, takes, self._settings.segment_parallelism)

    async def _keep(self, key: Key, upload: str, sending: Sending, label: str, error: IncompleteBody) -> None:
        """Keep what was sent of a body that broke by `error`, if that can be done."""
        try:
            await self._segments.keep_segments(key, upload, label, sending.parts)
        except StoreError as failure:
            logger.info("a broken upload is not kept: %s", failure.message)
            await drop(self._segments, key, upload, sending.begun)
        else:
            error.kept = upload

    async def kept_uploads(self, bucket: str) -> Sequence[Kept]:
        """`capabilities.Keeping`, as the three that follow."""
        return await self._segments.kept_segments(bucket)

    async def kept_size(self, key: Key, upload: str) -> int:
        return sum(part.size for part in await self._segments.segments_of(key, upload))

    async def resume_kept(self, kept: Kept, body: Body, opts: Put, base: Base) -> Meta:
        """What breaks in any other way than by its body leaves what was kept before."""
        key, segments = kept.key, self._segments
        rules = await segments.segment_rules(key)
        check_write(base.when, await self._standing(key))
        behind = first_of(await segments.segments_of(key, kept.id), kept.size)
        await segments.renew_segments(key, kept.id)
        rest = Salvage(body)
        stage = checked(rest, ())
        sending = Sending(segments, key, kept.id, lambda number: self._size(rules, number, None), behind)
        async with aclosing(stage.chunks()) as blocks:
            with Intake(blocks, self._spool, {Algorithm.MD5}) as intake:
                await self._send(key, kept.id, sending, intake, await sending.take(intake), rules, rest)
        if rest.error is not None:
            await wholly(self._keep(key, kept.id, sending, opts.keep, rest.error))
            raise rest.error
        return await wholly(segments.join_segments(key, kept.id, sending.parts, opts, {}, base))

    async def drop_kept(self, key: Key, upload: str) -> None:
        await drop(self._segments, key, upload)

    async def _keep_renewing(self, key: Key, upload: str) -> None:
        while True:
            await asyncio.sleep(self._settings.segment_grace / ROUNDS)
            try:
                await self._segments.renew_segments(key, upload)
            except StoreError as error:
                logger.warning("upload %s was not renewed: %s", upload, error.message)


def _is_worth(segment: ReadyBody, rules: SegmentRules) -> bool:
    """Whether the last segment of a body that broke can be kept: others are to stand behind it."""
    return segment.count >= max(rules.smallest, 1)
