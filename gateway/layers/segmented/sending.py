"""Segments on their way to the store, several at once."""

from collections.abc import Callable, Sequence

from gateway.core.body import ReadyBody
from gateway.core.capabilities.segments import Segments
from gateway.core.tasks import Flight
from gateway.core.types import Key
from gateway.core.uploads import Part
from gateway.layers.segmented.intake import Intake


class Sending:
    """The segments of one upload, behind those that lie in the store already. `size_of`: bytes of a segment, by number.

    `begun`: the number of the last one that may lie there.
    """

    def __init__(
        self, segments: Segments, key: Key, upload: str, size_of: Callable[[int], int], behind: Sequence[Part] = ()
    ) -> None:
        self._segments = segments
        self._key = key
        self._upload = upload
        self._size_of = size_of
        self._sent = dict(enumerate(behind, 1))
        self.begun = len(behind)

    async def send(
        self, intake: Intake, segment: ReadyBody | None, takes: Callable[[ReadyBody], bool], most: int
    ) -> None:
        """Send `segment` and all that is left of the stream, up to `most` at once. Raises what stream and store do.

        A segment that `takes` refuses is the last, and is left out.
        """
        async with Flight(most) as flight:
            while segment is not None and takes(segment):
                self.begun += 1
                await flight.launch(self._put(intake, self.begun, segment))
                segment = await self.take(intake)

    async def take(self, intake: Intake) -> ReadyBody | None:
        """The next segment of the stream, or None at its end."""
        return await intake.take(self._size_of(self.begun + 1)) if await intake.more() else None

    async def _put(self, intake: Intake, number: int, segment: ReadyBody) -> None:
        self._sent[number] = await self._segments.put_segment(self._key, self._upload, number, segment)
        intake.free(segment)

    @property
    def parts(self) -> list[Part]:
        """All segments, once they are sent."""
        return [self._sent[number] for number in sorted(self._sent)]
