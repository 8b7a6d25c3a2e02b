"""Whether a history of one key can be explained by a register that does one write after the other.

Writes are linearizable: each takes effect at one moment between its begin and its end. A read that begins after a write
was acknowledged never sees what stood before it. Beside a write that is still under way a read may see either state,
and another one later the older: the cache is told of a write after its commit. (Lamport calls such a register regular.)

Source: Wing and Gong, "Testing and Verifying Concurrent Objects", 1993, with the states visited remembered, as Lowe
has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf


@dataclass(frozen=True, slots=True)
class Event:
    """An operation on a key, from `begin` to `end` by one clock. `value`: what was written or seen; None: nothing.

    A write that failed may take place at any time after its begin, or never: it has no end, and is not `needed`.
    """

    begin: float
    end: float
    write: bool
    value: int | None
    told: str = ""
    needed: bool = True


def failed(begin: float, value: int | None, told: str = "") -> Event:
    """A write that nobody knows the outcome of."""
    return Event(begin, inf, True, value, told, needed=False)


def is_explained(events: Sequence[Event], value: int | None = None) -> bool:
    """Whether there is an order of the writes by which every read sees what it may; `value` stands before the first."""
    history = sorted(events, key=lambda event: event.begin)
    needed = sum(1 << place for place, event in enumerate(history) if event.needed)
    seen: set[tuple[int, int | None]] = set()
    open_states = [(0, value)]
    while open_states:
        done, now = open_states.pop()
        done |= sum(1 << place for place in _reads(history, done) if history[place].value == now)
        if done & needed == needed:
            return True
        if (done, now) in seen:
            continue
        seen.add((done, now))
        open_states += [(done | 1 << place, history[place].value) for place in _writes(history, done)]
    return False


def _reads(history: Sequence[Event], done: int) -> list[int]:
    """What may be read now: all that began before any write that is left has ended."""
    return _begun(history, done, write=False, before=_first_end(history, done, writes_only=True))


def _writes(history: Sequence[Event], done: int) -> list[int]:
    """What may be written now: all that began before anything that is left has ended."""
    return _begun(history, done, write=True, before=_first_end(history, done, writes_only=False))


def _begun(history: Sequence[Event], done: int, *, write: bool, before: float) -> list[int]:
    return [
        place
        for place, event in enumerate(history)
        if event.write is write and event.begin <= before and not done >> place & 1
    ]


def _first_end(history: Sequence[Event], done: int, *, writes_only: bool) -> float:
    ends = (
        event.end for place, event in enumerate(history) if not done >> place & 1 and (event.write or not writes_only)
    )
    return min(ends, default=inf)


def unexplained(events: Sequence[Event]) -> Sequence[Event]:
    """The history up to and with the first operation that ends and can't be explained; nothing: all of it can."""
    ended = sorted(events, key=lambda event: event.end)
    low, high = 0, len(ended)
    if is_explained(events):
        return ()
    while high - low > 1:
        middle = (low + high) // 2
        begun = [event for event in events if event.write and event.begin < ended[middle - 1].end]
        beyond = [replace(event, needed=False) for event in begun if event.end > ended[middle - 1].end]
        if is_explained([*ended[:middle], *beyond]):
            low = middle
        else:
            high = middle
    return ended[:high]
