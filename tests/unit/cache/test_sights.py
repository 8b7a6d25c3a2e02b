from gateway.cache import sights
from gateway.cache.sights import Sights

GROUP = ("default", "bucket")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_a_look_serves_whoever_began_before_it() -> None:
    seen = Sights(clock := Clock())
    began = clock()
    asked = seen.now()
    assert seen.find(GROUP, began) is None
    seen.saw(GROUP, asked, b"one")
    assert seen.find(GROUP, began) == b"one"
    assert seen.find(GROUP, clock()) is None
    assert seen.find(GROUP, float("inf")) is None


def test_a_look_that_began_earlier_and_ended_later_tells_nothing() -> None:
    seen = Sights(clock := Clock())
    began, slow, quick = clock(), seen.now(), seen.now()
    seen.saw(GROUP, quick, b"new")
    seen.saw(GROUP, slow, b"old")
    assert seen.find(GROUP, began) == b"new"


def test_what_was_seen_before_a_write_of_ones_own_is_not_used_after_it() -> None:
    seen = Sights(clock := Clock())
    began, asked = clock(), seen.now()
    seen.saw(GROUP, asked, b"old")
    late = seen.now()
    seen.wrote(GROUP)
    assert seen.find(GROUP, began) is None
    seen.saw(GROUP, late, b"old")
    assert seen.find(GROUP, began) is None
    seen.saw(GROUP, seen.now(), b"new")
    assert seen.find(GROUP, began) == b"new"


def test_groups_are_bounded_and_no_write_is_forgotten_over_that() -> None:
    seen = Sights(clock := Clock())
    began, late = clock(), seen.now()
    seen.wrote(GROUP)
    for number in range(sights.MAX_GROUPS):
        seen.saw(("default", str(number)), seen.now(), b"any")
    assert seen.find(("default", str(number)), began) == b"any"
    assert seen.find(("default", "0"), began) is None
    seen.saw(GROUP, late, b"old")
    assert seen.find(GROUP, began) is None
