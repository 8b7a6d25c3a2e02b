from gateway.cache.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.enter()
        breaker.fail()
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = broken(Clock())
    assert breaker.is_open
    assert not breaker.enter()


def test_a_success_between_failures_keeps_it_shut() -> None:
    breaker = Breaker(Clock())
    for _ in range(5 * FAILURES):
        breaker.fail()
        breaker.succeed()
    assert breaker.enter()


def test_after_the_pause_one_may_try() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += FIRST_PAUSE
    assert breaker.enter()
    assert not breaker.enter()
    breaker.succeed()
    assert breaker.enter()
    assert breaker.enter()


def test_the_pause_grows_up_to_its_bound() -> None:
    clock = Clock()
    breaker = broken(clock)
    pauses = []
    for _ in range(12):
        start = clock.now
        while not breaker.enter():
            clock.now += 0.25
        pauses.append(clock.now - start)
        breaker.fail()
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
