import gc

from gateway.frontends.ftp.rates import BURST, Limits, Rate, Rates


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_lets_a_burst_through_and_then_so_much_a_second() -> None:
    clock = Clock()
    rate = Rate(1000, clock)
    assert rate.take(int(1000 * BURST)) == 0
    assert rate.take(500) == 0.5
    assert rate.take(500) == 1
    clock.now += 1
    assert rate.take(1000) == 1


def test_a_pause_is_worth_one_burst_at_most() -> None:
    clock = Clock()
    rate = Rate(1000, clock)
    clock.now += 1000
    assert rate.take(1000) == 1 - BURST


def test_sessions_share_the_rates_of_their_user_and_their_address() -> None:
    rates = Rates(Limits(upload=7), Limits(download=5))
    one, two = rates.pace("t:u", Limits(3, 4), "192.0.2.1"), rates.pace("t:u", Limits(3, 4), "192.0.2.2")
    assert [rate.limit for rate in one.uploads] == [7, 3]
    assert [rate.limit for rate in one.downloads] == [5, 4]
    assert [mine is yours for mine, yours in zip(one.uploads, two.uploads, strict=True)] == [True, True]
    assert [mine is yours for mine, yours in zip(one.downloads, two.downloads, strict=True)] == [False, True]


def test_rates_that_nobody_keeps_are_forgotten() -> None:
    rates = Rates(Limits(), Limits(upload=1))
    for number in range(100):
        rates.pace("t:u", Limits(), number)
    gc.collect()
    kept = rates.pace("t:u", Limits(), "x")
    assert len(rates._known) == len(kept.uploads) == 1
